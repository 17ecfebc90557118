// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/list.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/net/loop.h"

/*
 * One queue, any thread takes from it. Destroying lets the threads finish what was queued, because
 * an owner may be waiting for its `done`.
 */
struct job {
    struct pgr_list node;
    struct pgr_loop *loop;
    pgr_loop_fn *work;
    pgr_loop_fn *done;
    void *arg;
};

struct pgr_offload_pool {
    struct pgr_mutex mutex;
    pthread_cond_t changed;
    struct pgr_list jobs;
    bool is_ending;
    unsigned count;
    struct pgr_thread threads[];
};

/* The oldest job, or NULL when there will be none any more. */
static struct job *next_job(struct pgr_offload_pool *pool)
{
    struct job *job = NULL;
    pgr_mutex_lock(&pool->mutex);
    while (pgr_list_is_empty(&pool->jobs) && !pool->is_ending)
        pthread_cond_wait(&pool->changed, &pool->mutex.native);
    if (!pgr_list_is_empty(&pool->jobs)) {
        job = pgr_container_of(pool->jobs.next, struct job, node);
        pgr_list_remove(&job->node);
    }
    pgr_mutex_unlock(&pool->mutex);
    return job;
}

static void work_off(void *arg)
{
    struct pgr_offload_pool *pool = arg;
    struct job *job;
    while ((job = next_job(pool)) != NULL) {
        job->work(job->arg);
        pgr_loop_post(job->loop, job->done, job->arg);
        pgr_free(job);
    }
}

struct pgr_offload_pool *pgr_offload_create(unsigned threads)
{
    PGR_ASSERT(threads > 0);
    struct pgr_offload_pool *pool =
        pgr_alloc(sizeof(*pool) + (size_t)threads * sizeof(pool->threads[0]));
    pgr_mutex_init(&pool->mutex);
    PGR_ASSERT(pthread_cond_init(&pool->changed, NULL) == 0);
    pgr_list_init(&pool->jobs);
    pool->count = threads;
    for (unsigned i = 0; i < threads; i++) {
        enum pgr_err err =
            pgr_thread_start(&pool->threads[i], "pgr-offload", PGR_PARSE_STACK, work_off, pool);
        PGR_ASSERT(err == PGR_OK);
    }
    return pool;
}

void pgr_offload_destroy(struct pgr_offload_pool **taken)
{
    struct pgr_offload_pool *pool = *taken;
    *taken = NULL;
    pgr_mutex_lock(&pool->mutex);
    pool->is_ending = true;
    pthread_cond_broadcast(&pool->changed);
    pgr_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->count; i++)
        pgr_thread_join(&pool->threads[i]);
    PGR_ASSERT(pgr_list_is_empty(&pool->jobs));
    pthread_cond_destroy(&pool->changed);
    pgr_mutex_fini(&pool->mutex);
    pgr_free(pool);
}

void pgr_offload(struct pgr_offload_pool *pool, struct pgr_loop *loop, pgr_loop_fn *work,
                 pgr_loop_fn *done, void *arg)
{
    struct job *job = pgr_new(struct job);
    job->loop = loop;
    job->work = work;
    job->done = done;
    job->arg = arg;
    pgr_mutex_lock(&pool->mutex);
    PGR_ASSERT(!pool->is_ending);
    pgr_list_push_back(&pool->jobs, &job->node);
    pthread_cond_signal(&pool->changed);
    pgr_mutex_unlock(&pool->mutex);
}
