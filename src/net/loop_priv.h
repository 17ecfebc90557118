// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * loop_priv.h - what the other files of this room may know of a loop.
 *
 * A turn of the loop is: callbacks of timers and descriptors, then the `later` tasks, then the
 * `dirty` tasks, then waiting. So everything written by any callback leaves before the loop waits.
 */
#include <uv.h>

#include "pgrecall/base/blob.h"
#include "pgrecall/base/list.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/net/loop.h"

/* Bytes read at once; they are kept only if their reader leaves some. */
#define PGR_LOOP_SCRATCH ((size_t)64 << 10)

/* Something to be done once, at the end of a turn. Embedded in its owner, who cancels it. */
struct pgr_task {
    struct pgr_list node;
    pgr_loop_fn *run;
    void *arg;
};

/* Streams and listeners: what pgr_loop_destroy() closes if its owner did not. */
struct pgr_owner {
    struct pgr_list node;
    void (*close)(struct pgr_owner *self);
};

struct pgr_post;

struct pgr_loop {
    uint32_t magic;
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uv_idle_t busy; /* active while tasks are left, so that the loop does not wait */
    struct pgr_clock clock;
    uint64_t now_us;
    bool is_now_known;
    struct pgr_list owners;
    struct pgr_list handles;
    struct pgr_list later;
    struct pgr_list dirty;
    struct pgr_mutex posts_mutex;
    struct pgr_post *posts; /* newest first */
    uint8_t *scratch;
    struct pgr_blob *spare_chunk; /* see output_priv.h */
};

void pgr_task_init(struct pgr_task *task, pgr_loop_fn *run, void *arg);
void pgr_task_cancel(struct pgr_task *task);
/* At the end of this turn, or of the next one when called by such a task. Once, however often. */
void pgr_loop_later(struct pgr_loop *loop, struct pgr_task *task);
/* The same, but after all `later` tasks of the turn. */
void pgr_loop_dirty(struct pgr_loop *loop, struct pgr_task *task);
/* Frees p when no callback that may still look at it is on the stack. */
void pgr_loop_free_later(struct pgr_loop *loop, struct pgr_task *task, void *p);
