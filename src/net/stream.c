// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/net/stream.h"

#include <errno.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "stream_priv.h"

/*
 * Sockets are read and written here, libuv only says when: one recv() per readiness, and one
 * sendmsg() for all that a turn of the loop has written.
 *
 * What is watched is corrected lazily when reading is not wanted for a while: a session that
 * pauses and resumes within the time in which nothing arrives costs no system call.
 *
 * Any callback may close the stream. Its memory then outlives the turn, and the code after each
 * callback looks at `state` before anything else.
 */
#define STREAM_MAGIC     0x5354524DU
#define VECTOR_MAX       64
#define FLUSH_TIMEOUT_MS 5000

/* ---- what is watched ---- */

static int desired_events(const struct pgr_stream *s)
{
    bool is_reading = s->state == PGR_STREAM_OPEN && !s->is_paused && pgr_input_has_room(&s->input);
    bool is_draining = s->state == PGR_STREAM_LINGERING && !s->is_eof;
    int events = is_reading || is_draining ? PGR_POLL_READ : 0;
    return s->is_blocked ? events | PGR_POLL_WRITE : events;
}

static void watch_exactly(struct pgr_stream *s)
{
    int events = desired_events(s);
    if (s->poll == NULL || events == s->watched)
        return;
    s->watched = events;
    pgr_poll_want(s->poll, events);
}

static void watch_lazily(struct pgr_stream *s)
{
    bool is_only_less_reading = (desired_events(s) | PGR_POLL_READ) == s->watched;
    if (!is_only_less_reading)
        watch_exactly(s);
}

/* ---- birth and end ---- */

static void close_now(struct pgr_stream *s)
{
    s->state = PGR_STREAM_GONE;
    pgr_list_remove(&s->owner.node);
    pgr_task_cancel(&s->report);
    pgr_task_cancel(&s->flush);
    if (s->connect != NULL)
        pgr_connect_cancel(s->connect);
    pgr_timer_close(&s->linger);
    pgr_poll_close(&s->poll);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    pgr_output_clear(&s->output);
    pgr_input_fini(&s->input);
    pgr_loop_free_later(s->loop, &s->burial, s);
}

static void close_owned(struct pgr_owner *owner)
{
    close_now(pgr_container_of(owner, struct pgr_stream, owner));
}

/* Tells the owner, once. After EOF what was written before may still leave. */
static void end(struct pgr_stream *s, int err)
{
    s->state = PGR_STREAM_ENDED;
    if (err != 0) {
        pgr_output_clear(&s->output);
        s->is_blocked = false;
    }
    watch_exactly(s);
    s->events->on_closed(s->arg, err);
}

static void drop_output(struct pgr_stream *s, int err)
{
    if (s->write_error == 0)
        s->write_error = err;
    s->is_blocked = false;
    pgr_output_clear(&s->output);
}

/* ---- reading ---- */

static void take_input(struct pgr_stream *s, size_t len)
{
    pgr_input_commit(&s->input, len);
    s->events->on_input(s->arg);
    /* Closing in the callback left nothing to settle. */
    if (pgr_input_settle(&s->input) != PGR_OK)
        end(s, ENOMEM);
}

static ssize_t receive(int fd, void *at, size_t len)
{
    ssize_t n;
    do {
        n = recv(fd, at, len, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
}

static void read_once(struct pgr_stream *s)
{
    uint8_t *at;
    size_t len;
    if (pgr_input_room(&s->input, s->loop->scratch, &at, &len) != PGR_OK) {
        end(s, ENOMEM);
        return;
    }
    ssize_t n = receive(s->fd, at, len);
    int err = n < 0 ? errno : 0;
    if (n > 0) {
        take_input(s, (size_t)n);
        return;
    }
    pgr_input_commit(&s->input, 0);
    if (err == EAGAIN && s->write_error == 0)
        return;
    s->is_eof = true;
    end(s, s->write_error ? s->write_error : err);
}

/* ---- writing ---- */

static ssize_t send_front(struct pgr_stream *s)
{
    struct iovec vector[VECTOR_MAX];
    struct msghdr message = {.msg_iov = vector};
    message.msg_iovlen = pgr_output_vector(&s->output, vector, VECTOR_MAX);
    ssize_t n;
    do {
        n = sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* Until all is out or the kernel's buffer is full. */
static void send_all(struct pgr_stream *s)
{
    s->is_blocked = false;
    while (s->output.pending > 0 && !s->is_blocked) {
        ssize_t n = send_front(s);
        if (n >= 0)
            pgr_output_consume(&s->output, (size_t)n, &s->loop->spare_chunk);
        else if (errno == EAGAIN)
            s->is_blocked = true;
        else
            drop_output(s, errno);
    }
}

static void tell_drained(struct pgr_stream *s)
{
    if (!s->is_over_high || s->output.pending >= PGR_STREAM_LOW)
        return;
    s->is_over_high = false;
    if (s->state == PGR_STREAM_OPEN)
        s->events->on_drained(s->arg);
}

/* Nothing of the owner's is left to be done: the peer gets EOF, and its own is awaited. */
static void linger_on(struct pgr_stream *s)
{
    if (s->output.pending > 0) {
        watch_exactly(s);
        return;
    }
    if (s->is_eof || s->write_error != 0) {
        close_now(s);
        return;
    }
    shutdown(s->fd, SHUT_WR);
    watch_exactly(s);
}

static void flush_output(struct pgr_stream *s)
{
    send_all(s);
    if (s->state == PGR_STREAM_LINGERING) {
        linger_on(s);
        return;
    }
    watch_lazily(s);
    tell_drained(s);
}

static void on_flush(void *arg)
{
    struct pgr_stream *s = arg;
    PGR_CHECK(s, STREAM_MAGIC);
    /* A full socket is not tried again before it says that it has room. */
    if (s->fd >= 0 && !s->is_blocked)
        flush_output(s);
}

/* ---- events ---- */

/* Unread bytes would make close() send a reset, which destroys what is still on its way out. */
static void discard_input(struct pgr_stream *s)
{
    ssize_t n = receive(s->fd, s->loop->scratch, PGR_LOOP_SCRATCH);
    if (n > 0 || (n < 0 && errno == EAGAIN))
        return;
    s->is_eof = true;
    if (n < 0)
        drop_output(s, errno);
    linger_on(s);
}

static void on_readable(struct pgr_stream *s)
{
    if (s->state == PGR_STREAM_LINGERING && !s->is_eof)
        discard_input(s);
    else if (desired_events(s) & PGR_POLL_READ)
        read_once(s);
}

static void on_ready(void *arg, int events)
{
    struct pgr_stream *s = arg;
    PGR_CHECK(s, STREAM_MAGIC);
    if (events & PGR_POLL_WRITE && s->is_blocked)
        flush_output(s);
    if (events & PGR_POLL_READ && s->state != PGR_STREAM_GONE)
        on_readable(s);
    if (s->state == PGR_STREAM_GONE)
        return;
    /* What came and was not wanted would come again at once. */
    if (events & ~desired_events(s))
        watch_exactly(s);
}

static void on_report(void *arg)
{
    struct pgr_stream *s = arg;
    PGR_CHECK(s, STREAM_MAGIC);
    if (s->is_memory_out && s->state == PGR_STREAM_OPEN)
        end(s, ENOMEM);
    else if (!s->is_paused && pgr_input_bytes(&s->input).len > 0)
        s->events->on_input(s->arg);
}

static void on_linger_timeout(void *arg)
{
    struct pgr_stream *s = arg;
    PGR_CHECK(s, STREAM_MAGIC);
    close_now(s);
}

/* ---- the interface ---- */

struct pgr_stream *pgr_stream_new(struct pgr_loop *loop, const struct pgr_stream_events *events,
                                  void *arg)
{
    struct pgr_stream *s = pgr_new(struct pgr_stream);
    s->magic = STREAM_MAGIC;
    s->state = PGR_STREAM_CONNECTING;
    s->loop = loop;
    s->events = events;
    s->arg = arg;
    s->fd = -1;
    pgr_task_init(&s->report, on_report, s);
    pgr_task_init(&s->flush, on_flush, s);
    pgr_task_init(&s->burial, pgr_free, s);
    s->owner.close = close_owned;
    pgr_list_push_back(&loop->owners, &s->owner.node);
    return s;
}

static void learn_peer(struct pgr_stream *s)
{
    struct sockaddr_storage any = {0};
    socklen_t len = sizeof(any);
    struct sockaddr *addr = (struct sockaddr *)&any;
    if (getpeername(s->fd, addr, &len) != 0)
        any.ss_family = AF_UNSPEC;
    s->is_local = pgr_sockaddr_is_local(addr);
    pgr_address_text(addr, s->peer, sizeof(s->peer));
}

int pgr_stream_start(struct pgr_stream *s, int fd)
{
    s->fd = fd;
    s->state = PGR_STREAM_OPEN;
    learn_peer(s);
    s->poll = pgr_poll_create(s->loop, fd, on_ready, s);
    if (s->poll == NULL)
        return EBADF;
    watch_exactly(s);
    if (s->output.pending > 0)
        pgr_loop_dirty(s->loop, &s->flush);
    return 0;
}

static void on_bad_descriptor(void *arg)
{
    struct pgr_stream *s = arg;
    PGR_CHECK(s, STREAM_MAGIC);
    end(s, EBADF);
}

struct pgr_stream *pgr_stream_adopt(struct pgr_loop *loop, int fd,
                                    const struct pgr_stream_events *events, void *arg)
{
    struct pgr_stream *s = pgr_stream_new(loop, events, arg);
    if (pgr_stream_start(s, fd) != 0) {
        pgr_task_init(&s->report, on_bad_descriptor, s);
        pgr_loop_later(loop, &s->report);
    }
    return s;
}

static bool can_linger(const struct pgr_stream *s)
{
    if (s->poll == NULL || s->write_error != 0 || s->is_memory_out)
        return false;
    return s->state == PGR_STREAM_OPEN || (s->state == PGR_STREAM_ENDED && s->output.pending > 0);
}

static void start_linger(struct pgr_stream *s)
{
    s->state = PGR_STREAM_LINGERING;
    pgr_task_cancel(&s->report);
    pgr_input_fini(&s->input);
    s->linger = pgr_timer_create(s->loop, on_linger_timeout, s);
    pgr_timer_start(s->linger, FLUSH_TIMEOUT_MS, 0);
    watch_exactly(s);
    pgr_loop_dirty(s->loop, &s->flush);
}

void pgr_stream_close(struct pgr_stream **taken, enum pgr_close_how how)
{
    struct pgr_stream *s = *taken;
    *taken = NULL;
    if (s == NULL)
        return;
    PGR_CHECK(s, STREAM_MAGIC);
    if (how == PGR_CLOSE_FLUSH && can_linger(s))
        start_linger(s);
    else
        close_now(s);
}

struct pgr_bytes pgr_stream_input(const struct pgr_stream *s)
{
    return pgr_input_bytes(&s->input);
}

void pgr_stream_consume(struct pgr_stream *s, size_t len)
{
    pgr_input_consume(&s->input, len);
    watch_lazily(s);
}

void pgr_stream_want(struct pgr_stream *s, size_t len)
{
    pgr_input_want(&s->input, len);
    watch_lazily(s);
}

void pgr_stream_pause(struct pgr_stream *s)
{
    s->is_paused = true;
}

void pgr_stream_resume(struct pgr_stream *s)
{
    s->is_paused = false;
    watch_lazily(s);
    if (pgr_input_bytes(&s->input).len > 0)
        pgr_loop_later(s->loop, &s->report);
}

bool pgr_stream_is_paused(const struct pgr_stream *s)
{
    return s->is_paused;
}

static bool takes_output(const struct pgr_stream *s)
{
    bool is_alive = s->state == PGR_STREAM_CONNECTING || s->state == PGR_STREAM_OPEN;
    return is_alive && s->write_error == 0 && !s->is_memory_out;
}

static void after_write(struct pgr_stream *s, bool is_taken)
{
    if (!is_taken) {
        drop_output(s, ENOMEM);
        s->is_memory_out = true;
        pgr_loop_later(s->loop, &s->report);
        return;
    }
    if (s->output.pending > PGR_STREAM_HIGH)
        s->is_over_high = true;
    pgr_loop_dirty(s->loop, &s->flush);
}

void pgr_stream_write(struct pgr_stream *s, struct pgr_bytes bytes)
{
    if (bytes.len > 0 && takes_output(s))
        after_write(s, pgr_output_put(&s->output, bytes, &s->loop->spare_chunk));
}

void pgr_stream_write_blob(struct pgr_stream *s, struct pgr_blob *blob, size_t offset, size_t len)
{
    if (len > 0 && takes_output(s))
        after_write(s, pgr_output_put_blob(&s->output, blob, offset, len, &s->loop->spare_chunk));
}

size_t pgr_stream_pending(const struct pgr_stream *s)
{
    return s->output.pending;
}

bool pgr_stream_is_full(const struct pgr_stream *s)
{
    return s->output.pending > PGR_STREAM_HIGH;
}

bool pgr_stream_is_local(const struct pgr_stream *s)
{
    return s->is_local;
}

const char *pgr_stream_peer(const struct pgr_stream *s)
{
    return s->peer;
}
