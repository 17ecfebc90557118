// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/conf/settings.h"

#include <sched.h>

#include "load_priv.h"
#include "pgrecall/base/mem.h"

#define DEFAULT_WORKERS_MAX 4

static void set_defaults(struct pgr_loader *loader)
{
    for (size_t i = 0; i < PGR_ROW_COUNT; i++)
        pgr_loader_set(loader, (struct pgr_origin){"default", 0}, &pgr_rows[i],
                       pgr_rows[i].initial);
    PGR_ASSERT(!loader->has_fault);
    memset(loader->is_written, 0, sizeof(loader->is_written));
}

static void require_upstream(struct pgr_loader *loader)
{
    struct pgr_origin origin = {loader->path ? loader->path : "settings", 0};
    if (!loader->is_written[PGR_ROW_upstream_dsn] && !loader->is_unread)
        pgr_loader_fault(loader, origin,
                         "upstream.dsn is required: write it under [upstream], set "
                         "PGRECALL_UPSTREAM_DSN, or give --upstream");
}

/* Cores this process may use, not those of the machine: containers are pinned to a few. */
static uint32_t default_workers(void)
{
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return cores < 1 ? 1 : cores > DEFAULT_WORKERS_MAX ? DEFAULT_WORKERS_MAX : (uint32_t)cores;
}

static void resolve(struct pgr_loader *loader)
{
    struct pgr_snapshot *snapshot = loader->snapshot;
    struct pgr_settings *settings = &snapshot->settings;
    if (settings->proxy_workers == 0)
        settings->proxy_workers = default_workers();
    settings->cache_has_local_ttl = loader->is_written[PGR_ROW_cache_local_ttl];
    settings->cache_has_max_staleness = loader->is_written[PGR_ROW_cache_max_staleness];
    settings->rules = snapshot->rules;
    settings->rule_count = snapshot->rule_count;
}

enum pgr_err pgr_settings_load(const struct pgr_settings_source *source, struct pgr_settings **out,
                               struct pgr_buf *errors)
{
    struct pgr_loader loader = {
        .snapshot = pgr_snapshot_create(), .errors = errors, .path = source->path};
    set_defaults(&loader);
    if (source->path != NULL)
        pgr_loader_read_file(&loader);
    pgr_loader_read_environment(&loader, source->environment);
    pgr_loader_read_overrides(&loader, source->overrides, source->override_count);
    require_upstream(&loader);
    resolve(&loader);
    pgr_free(loader.rule_lines);
    if (loader.has_fault) {
        pgr_settings_unref(&loader.snapshot->settings);
        return PGR_ERR_INVALID;
    }
    *out = &loader.snapshot->settings;
    return PGR_OK;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What the operator wrote nearest wins; a TTL written without a staleness speaks for both. */
static uint64_t staleness_us(const struct pgr_settings *s, const struct pgr_rule *rule)
{
    if (rule != NULL && rule->has_max_staleness)
        return rule->max_staleness_us;
    if (rule != NULL && rule->has_local_ttl)
        return larger(s->cache_max_staleness_us, rule->local_ttl_us);
    if (s->cache_has_local_ttl && !s->cache_has_max_staleness)
        return larger(s->cache_max_staleness_us, s->cache_local_ttl_us);
    return s->cache_max_staleness_us;
}

uint64_t pgr_settings_max_age_us(const struct pgr_settings *settings, const struct pgr_rule *rule)
{
    bool has_own = rule != NULL && rule->has_local_ttl;
    uint64_t ttl = has_own ? rule->local_ttl_us : settings->cache_local_ttl_us;
    uint64_t staleness = staleness_us(settings, rule);
    return ttl < staleness ? ttl : staleness;
}

void pgr_settings_diff_restart(const struct pgr_settings *old, const struct pgr_settings *fresh,
                               struct pgr_buf *out)
{
    const char *before = "";
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        const struct pgr_row *row = &pgr_rows[i];
        if (row->change != PGR_CHANGE_RESTART || pgr_row_equal(row, old, fresh))
            continue;
        pgr_buf_printf(out, "%s%s.%s", before, row->section, row->key);
        before = ", ";
    }
}
