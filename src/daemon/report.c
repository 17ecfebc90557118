// SPDX-License-Identifier: PostgreSQL
/* What the log says by itself: the promise at start, and each interval what happened. */
#include "context_priv.h"
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"

static bool has_service(const struct pgr_daemon *d)
{
    return d->target.service_dsn[0] != 0;
}

static void warn_cache_off(const struct pgr_daemon *d)
{
    if (!d->settings->cache_enabled)
        pgr_log(PGR_LOG_WARNING, "cache", pgr_f_str("state", "OFF (CACHE_OFF)"),
                pgr_f_str("remedy", "set [cache] enabled = on"));
    else if (!has_service(d))
        pgr_log(PGR_LOG_WARNING, "cache", pgr_f_str("state", "OFF (NO_SERVICE_CONNECTION)"),
                pgr_f_str("remedy",
                          "cache: OFF (NO_SERVICE_CONNECTION): set [upstream] service_dsn; a role "
                          "with LOGIN suffices"));
}

void pgr_promise_text(const struct pgr_settings *settings, const struct pgr_target *target,
                      struct pgr_buf *out)
{
    if (!settings->cache_enabled || target->service_dsn[0] == 0) {
        (void)pgr_buf_printf(out, "every answer comes from PostgreSQL: the cache is off");
        return;
    }
    uint64_t age_us = pgr_settings_max_age_us(settings, NULL);
    (void)pgr_buf_printf(out,
                         "writes through this proxy are seen by the next read; writes from "
                         "elsewhere within %llu.%03llu s (by age%s)",
                         (unsigned long long)(age_us / 1000000),
                         (unsigned long long)(age_us / 1000 % 1000),
                         settings->rule_count ? "; rules may say otherwise" : "");
}

void pgr_report_promise(const struct pgr_daemon *d)
{
    struct pgr_buf promise;
    pgr_buf_init(&promise, 1024);
    pgr_promise_text(d->settings, &d->target, &promise);
    (void)pgr_buf_put_u8(&promise, 0);
    pgr_log(PGR_LOG_INFO, "freshness",
            pgr_f_str("promise", (const char *)pgr_buf_bytes(&promise).at),
            pgr_f_dec("elsewhere_s", pgr_settings_max_age_us(d->settings, NULL) / 1000),
            pgr_f_str("evidence", "age"));
    pgr_buf_fini(&promise);
    warn_cache_off(d);
}

static void report_types(struct pgr_daemon *d)
{
    struct pgr_types **tables = pgr_new_array(struct pgr_types *, d->worker_count);
    for (size_t i = 0; i < d->worker_count; i++)
        tables[i] = d->workers[i].env.types;
    pgr_types_drain(tables, d->worker_count, pgr_types_log, NULL);
    pgr_free(tables);
}

static uint64_t sum(struct pgr_daemon *d, enum pgr_counter which)
{
    uint64_t total = 0;
    for (size_t i = 0; i < d->worker_count; i++)
        total += atomic_load_explicit(&d->workers[i].counters.values[which], memory_order_relaxed);
    return total;
}

static void report_store(struct pgr_daemon *d)
{
    struct pgr_store_stats stats;
    pgr_store_stats(d->store, &stats);
    pgr_log(PGR_LOG_INFO, "cache", pgr_f_int("entries", stats.entries),
            pgr_f_int("bytes", stats.bytes), pgr_f_int("budget", d->settings->cache_memory),
            pgr_f_int("evictions", stats.evictions), pgr_f_int("refused", stats.refused),
            pgr_f_int("stores", sum(d, PGR_COUNTER_stores)),
            pgr_f_int("probes", sum(d, PGR_COUNTER_probes)),
            pgr_f_int("clients", atomic_load(&d->clients)));
}

void pgr_report_interval(void *daemon)
{
    struct pgr_daemon *d = daemon;
    report_types(d);
    report_store(d);
    warn_cache_off(d);
}

void pgr_report_start(struct pgr_daemon *d)
{
    uint64_t interval_ms = d->settings->log_interval_us / 1000;
    if (d->report_timer == NULL)
        d->report_timer = pgr_timer_create(d->loop, pgr_report_interval, d);
    if (interval_ms > 0)
        pgr_timer_start(d->report_timer, interval_ms, interval_ms);
    else
        pgr_timer_stop(d->report_timer);
}
