// SPDX-License-Identifier: PostgreSQL
/* The control loop: it accepts and hands out, hears signals, and ends the process in order. */
#include <signal.h>
#include <stdio.h>

#include "context_priv.h"
#include "notify_priv.h"
#include "pgrecall/base/log.h"

#define DRAIN_CHECK_MS 50
#define SWEEP_MS       1000
#define SWEEP_ENTRIES  20000

static struct pgr_worker *idlest(struct pgr_daemon *d)
{
    struct pgr_worker *best = &d->workers[0];
    for (size_t i = 1; i < d->worker_count; i++)
        if (atomic_load(&d->workers[i].session_count) < atomic_load(&best->session_count))
            best = &d->workers[i];
    return best;
}

static void on_accept(void *arg, int fd)
{
    pgr_worker_accept(idlest(arg), fd);
}

static enum pgr_err listen_on(struct pgr_daemon *d, const char *word)
{
    char storage[300];
    char text[300];
    struct pgr_endpoint endpoint;
    enum pgr_err err = pgr_endpoint_parse(word, PGR_DEFAULT_PORT, storage, sizeof(storage),
                                          &endpoint, text, sizeof(text));
    if (err == PGR_OK)
        err = pgr_listener_open(d->loop, &endpoint, on_accept, d, &d->listeners[d->listener_count],
                                text, sizeof(text));
    if (err != PGR_OK) {
        (void)fprintf(stderr, "pgrecall: proxy.listen: %s\n", text);
        return err;
    }
    uint16_t port = pgr_listener_port(d->listeners[d->listener_count++]);
    pgr_log(PGR_LOG_INFO, "listening",
            pgr_f_str("address", endpoint.unix_path ? endpoint.unix_path : endpoint.host),
            pgr_f_int("port", port));
    return PGR_OK;
}

static void close_listeners(struct pgr_daemon *d)
{
    while (d->listener_count > 0)
        pgr_listener_close(&d->listeners[--d->listener_count]);
}

/* ---- ending ---- */

static void stop_now(struct pgr_daemon *d)
{
    if (d->is_stopping)
        return;
    d->is_stopping = true;
    pgr_timer_stop(d->drain_timer);
    for (size_t i = 0; i < d->worker_count; i++)
        pgr_worker_stop(&d->workers[i]);
    for (size_t i = 0; i < d->worker_count; i++)
        pgr_worker_join(&d->workers[i]);
    pgr_loop_stop(d->loop);
}

static uint32_t sessions_left(const struct pgr_daemon *d)
{
    uint32_t left = 0;
    for (size_t i = 0; i < d->worker_count; i++)
        left += atomic_load(&d->workers[i].session_count);
    return left;
}

static void on_drain_check(void *arg)
{
    struct pgr_daemon *d = arg;
    if (sessions_left(d) == 0 || pgr_loop_now_us(d->loop) >= d->drain_deadline_us)
        stop_now(d);
}

/* The first SIGTERM or SIGINT drains, the second stops at once. */
static void on_terminate(void *arg)
{
    struct pgr_daemon *d = arg;
    if (d->is_draining) {
        stop_now(d);
        return;
    }
    d->is_draining = true;
    pgr_notify_stopping();
    pgr_log(PGR_LOG_INFO, "draining", pgr_f_int("sessions", sessions_left(d)));
    close_listeners(d);
    d->drain_deadline_us = pgr_loop_now_us(d->loop) + d->settings->proxy_drain_timeout_us;
    for (size_t i = 0; i < d->worker_count; i++)
        pgr_worker_drain(&d->workers[i]);
    pgr_timer_start(d->drain_timer, 0, DRAIN_CHECK_MS);
}

/* ---- memory of entries that nobody may be given any more ---- */

static uint64_t greatest_age_us(const struct pgr_settings *settings)
{
    uint64_t age_us = pgr_settings_max_age_us(settings, NULL);
    for (size_t i = 0; i < settings->rule_count; i++) {
        uint64_t of_rule = pgr_settings_max_age_us(settings, &settings->rules[i]);
        age_us = of_rule > age_us ? of_rule : age_us;
    }
    return age_us;
}

static void on_sweep(void *arg)
{
    struct pgr_daemon *d = arg;
    uint64_t now_us = pgr_loop_now_us(d->loop);
    uint64_t age_us = greatest_age_us(d->settings);
    if (now_us > age_us)
        (void)pgr_store_sweep(d->store, now_us - age_us, SWEEP_ENTRIES);
}

/* ---- up and down ---- */

static void watch_signals(struct pgr_daemon *d)
{
    (void)signal(SIGPIPE, SIG_IGN);
    d->signals[0] = pgr_signal_create(d->loop, SIGTERM, on_terminate, d);
    d->signals[1] = pgr_signal_create(d->loop, SIGINT, on_terminate, d);
    d->signals[2] = pgr_signal_create(d->loop, SIGHUP, pgr_reload, d);
}

enum pgr_err pgr_control_open(struct pgr_daemon *d)
{
    for (size_t i = 0; i < d->settings->proxy_listen_count; i++) {
        enum pgr_err err = listen_on(d, d->settings->proxy_listen[i]);
        if (err != PGR_OK) {
            close_listeners(d);
            return err;
        }
    }
    watch_signals(d);
    d->drain_timer = pgr_timer_create(d->loop, on_drain_check, d);
    d->sweep_timer = pgr_timer_create(d->loop, on_sweep, d);
    pgr_timer_start(d->sweep_timer, SWEEP_MS, SWEEP_MS);
    pgr_report_start(d);
    return PGR_OK;
}

void pgr_control_run(struct pgr_daemon *d)
{
    pgr_notify_ready();
    pgr_loop_run(d->loop);
}

void pgr_control_close(struct pgr_daemon *d)
{
    close_listeners(d);
    for (size_t i = 0; i < PGR_ARRAY_LEN(d->signals); i++)
        pgr_signal_close(&d->signals[i]);
    pgr_timer_close(&d->drain_timer);
    pgr_timer_close(&d->sweep_timer);
    pgr_timer_close(&d->report_timer);
}
