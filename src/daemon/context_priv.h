// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * context_priv.h - what the process shares, and the workers that share it.
 *
 *   daemon.c   main as a table of contents: up in order, down in reverse
 *   control.c  the control loop: listeners, signals, drain
 *   reload.c   SIGHUP: a new snapshot for everyone, or the old one and the reason
 *   report.c   the log lines of each interval
 *   worker.c   one thread, one loop, its sessions
 *
 * Threads  the control thread owns it; workers read what is marked shared.
 */
#include "options_priv.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/cache/store.h"
#include "pgrecall/cache/versions.h"
#include "pgrecall/daemon/daemon.h"
#include "pgrecall/net/listener.h"
#include "pgrecall/session/session.h"
#include "target_priv.h"

#define PGR_DEFAULT_PORT 6433

struct pgr_daemon;

struct pgr_worker {
    struct pgr_daemon *daemon;
    struct pgr_thread thread;
    struct pgr_loop *loop;
    struct pgr_session_env env;
    struct pgr_counters counters;
    _Atomic uint32_t session_count; /* given by control, taken by the worker */
    bool is_stopping;               /* worker's */
    bool is_draining;               /* worker's */
};

struct pgr_daemon {
    const struct pgr_seams *seams;
    struct pgr_options options;
    struct pgr_settings *settings;
    struct pgr_target target;
    struct pgr_loop *loop;
    struct pgr_store *store;
    struct pgr_versions *versions;
    struct pgr_contexts *contexts;
    struct pgr_authority *authority;
    struct pgr_databases *databases;
    struct pgr_offload_pool *offload;
    struct pgr_worker *workers;
    size_t worker_count;
    _Atomic uint32_t clients; /* shared: sessions admitted */
    struct pgr_listener *listeners[PGR_LISTEN_MAX];
    size_t listener_count;
    struct pgr_signal *signals[4];
    struct pgr_timer *report_timer;
    struct pgr_timer *sweep_timer;
    struct pgr_timer *drain_timer;
    uint64_t drain_deadline_us;
    bool is_draining;
    bool is_stopping;
};

/* worker.c */
enum pgr_err pgr_worker_start(struct pgr_worker *worker, struct pgr_daemon *daemon) PGR_MUST_CHECK;
void pgr_worker_accept(struct pgr_worker *worker, int fd);
void pgr_worker_reload(struct pgr_worker *worker, const struct pgr_settings *settings);
void pgr_worker_drain(struct pgr_worker *worker);
/* Ends its sessions and its loop; pgr_worker_join() waits for it. */
void pgr_worker_stop(struct pgr_worker *worker);
void pgr_worker_join(struct pgr_worker *worker);
void pgr_worker_destroy(struct pgr_worker *worker);

/* control.c */
enum pgr_err pgr_control_open(struct pgr_daemon *d) PGR_MUST_CHECK;
void pgr_control_run(struct pgr_daemon *d);
void pgr_control_close(struct pgr_daemon *d);

/* reload.c */
void pgr_reload(void *daemon);
/* Puts the settings in force that may change while running. */
void pgr_reload_apply(struct pgr_daemon *d);

/* report.c */
void pgr_report_start(struct pgr_daemon *d);
void pgr_report_interval(void *daemon);
/* Says which freshness promise is in force, and why the cache is off if it is. */
void pgr_report_promise(const struct pgr_daemon *d);
/* The promise in words, for --check: appended to out. */
void pgr_promise_text(const struct pgr_settings *settings, const struct pgr_target *target,
                      struct pgr_buf *out);

/* check.c */
int pgr_check(const struct pgr_settings *settings, const struct pgr_target *target,
              const struct pgr_seams *seams);
