// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/net/loop.h"

#include "loop_priv.h"
#include "pgrecall/base/mem.h"

#define LOOP_MAGIC 0x4C4F4F50U

/*
 * The turn's end runs in a uv_prepare, which comes after every callback and before the wait in all
 * versions of libuv. Tasks that are added by tasks belong to the next turn: two streams that feed
 * each other cannot keep the loop from its descriptors. libuv does not wait while an idle handle
 * is active; that is all the idle handle is for.
 */

struct pgr_post {
    struct pgr_post *next;
    pgr_loop_fn *fn;
    void *arg;
};

void pgr_task_init(struct pgr_task *task, pgr_loop_fn *run, void *arg)
{
    pgr_list_init(&task->node);
    task->run = run;
    task->arg = arg;
}

void pgr_task_cancel(struct pgr_task *task)
{
    pgr_list_remove(&task->node);
}

static void add_once(struct pgr_list *tasks, struct pgr_task *task)
{
    if (pgr_list_is_empty(&task->node))
        pgr_list_push_back(tasks, &task->node);
}

void pgr_loop_later(struct pgr_loop *loop, struct pgr_task *task)
{
    add_once(&loop->later, task);
}

void pgr_loop_dirty(struct pgr_loop *loop, struct pgr_task *task)
{
    add_once(&loop->dirty, task);
}

void pgr_loop_free_later(struct pgr_loop *loop, struct pgr_task *task, void *p)
{
    pgr_task_cancel(task);
    pgr_task_init(task, pgr_free, p);
    pgr_loop_later(loop, task);
}

/* Runs what is in the list now; a task may cancel others, and add to the list for the next turn. */
static void run_tasks(struct pgr_list *tasks)
{
    struct pgr_list batch;
    if (pgr_list_is_empty(tasks))
        return;
    pgr_list_init(&batch);
    pgr_list_push_back(tasks, &batch); /* takes the head's place in the ring */
    pgr_list_remove(tasks);
    while (!pgr_list_is_empty(&batch)) {
        struct pgr_task *task = pgr_container_of(batch.next, struct pgr_task, node);
        pgr_list_remove(&task->node);
        task->run(task->arg);
    }
}

static bool has_tasks(const struct pgr_loop *loop)
{
    return !pgr_list_is_empty(&loop->later) || !pgr_list_is_empty(&loop->dirty);
}

static void on_busy(uv_idle_t *handle)
{
    PGR_UNUSED(handle);
}

static void end_turn(struct pgr_loop *loop)
{
    run_tasks(&loop->later);
    run_tasks(&loop->dirty);
    if (has_tasks(loop))
        uv_idle_start(&loop->busy, on_busy);
    else
        uv_idle_stop(&loop->busy);
    loop->is_now_known = false;
}

static void on_before_wait(uv_prepare_t *handle)
{
    struct pgr_loop *loop = handle->data;
    PGR_CHECK(loop, LOOP_MAGIC);
    end_turn(loop);
}

static void on_after_wait(uv_check_t *handle)
{
    struct pgr_loop *loop = handle->data;
    PGR_CHECK(loop, LOOP_MAGIC);
    loop->is_now_known = false;
}

static struct pgr_post *take_posts(struct pgr_loop *loop)
{
    pgr_mutex_lock(&loop->posts_mutex);
    struct pgr_post *newest = loop->posts;
    loop->posts = NULL;
    pgr_mutex_unlock(&loop->posts_mutex);

    struct pgr_post *oldest = NULL;
    while (newest != NULL) {
        struct pgr_post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void on_wake(uv_async_t *handle)
{
    struct pgr_loop *loop = handle->data;
    PGR_CHECK(loop, LOOP_MAGIC);
    struct pgr_post *post = take_posts(loop);
    while (post != NULL) {
        struct pgr_post *next = post->next;
        post->fn(post->arg);
        pgr_free(post);
        post = next;
    }
}

void pgr_loop_post(struct pgr_loop *loop, pgr_loop_fn *fn, void *arg)
{
    struct pgr_post *post = pgr_new(struct pgr_post);
    post->fn = fn;
    post->arg = arg;
    pgr_mutex_lock(&loop->posts_mutex);
    bool is_first = loop->posts == NULL;
    post->next = loop->posts;
    loop->posts = post;
    /* Within the lock: after it the loop may already have run the post and been destroyed by it. */
    if (is_first)
        uv_async_send(&loop->wake);
    pgr_mutex_unlock(&loop->posts_mutex);
}

/* Our own four handles do not count as activity: turn() tells whether there is any other. */
static void init_handles(struct pgr_loop *loop)
{
    PGR_ASSERT(uv_async_init(&loop->uv, &loop->wake, on_wake) == 0);
    PGR_ASSERT(uv_prepare_init(&loop->uv, &loop->before_wait) == 0);
    PGR_ASSERT(uv_check_init(&loop->uv, &loop->after_wait) == 0);
    PGR_ASSERT(uv_idle_init(&loop->uv, &loop->busy) == 0);
    loop->wake.data = loop;
    loop->before_wait.data = loop;
    loop->after_wait.data = loop;
    PGR_ASSERT(uv_prepare_start(&loop->before_wait, on_before_wait) == 0);
    PGR_ASSERT(uv_check_start(&loop->after_wait, on_after_wait) == 0);
    uv_unref((uv_handle_t *)&loop->wake);
    uv_unref((uv_handle_t *)&loop->before_wait);
    uv_unref((uv_handle_t *)&loop->after_wait);
    uv_unref((uv_handle_t *)&loop->busy);
}

struct pgr_loop *pgr_loop_create(const struct pgr_clock *clock)
{
    struct pgr_loop *loop = pgr_new(struct pgr_loop);
    loop->magic = LOOP_MAGIC;
    loop->clock = *clock;
    pgr_list_init(&loop->owners);
    pgr_list_init(&loop->handles);
    pgr_list_init(&loop->later);
    pgr_list_init(&loop->dirty);
    pgr_mutex_init(&loop->posts_mutex);
    loop->scratch = pgr_alloc(PGR_LOOP_SCRATCH);
    PGR_ASSERT(uv_loop_init(&loop->uv) == 0);
    init_handles(loop);
    return loop;
}

/* libuv does nothing at all for a loop without activity: ours must still serve posts and tasks. */
static void run_alive(struct pgr_loop *loop, uv_run_mode mode)
{
    uv_ref((uv_handle_t *)&loop->before_wait);
    uv_run(&loop->uv, mode);
    uv_unref((uv_handle_t *)&loop->before_wait);
    end_turn(loop);
}

void pgr_loop_run(struct pgr_loop *loop)
{
    run_alive(loop, UV_RUN_DEFAULT);
}

void pgr_loop_stop(struct pgr_loop *loop)
{
    uv_stop(&loop->uv);
}

bool pgr_loop_turn(struct pgr_loop *loop)
{
    run_alive(loop, UV_RUN_NOWAIT);
    return uv_loop_alive(&loop->uv) || has_tasks(loop);
}

static void close_all(struct pgr_loop *loop)
{
    while (!pgr_list_is_empty(&loop->owners)) {
        struct pgr_owner *owner = pgr_container_of(loop->owners.next, struct pgr_owner, node);
        owner->close(owner);
    }
    while (!pgr_list_is_empty(&loop->handles)) {
        struct pgr_owner *handle = pgr_container_of(loop->handles.next, struct pgr_owner, node);
        handle->close(handle);
    }
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->after_wait, NULL);
}

static void free_posts(struct pgr_loop *loop)
{
    struct pgr_post *post = take_posts(loop);
    while (post != NULL) {
        struct pgr_post *next = post->next;
        pgr_free(post);
        post = next;
    }
}

void pgr_loop_destroy(struct pgr_loop **taken)
{
    struct pgr_loop *loop = *taken;
    *taken = NULL;
    close_all(loop);
    while (pgr_loop_turn(loop)) {
        /* Requests that cannot be cancelled, such as a name being resolved, are waited for. */
        if (!has_tasks(loop))
            uv_run(&loop->uv, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&loop->before_wait, NULL);
    uv_close((uv_handle_t *)&loop->busy, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    PGR_ASSERT(uv_loop_close(&loop->uv) == 0);
    free_posts(loop);
    pgr_mutex_fini(&loop->posts_mutex);
    pgr_blob_unref(loop->spare_chunk);
    pgr_free(loop->scratch);
    loop->magic = 0;
    pgr_free(loop);
}

uint64_t pgr_loop_now_us(struct pgr_loop *loop)
{
    if (!loop->is_now_known) {
        loop->now_us = pgr_clock_now_us(&loop->clock);
        loop->is_now_known = true;
    }
    return loop->now_us;
}

uint64_t pgr_loop_clock_us(struct pgr_loop *loop)
{
    return pgr_clock_now_us(&loop->clock);
}
