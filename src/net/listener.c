// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address_priv.h"
#include "loop_priv.h"
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"

/*
 * A name may have several addresses ("localhost", "*"): there is one socket for each, all on one
 * port. An address family that this machine does not have is passed over.
 */
#define LISTENER_MAGIC 0x4C53544EU
#define SOCKETS_MAX    8
#define ACCEPTS_MAX    64 /* per readiness: others shall have their turn */
#define REST_MS        100

struct socket {
    struct pgr_listener *listener;
    struct pgr_poll *poll;
    int fd;
};

struct pgr_listener {
    uint32_t magic;
    bool is_gone;
    struct pgr_owner owner;
    struct pgr_loop *loop;
    pgr_accept_fn *fn;
    void *arg;
    struct pgr_timer *rest;
    struct pgr_task burial;
    uint16_t port;
    char *unix_path; /* to be unlinked, if it is still the file we made */
    dev_t device;
    ino_t inode;
    size_t count;
    struct socket sockets[SOCKETS_MAX];
};

/* ---- accepting ---- */

static void watch_all(struct pgr_listener *l, int events)
{
    for (size_t i = 0; i < l->count; i++)
        pgr_poll_want(l->sockets[i].poll, events);
}

static void on_rested(void *arg)
{
    struct pgr_listener *l = arg;
    PGR_CHECK(l, LISTENER_MAGIC);
    watch_all(l, PGR_POLL_READ);
}

/* Out of descriptors or memory: the connection stays in the backlog, and readiness would spin. */
static void rest(struct pgr_listener *l, int err)
{
    pgr_log(PGR_LOG_WARNING, "accept_failed", pgr_f_str("error", strerror(err)),
            pgr_f_int("retry_ms", REST_MS));
    watch_all(l, 0);
    pgr_timer_start(l->rest, REST_MS, 0);
}

static bool is_exhaustion(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void on_acceptable(void *arg, int events)
{
    struct socket *socket = arg;
    struct pgr_listener *l = socket->listener;
    PGR_CHECK(l, LISTENER_MAGIC);
    PGR_UNUSED(events);
    for (int i = 0; i < ACCEPTS_MAX && !l->is_gone; i++) {
        int fd = accept4(socket->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            pgr_socket_tune(fd);
            l->fn(l->arg, fd);
            continue;
        }
        if (is_exhaustion(errno))
            rest(l, errno);
        if (errno == EAGAIN || is_exhaustion(errno))
            return;
        /* Anything else belongs to a connection that died in the backlog. */
    }
}

/* ---- binding ---- */

static int set_on(int fd, int level, int name)
{
    int on = 1;
    return setsockopt(fd, level, name, &on, sizeof(on));
}

/* Returns a listening descriptor, or -1 with errno. */
static int open_socket(const struct pgr_address *address)
{
    const struct sockaddr *addr = (const struct sockaddr *)&address->any;
    int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    bool is_set = addr->sa_family == AF_UNIX || set_on(fd, SOL_SOCKET, SO_REUSEADDR) == 0;
    if (addr->sa_family == AF_INET6)
        is_set = is_set && set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
    if (is_set && bind(fd, addr, address->len) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

static enum pgr_err add_socket(struct pgr_listener *l, const struct pgr_address *address)
{
    int fd = open_socket(address);
    if (fd < 0)
        return PGR_ERR_IO;
    struct socket *socket = &l->sockets[l->count];
    socket->poll = pgr_poll_create(l->loop, fd, on_acceptable, socket);
    if (socket->poll == NULL) {
        close(fd);
        errno = EBADF;
        return PGR_ERR_IO;
    }
    socket->listener = l;
    socket->fd = fd;
    l->count++;
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof(bound);
    if (l->port == 0 && getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
        l->port = pgr_address_port((struct sockaddr *)&bound);
    return PGR_OK;
}

static bool is_absent_family(int err)
{
    return err == EAFNOSUPPORT || err == EADDRNOTAVAIL || err == EPROTONOSUPPORT;
}

static enum pgr_err explain(const struct pgr_address *address, int err, char *text, size_t text_cap)
{
    char where[PGR_ADDRESS_TEXT];
    pgr_address_text((const struct sockaddr *)&address->any, where, sizeof(where));
    snprintf(text, text_cap, "%s: %s", where, strerror(err));
    return PGR_ERR_IO;
}

static enum pgr_err bind_all(struct pgr_listener *l, struct pgr_address *addresses, size_t count,
                             char *text, size_t text_cap)
{
    enum pgr_err err = PGR_ERR_IO;
    for (size_t i = 0; i < count; i++) {
        pgr_address_set_port((struct sockaddr *)&addresses[i].any, l->port);
        if (add_socket(l, &addresses[i]) == PGR_OK) {
            err = PGR_OK;
            continue;
        }
        int why = errno;
        if (l->count > 0 && is_absent_family(why))
            continue;
        err = explain(&addresses[i], why, text, text_cap);
        if (!is_absent_family(why))
            return err;
    }
    return err;
}

static enum pgr_err open_tcp(struct pgr_listener *l, const char *host, char *text, size_t text_cap)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    struct pgr_address addresses[SOCKETS_MAX];
    const char *node = pgr_str_eq(host, "*") ? NULL : host;
    int rc = getaddrinfo(node, "0", &hints, &list);
    if (rc != 0) {
        snprintf(text, text_cap, "%s:%u: %s", host, (unsigned)l->port, gai_strerror(rc));
        return PGR_ERR_IO;
    }
    size_t count = pgr_address_copy(addresses, SOCKETS_MAX, list);
    freeaddrinfo(list);
    return bind_all(l, addresses, count, text, text_cap);
}

/* ---- unix sockets ---- */

/* A socket file that nobody listens on is what a killed process left behind. */
static bool is_stale(const char *path, const struct pgr_address *address)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_refused = connect(fd, (const struct sockaddr *)&address->any, address->len) != 0 &&
                      errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

static enum pgr_err open_unix(struct pgr_listener *l, const char *path, char *text, size_t text_cap)
{
    struct pgr_address address;
    struct stat st;
    if (pgr_address_unix(&address, path) != PGR_OK) {
        snprintf(text, text_cap, "%s: %s", path, strerror(ENAMETOOLONG));
        return PGR_ERR_INVALID;
    }
    if (is_stale(path, &address))
        unlink(path);
    if (add_socket(l, &address) != PGR_OK) {
        snprintf(text, text_cap, "%s: %s", path, strerror(errno));
        return PGR_ERR_IO;
    }
    l->unix_path = pgr_strdup(path);
    if (lstat(path, &st) == 0) {
        l->device = st.st_dev;
        l->inode = st.st_ino;
    }
    if (chmod(path, 0777) != 0) {
        snprintf(text, text_cap, "%s: %s", path, strerror(errno));
        return PGR_ERR_IO;
    }
    return PGR_OK;
}

static void unlink_ours(struct pgr_listener *l)
{
    struct stat st;
    if (l->unix_path == NULL || lstat(l->unix_path, &st) != 0)
        return;
    if (st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->unix_path);
}

/* ---- the interface ---- */

static void close_owned(struct pgr_owner *owner)
{
    struct pgr_listener *l = pgr_container_of(owner, struct pgr_listener, owner);
    l->is_gone = true;
    pgr_list_remove(&owner->node);
    unlink_ours(l);
    for (size_t i = 0; i < l->count; i++) {
        pgr_poll_close(&l->sockets[i].poll);
        close(l->sockets[i].fd);
    }
    pgr_timer_close(&l->rest);
    pgr_free(l->unix_path);
    pgr_loop_free_later(l->loop, &l->burial, l);
}

enum pgr_err pgr_listener_open(struct pgr_loop *loop, const struct pgr_endpoint *endpoint,
                               pgr_accept_fn *fn, void *arg, struct pgr_listener **out, char *text,
                               size_t text_cap)
{
    struct pgr_listener *l = pgr_new(struct pgr_listener);
    l->magic = LISTENER_MAGIC;
    l->loop = loop;
    l->fn = fn;
    l->arg = arg;
    l->rest = pgr_timer_create(loop, on_rested, l);
    l->owner.close = close_owned;
    pgr_task_init(&l->burial, pgr_free, l);
    pgr_list_push_back(&loop->owners, &l->owner.node);
    if (endpoint->unix_path == NULL)
        l->port = endpoint->port;
    enum pgr_err err = endpoint->unix_path ? open_unix(l, endpoint->unix_path, text, text_cap)
                                           : open_tcp(l, endpoint->host, text, text_cap);
    if (err != PGR_OK) {
        close_owned(&l->owner);
        return err;
    }
    watch_all(l, PGR_POLL_READ);
    *out = l;
    return PGR_OK;
}

uint16_t pgr_listener_port(const struct pgr_listener *listener)
{
    return listener->port;
}

void pgr_listener_close(struct pgr_listener **taken)
{
    struct pgr_listener *l = *taken;
    *taken = NULL;
    if (l == NULL)
        return;
    PGR_CHECK(l, LISTENER_MAGIC);
    close_owned(&l->owner);
}
