// SPDX-License-Identifier: PostgreSQL
/* One thread, one loop, its sessions for ever. What others want of it they post. */
#include <unistd.h>

#include "context_priv.h"
#include "pgrecall/base/mem.h"

#define MEMO_BYTES ((size_t)16 << 20)
#define TYPES_MAX  1000

static void stop_if_empty(struct pgr_worker *w)
{
    if (w->is_stopping && atomic_load(&w->session_count) == 0)
        pgr_loop_stop(w->loop);
}

static void on_session_closed(void *arg)
{
    struct pgr_worker *w = arg;
    atomic_fetch_sub(&w->session_count, 1);
    stop_if_empty(w);
}

static void init_env(struct pgr_worker *w)
{
    struct pgr_daemon *d = w->daemon;
    w->env = (struct pgr_session_env){
        .loop = w->loop,
        .contexts = d->contexts,
        .databases = d->databases,
        .memo = pgr_memo_create(MEMO_BYTES),
        .types = pgr_types_create(TYPES_MAX),
        .counters = &w->counters,
        .offload = d->offload,
        .upstream = &d->target.endpoint,
        .settings = pgr_settings_ref(d->settings),
        .clients = &d->clients,
        .skipped_rules = {d->seams->skipped_rules[0], d->seams->skipped_rules[1]},
        .closed = on_session_closed,
        .arg = w,
    };
    pgr_list_init(&w->env.sessions);
    pgr_funnel_init(&w->env.funnel, w->loop, d->authority);
    w->env.funnel.begins_late = d->seams->begins_late;
}

static void worker_main(void *arg)
{
    struct pgr_worker *w = arg;
    pgr_loop_run(w->loop);
}

enum pgr_err pgr_worker_start(struct pgr_worker *w, struct pgr_daemon *daemon)
{
    w->daemon = daemon;
    w->loop = pgr_loop_create(&daemon->seams->clock);
    init_env(w);
    return pgr_thread_start(&w->thread, "pgr-worker", PGR_PARSE_STACK, worker_main, w);
}

struct handed {
    struct pgr_worker *worker;
    const struct pgr_settings *settings;
    int fd;
};

static struct handed *hand(struct pgr_worker *w)
{
    struct handed *h = pgr_new(struct handed);
    h->worker = w;
    return h;
}

static void accept_here(void *arg)
{
    struct handed *h = arg;
    struct pgr_worker *w = h->worker;
    if (w->is_stopping || w->is_draining) {
        (void)close(h->fd);
        on_session_closed(w);
    } else {
        pgr_session_open(&w->env, h->fd);
    }
    pgr_free(h);
}

void pgr_worker_accept(struct pgr_worker *w, int fd)
{
    struct handed *h = hand(w);
    h->fd = fd;
    atomic_fetch_add(&w->session_count, 1);
    pgr_loop_post(w->loop, accept_here, h);
}

static void reload_here(void *arg)
{
    struct handed *h = arg;
    pgr_settings_unref(h->worker->env.settings);
    h->worker->env.settings = h->settings;
    pgr_free(h);
}

void pgr_worker_reload(struct pgr_worker *w, const struct pgr_settings *settings)
{
    struct handed *h = hand(w);
    h->settings = pgr_settings_ref(settings);
    pgr_loop_post(w->loop, reload_here, h);
}

static void each_session(struct pgr_worker *w, void (*fn)(struct pgr_session *))
{
    pgr_session_each(&w->env, fn);
}

static void drain_here(void *arg)
{
    struct pgr_worker *w = arg;
    w->is_draining = true;
    each_session(w, pgr_session_drain);
}

void pgr_worker_drain(struct pgr_worker *w)
{
    pgr_loop_post(w->loop, drain_here, w);
}

static void stop_here(void *arg)
{
    struct pgr_worker *w = arg;
    w->is_stopping = true;
    each_session(w, pgr_session_kill);
    stop_if_empty(w);
}

void pgr_worker_stop(struct pgr_worker *w)
{
    pgr_loop_post(w->loop, stop_here, w);
}

void pgr_worker_join(struct pgr_worker *w)
{
    pgr_thread_join(&w->thread);
}

void pgr_worker_destroy(struct pgr_worker *w)
{
    pgr_loop_destroy(&w->loop);
    pgr_funnel_fini(&w->env.funnel);
    pgr_memo_destroy(&w->env.memo);
    pgr_types_destroy(&w->env.types);
    pgr_settings_unref(w->env.settings);
}
