// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/net/loop.h"

#include "loop_priv.h"
#include "pgrecall/base/mem.h"

/*
 * Timer, poll and signal are one libuv handle each. Closing takes the object off the loop's list
 * at once; its memory goes in libuv's own callback, after which nothing knows it.
 */
#define TIMER_MAGIC  0x54494D45U
#define POLL_MAGIC   0x504F4C4CU
#define SIGNAL_MAGIC 0x5349474EU

static void enlist(struct pgr_loop *loop, struct pgr_owner *owner,
                   void (*close)(struct pgr_owner *self))
{
    owner->close = close;
    pgr_list_push_back(&loop->handles, &owner->node);
}

static void on_gone(uv_handle_t *handle)
{
    pgr_free(handle->data);
}

/* ---- timers ---- */

struct pgr_timer {
    uint32_t magic;
    struct pgr_owner owner;
    uv_timer_t uv;
    pgr_loop_fn *fn;
    void *arg;
};

static void close_timer(struct pgr_owner *owner)
{
    struct pgr_timer *timer = pgr_container_of(owner, struct pgr_timer, owner);
    pgr_list_remove(&owner->node);
    uv_close((uv_handle_t *)&timer->uv, on_gone);
}

static void on_timer(uv_timer_t *handle)
{
    struct pgr_timer *timer = handle->data;
    PGR_CHECK(timer, TIMER_MAGIC);
    timer->fn(timer->arg);
}

struct pgr_timer *pgr_timer_create(struct pgr_loop *loop, pgr_loop_fn *fn, void *arg)
{
    struct pgr_timer *timer = pgr_new(struct pgr_timer);
    timer->magic = TIMER_MAGIC;
    timer->fn = fn;
    timer->arg = arg;
    PGR_ASSERT(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
    enlist(loop, &timer->owner, close_timer);
    return timer;
}

void pgr_timer_start(struct pgr_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
    /* libuv counts from its own idea of now, which is as old as the turn. */
    uv_update_time(timer->uv.loop);
    PGR_ASSERT(uv_timer_start(&timer->uv, on_timer, delay_ms, repeat_ms) == 0);
}

void pgr_timer_stop(struct pgr_timer *timer)
{
    uv_timer_stop(&timer->uv);
}

void pgr_timer_close(struct pgr_timer **taken)
{
    struct pgr_timer *timer = *taken;
    *taken = NULL;
    if (timer != NULL)
        close_timer(&timer->owner);
}

/* ---- descriptors ---- */

struct pgr_poll {
    uint32_t magic;
    struct pgr_owner owner;
    uv_poll_t uv;
    pgr_poll_fn *fn;
    void *arg;
    int wanted;
};

static void close_poll(struct pgr_owner *owner)
{
    struct pgr_poll *poll = pgr_container_of(owner, struct pgr_poll, owner);
    pgr_list_remove(&owner->node);
    uv_close((uv_handle_t *)&poll->uv, on_gone);
}

static void on_poll(uv_poll_t *handle, int status, int uv_events);

/*
 * libuv takes the descriptor out of epoll and adds it anew each time, and that is relied on: libpq
 * may have replaced the socket behind the same number.
 */
static void watch(struct pgr_poll *poll)
{
    int uv_events = 0;
    if (poll->wanted & PGR_POLL_READ)
        uv_events |= UV_READABLE;
    if (poll->wanted & PGR_POLL_WRITE)
        uv_events |= UV_WRITABLE;
    int rc = uv_events ? uv_poll_start(&poll->uv, uv_events, on_poll) : uv_poll_stop(&poll->uv);
    PGR_ASSERT(rc == 0);
}

static void on_poll(uv_poll_t *handle, int status, int uv_events)
{
    struct pgr_poll *poll = handle->data;
    PGR_CHECK(poll, POLL_MAGIC);
    if (status < 0) {
        /* libuv stopped watching; who wants to go on looking at a broken descriptor may. */
        watch(poll);
        poll->fn(poll->arg, PGR_POLL_READ | PGR_POLL_WRITE);
        return;
    }
    int events = 0;
    if (uv_events & UV_READABLE)
        events |= PGR_POLL_READ;
    if (uv_events & UV_WRITABLE)
        events |= PGR_POLL_WRITE;
    poll->fn(poll->arg, events);
}

struct pgr_poll *pgr_poll_create(struct pgr_loop *loop, int fd, pgr_poll_fn *fn, void *arg)
{
    struct pgr_poll *poll = pgr_new(struct pgr_poll);
    poll->magic = POLL_MAGIC;
    poll->fn = fn;
    poll->arg = arg;
    if (uv_poll_init(&loop->uv, &poll->uv, fd) != 0) {
        pgr_free(poll);
        return NULL;
    }
    poll->uv.data = poll;
    enlist(loop, &poll->owner, close_poll);
    return poll;
}

void pgr_poll_want(struct pgr_poll *poll, int events)
{
    poll->wanted = events;
    watch(poll);
}

void pgr_poll_close(struct pgr_poll **taken)
{
    struct pgr_poll *poll = *taken;
    *taken = NULL;
    if (poll != NULL)
        close_poll(&poll->owner);
}

/* ---- signals ---- */

struct pgr_signal {
    uint32_t magic;
    struct pgr_owner owner;
    uv_signal_t uv;
    pgr_loop_fn *fn;
    void *arg;
};

static void close_signal(struct pgr_owner *owner)
{
    struct pgr_signal *self = pgr_container_of(owner, struct pgr_signal, owner);
    pgr_list_remove(&owner->node);
    uv_close((uv_handle_t *)&self->uv, on_gone);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct pgr_signal *self = handle->data;
    PGR_CHECK(self, SIGNAL_MAGIC);
    PGR_UNUSED(signum);
    self->fn(self->arg);
}

struct pgr_signal *pgr_signal_create(struct pgr_loop *loop, int signum, pgr_loop_fn *fn, void *arg)
{
    struct pgr_signal *self = pgr_new(struct pgr_signal);
    self->magic = SIGNAL_MAGIC;
    self->fn = fn;
    self->arg = arg;
    PGR_ASSERT(uv_signal_init(&loop->uv, &self->uv) == 0);
    self->uv.data = self;
    enlist(loop, &self->owner, close_signal);
    PGR_ASSERT(uv_signal_start(&self->uv, on_signal, signum) == 0);
    return self;
}

void pgr_signal_close(struct pgr_signal **taken)
{
    struct pgr_signal *self = *taken;
    *taken = NULL;
    if (self != NULL)
        close_signal(&self->owner);
}
