// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * loop.h - one event loop, its timers, signals, descriptor polls, posts and offloads.
 *
 * Why      libuv appears in no header outside this room; everything on a loop is one of these.
 * Threads  a loop belongs to the thread that runs it; only pgr_loop_post() may be called from
 * others. Memory   objects created on a loop are closed by their owner (pgr_x_close), freed by the
 * loop in its own time; no callback comes after close returned. Errors   creation aborts when the
 * system is out of descriptors at start; later ones say so.
 */
#include "pgrecall/base/clock.h"
#include "pgrecall/base/err.h"

struct pgr_loop;
struct pgr_timer;
struct pgr_poll;
struct pgr_signal;
struct pgr_offload_pool;

typedef void pgr_loop_fn(void *arg);

struct pgr_loop *pgr_loop_create(const struct pgr_clock *clock);
/* Runs until pgr_loop_stop() was called, then returns. */
void pgr_loop_run(struct pgr_loop *loop);
/* From the loop's own thread. */
void pgr_loop_stop(struct pgr_loop *loop);
/* After run returned: closes what is left, frees, NULLs. */
void pgr_loop_destroy(struct pgr_loop **loop);
/* Runs what is ready without blocking, once: the pump of tests. Returns whether handles are active.
 */
bool pgr_loop_turn(struct pgr_loop *loop);

/* The loop's clock, read at most once per turn. */
uint64_t pgr_loop_now_us(struct pgr_loop *loop);
/* The clock read afresh, for measuring. */
uint64_t pgr_loop_clock_us(struct pgr_loop *loop);

/* From any thread: fn(arg) will run on the loop, in the order posted. Never fails. */
void pgr_loop_post(struct pgr_loop *loop, pgr_loop_fn *fn, void *arg);

struct pgr_timer *pgr_timer_create(struct pgr_loop *loop, pgr_loop_fn *fn, void *arg);
/* (Re)arms: first after delay_ms, then each repeat_ms (0: once). */
void pgr_timer_start(struct pgr_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
void pgr_timer_stop(struct pgr_timer *timer);
void pgr_timer_close(struct pgr_timer **timer);

enum pgr_poll_events {
    PGR_POLL_READ = 1,
    PGR_POLL_WRITE = 2,
};
typedef void pgr_poll_fn(void *arg, int events);
/*
 * Watches a descriptor that stays its owner's; an error condition is reported as READ|WRITE. NULL
 * when it cannot be watched, or is already. Close the poll before the descriptor; who cannot (libpq
 * may replace its socket under the same number) calls pgr_poll_want() anew, which adds it afresh.
 */
struct pgr_poll *pgr_poll_create(struct pgr_loop *loop, int fd, pgr_poll_fn *fn, void *arg);
void pgr_poll_want(struct pgr_poll *poll, int events); /* 0 stops watching */
void pgr_poll_close(struct pgr_poll **poll);

struct pgr_signal *pgr_signal_create(struct pgr_loop *loop, int signum, pgr_loop_fn *fn, void *arg);
void pgr_signal_close(struct pgr_signal **signal);

/*
 * A fixed set of threads with PGR_PARSE_STACK stacks. `work` runs on one of them, then `done` on
 * the loop. Cannot be cancelled: the owner of arg waits for done.
 */
struct pgr_offload_pool *pgr_offload_create(unsigned threads);
void pgr_offload_destroy(struct pgr_offload_pool **pool); /* waits for what runs */
void pgr_offload(struct pgr_offload_pool *pool, struct pgr_loop *loop, pgr_loop_fn *work,
                 pgr_loop_fn *done, void *arg);
