// SPDX-License-Identifier: PostgreSQL
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "stream_priv.h"

/*
 * One attempt after the other; each gets an equal share of the time that is left, so that a first
 * address that swallows packets does not cost the second its chance. Names are resolved on
 * libuv's threads, addresses at once.
 */
#define CONNECT_MAGIC 0x434F4E4EU
#define ADDRESSES_MAX 16

struct resolve {
    uv_getaddrinfo_t request;
    struct pgr_connect *connect; /* NULL: nobody waits any more */
};

struct pgr_connect {
    uint32_t magic;
    struct pgr_stream *stream;
    struct pgr_loop *loop;
    pgr_stream_connected_fn *on_connected;
    char *host;
    char *unix_path;
    uint16_t port;

    struct resolve *resolve;
    struct pgr_address addresses[ADDRESSES_MAX];
    size_t count;
    size_t next;

    int fd; /* of the running attempt, or -1 */
    struct pgr_poll *poll;
    struct pgr_timer *timer;
    struct pgr_task begin;
    struct pgr_task burial;
    uint64_t deadline_us;
    int err;
    char text[512];
};

/* ---- ends ---- */

static void drop_attempt(struct pgr_connect *c)
{
    pgr_poll_close(&c->poll);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void drop_resolve(struct pgr_connect *c)
{
    if (c->resolve == NULL)
        return;
    c->resolve->connect = NULL;
    uv_cancel((uv_req_t *)&c->resolve->request); /* its callback frees it in any case */
    c->resolve = NULL;
}

void pgr_connect_cancel(struct pgr_connect *c)
{
    PGR_CHECK(c, CONNECT_MAGIC);
    c->stream->connect = NULL;
    drop_attempt(c);
    drop_resolve(c);
    pgr_timer_close(&c->timer);
    pgr_task_cancel(&c->begin);
    pgr_free(c->host);
    pgr_free(c->unix_path);
    c->host = c->unix_path = NULL;
    pgr_loop_free_later(c->loop, &c->burial, c);
}

/* What the text says stays readable in the callback: c is freed at the end of the turn. */
static void fail(struct pgr_connect *c)
{
    struct pgr_stream *stream = c->stream;
    pgr_connect_cancel(c);
    stream->state = PGR_STREAM_ENDED;
    c->on_connected(stream->arg, c->err, c->text);
}

static void succeed(struct pgr_connect *c)
{
    struct pgr_stream *stream = c->stream;
    int fd = c->fd;
    pgr_poll_close(&c->poll);
    c->fd = -1;
    pgr_connect_cancel(c);
    pgr_socket_tune(fd);
    int err = pgr_stream_start(stream, fd);
    if (err != 0) {
        stream->state = PGR_STREAM_ENDED;
        snprintf(c->text, sizeof(c->text), "the connected socket cannot be watched: %s",
                 strerror(err));
    } else {
        c->text[0] = '\0';
    }
    c->on_connected(stream->arg, err, c->text);
}

/* ---- what went wrong, in the words of libpq ---- */

static void note_failure(struct pgr_connect *c, const struct pgr_address *address, int err)
{
    const char *why = err == ETIMEDOUT ? "timeout expired" : strerror(err);
    c->err = err;
    if (c->unix_path != NULL) {
        snprintf(c->text, sizeof(c->text), "connection to server on socket \"%s\" failed: %s",
                 c->unix_path, why);
        return;
    }
    char number[PGR_ADDRESS_TEXT];
    pgr_address_host_text((const struct sockaddr *)&address->any, number, sizeof(number));
    bool is_name = !pgr_str_eq(number, c->host);
    snprintf(c->text, sizeof(c->text), "connection to server at \"%s\"%s%s%s, port %u failed: %s",
             c->host, is_name ? " (" : "", is_name ? number : "", is_name ? ")" : "",
             (unsigned)c->port, why);
}

static void note_unresolved(struct pgr_connect *c, const char *why)
{
    c->err = EHOSTUNREACH;
    snprintf(c->text, sizeof(c->text), "could not translate host name \"%s\" to address: %s",
             c->host, why);
}

/* ---- attempts ---- */

static void try_next(struct pgr_connect *c);

static void on_attempt_ready(void *arg, int events)
{
    struct pgr_connect *c = arg;
    PGR_CHECK(c, CONNECT_MAGIC);
    PGR_UNUSED(events);
    int err = 0;
    socklen_t len = sizeof(err);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        err = errno;
    if (err == 0) {
        succeed(c);
        return;
    }
    note_failure(c, &c->addresses[c->next - 1], err);
    drop_attempt(c);
    try_next(c);
}

static uint64_t share_of_time_ms(struct pgr_connect *c)
{
    uint64_t now_us = pgr_loop_clock_us(c->loop);
    uint64_t left_ms = now_us < c->deadline_us ? (c->deadline_us - now_us) / 1000 : 0;
    return left_ms / (c->count - c->next + 1); /* `next` is already past the one being tried */
}

/* Returns 0 when connected, EINPROGRESS while waiting, else why not. */
static int begin_attempt(struct pgr_connect *c, const struct pgr_address *address)
{
    const struct sockaddr *addr = (const struct sockaddr *)&address->any;
    c->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return errno;
    if (connect(c->fd, addr, address->len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    c->poll = pgr_poll_create(c->loop, c->fd, on_attempt_ready, c);
    if (c->poll == NULL)
        return EBADF;
    pgr_poll_want(c->poll, PGR_POLL_WRITE);
    pgr_timer_start(c->timer, share_of_time_ms(c), 0);
    return EINPROGRESS;
}

static void try_next(struct pgr_connect *c)
{
    while (c->next < c->count) {
        const struct pgr_address *address = &c->addresses[c->next++];
        int err = begin_attempt(c, address);
        if (err == 0) {
            succeed(c);
            return;
        }
        if (err == EINPROGRESS)
            return;
        note_failure(c, address, err);
        drop_attempt(c);
    }
    fail(c);
}

/* ---- names ---- */

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct resolve *resolve = request->data;
    struct pgr_connect *c = resolve->connect;
    pgr_free(resolve);
    if (c != NULL) {
        PGR_CHECK(c, CONNECT_MAGIC);
        c->resolve = NULL;
        c->count = pgr_address_copy(c->addresses, ADDRESSES_MAX, list);
        note_unresolved(c, status < 0 ? uv_strerror(status) : "no address");
        try_next(c);
    }
    uv_freeaddrinfo(list);
}

static const struct addrinfo stream_hints = {.ai_socktype = SOCK_STREAM};

static int resolve_name(struct pgr_connect *c, const char *service)
{
    struct resolve *resolve = pgr_new(struct resolve);
    resolve->request.data = resolve;
    resolve->connect = c;
    int rc = uv_getaddrinfo(&c->loop->uv, &resolve->request, on_resolved, c->host, service,
                            &stream_hints);
    if (rc < 0) {
        pgr_free(resolve);
        return rc;
    }
    c->resolve = resolve;
    return 0;
}

static bool is_number(struct pgr_connect *c, const char *service)
{
    struct addrinfo hints = stream_hints;
    struct addrinfo *list = NULL;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(c->host, service, &hints, &list) != 0)
        return false;
    c->count = pgr_address_copy(c->addresses, ADDRESSES_MAX, list);
    freeaddrinfo(list);
    return c->count > 0;
}

static void on_begin(void *arg)
{
    struct pgr_connect *c = arg;
    PGR_CHECK(c, CONNECT_MAGIC);
    char service[8];
    snprintf(service, sizeof(service), "%u", (unsigned)c->port);
    if (c->unix_path != NULL) {
        c->count = pgr_address_unix(&c->addresses[0], c->unix_path) == PGR_OK;
        if (c->count == 0)
            note_failure(c, NULL, ENAMETOOLONG);
        try_next(c);
        return;
    }
    if (is_number(c, service)) {
        try_next(c);
        return;
    }
    int rc = resolve_name(c, service);
    if (rc < 0) {
        note_unresolved(c, uv_strerror(rc));
        fail(c);
    }
}

static void on_timeout(void *arg)
{
    struct pgr_connect *c = arg;
    PGR_CHECK(c, CONNECT_MAGIC);
    if (c->fd < 0) {
        note_unresolved(c, "timeout expired");
        c->err = ETIMEDOUT;
        drop_resolve(c);
    } else {
        note_failure(c, &c->addresses[c->next - 1], ETIMEDOUT);
        drop_attempt(c);
    }
    try_next(c);
}

struct pgr_stream *pgr_stream_connect(struct pgr_loop *loop, const struct pgr_endpoint *endpoint,
                                      uint64_t timeout_ms, const struct pgr_stream_events *events,
                                      pgr_stream_connected_fn *on_connected, void *arg)
{
    PGR_ASSERT((endpoint->host != NULL) != (endpoint->unix_path != NULL));
    struct pgr_connect *c = pgr_new(struct pgr_connect);
    c->magic = CONNECT_MAGIC;
    c->loop = loop;
    c->stream = pgr_stream_new(loop, events, arg);
    c->stream->connect = c;
    c->on_connected = on_connected;
    c->host = pgr_strdup(endpoint->host);
    c->unix_path = pgr_strdup(endpoint->unix_path);
    c->port = endpoint->port;
    c->fd = -1;
    c->timer = pgr_timer_create(loop, on_timeout, c);
    c->deadline_us = pgr_loop_clock_us(loop) + timeout_ms * 1000;
    pgr_task_init(&c->begin, on_begin, c);
    pgr_task_init(&c->burial, pgr_free, c);
    pgr_timer_start(c->timer, timeout_ms, 0);
    pgr_loop_later(loop, &c->begin);
    return c->stream;
}
