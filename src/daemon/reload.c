// SPDX-License-Identifier: PostgreSQL
#include "context_priv.h"
#include "notify_priv.h"
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"

void pgr_reload_apply(struct pgr_daemon *d)
{
    pgr_log_set_level((enum pgr_log_level)d->settings->log_level);
    pgr_log_set_format((enum pgr_log_format)d->settings->log_format);
    pgr_store_set_budget(d->store, d->settings->cache_memory);
    pgr_databases_set_staleness(d->databases, d->settings->cache_max_staleness_us);
    if (!d->settings->cache_enabled)
        pgr_store_clear(d->store);
}

/* One log line per fault: file, line, nearest right name. */
static void log_faults(struct pgr_buf *errors)
{
    (void)pgr_buf_put_u8(errors, 0);
    char *rest = (char *)(errors->base + errors->start);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        if (*line)
            pgr_log(PGR_LOG_ERROR, "reload_refused", pgr_f_str("message", line));
}

static void warn_restart(const struct pgr_settings *old, const struct pgr_settings *fresh)
{
    struct pgr_buf names;
    pgr_buf_init(&names, 4096);
    pgr_settings_diff_restart(old, fresh, &names);
    if (pgr_buf_len(&names) > 0) {
        (void)pgr_buf_put_u8(&names, 0);
        pgr_log(PGR_LOG_WARNING, "reload_needs_restart",
                pgr_f_str("settings", (const char *)pgr_buf_bytes(&names).at));
    }
    pgr_buf_fini(&names);
}

static void swap(struct pgr_daemon *d, struct pgr_settings *fresh)
{
    struct pgr_settings *old = d->settings;
    uint64_t old_interval_us = old->log_interval_us;
    warn_restart(old, fresh);
    fresh->generation = old->generation + 1;
    d->settings = fresh;
    pgr_reload_apply(d);
    for (size_t i = 0; i < d->worker_count; i++)
        pgr_worker_reload(&d->workers[i], fresh);
    pgr_settings_unref(old);
    if (fresh->log_interval_us != old_interval_us)
        pgr_report_start(d);
    pgr_log(PGR_LOG_INFO, "reloaded", pgr_f_int("generation", fresh->generation),
            pgr_f_int("rules", fresh->rule_count));
}

void pgr_reload(void *daemon)
{
    struct pgr_daemon *d = daemon;
    struct pgr_settings *fresh;
    struct pgr_buf errors;
    pgr_buf_init(&errors, (size_t)1 << 20);
    pgr_notify_reloading();
    if (pgr_options_load(&d->options, &fresh, &errors) == PGR_OK)
        swap(d, fresh);
    else
        log_faults(&errors);
    pgr_notify_ready();
    pgr_buf_fini(&errors);
}
