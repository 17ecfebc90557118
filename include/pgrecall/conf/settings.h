// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * settings.h - one immutable snapshot of the configuration: settings.def and the rules.
 *
 * Why      a reload builds a whole new snapshot or none; nobody ever sees half of one.
 * Threads  immutable, shared by count.
 * Memory   refcounted; strings live inside.
 * Errors   load collects every fault as a line "FILE:LINE: …" (or "--set …", "PGRECALL_X_Y: …")
 *          that names the nearest right name, and then returns INVALID.
 * Order    defaults < file < environment PGRECALL_<SECTION>_<KEY> < command line.
 */
#include <stdatomic.h>

#include "pgrecall/base/buf.h"
#include "pgrecall/base/err.h"
#include "pgrecall/conf/rules.h"

/* Values as they are used: sizes in bytes, times in microseconds. */
enum pgr_consistency {
    PGR_CONSISTENCY_AUTO,
    PGR_CONSISTENCY_TTL,
};

#define PGR_LISTEN_MAX 16

struct pgr_settings {
    _Atomic uint32_t refs;
    uint64_t generation; /* 1, 2, … over a process's loads: set by the loader's caller */

    const char *proxy_listen[PGR_LISTEN_MAX]; /* comma-separated in the file */
    size_t proxy_listen_count;
    uint32_t proxy_workers; /* 0 in the file means min(cores, 4); resolved here */
    uint32_t proxy_max_clients;
    uint64_t proxy_login_timeout_us;
    uint64_t proxy_drain_timeout_us;
    bool proxy_allow_trust;

    const char *upstream_dsn;
    const char *upstream_service_dsn; /* "" when unset: the daemon takes dsn if it has a user */
    uint64_t upstream_connect_timeout_us;

    bool cache_enabled;
    uint64_t cache_memory;
    uint32_t cache_shards;
    uint64_t cache_max_entry;
    uint64_t cache_local_ttl_us;
    uint64_t cache_max_staleness_us;
    enum pgr_consistency cache_consistency;
    bool cache_has_local_ttl; /* written by the operator: raises max_staleness (design 1) */
    bool cache_has_max_staleness;

    uint32_t log_level;         /* enum pgr_log_level */
    uint32_t log_format;        /* enum pgr_log_format */
    uint64_t log_interval_us;   /* 0: never */
    uint64_t log_slow_query_us; /* 0: never */

    const struct pgr_rule *rules;
    size_t rule_count;
};

struct pgr_settings_source {
    const char *path;             /* INI file or NULL */
    const char *const *overrides; /* "section.key=value" from the command line */
    size_t override_count;
    char *const *environment; /* as environ, or NULL */
};

enum pgr_err pgr_settings_load(const struct pgr_settings_source *source, struct pgr_settings **out,
                               struct pgr_buf *errors) PGR_MUST_CHECK;
struct pgr_settings *pgr_settings_ref(const struct pgr_settings *settings);
void pgr_settings_unref(const struct pgr_settings *settings);

/* How old an L1 answer may be that falls under `rule` (NULL: none): the age ladder of design 1. */
uint64_t pgr_settings_max_age_us(const struct pgr_settings *settings, const struct pgr_rule *rule);
/* Names of settings that differ and that only a restart can change, comma-separated; "" if none. */
void pgr_settings_diff_restart(const struct pgr_settings *old, const struct pgr_settings *fresh,
                               struct pgr_buf *out);

/* --help-config: every setting with type, unit, range, default, reloadable or not, and help. */
void pgr_settings_help(struct pgr_buf *out);
/* The reference file: every setting commented out at its default, with its help. */
void pgr_settings_reference(struct pgr_buf *out);
/* A DSN (URI or key=value) with its password replaced by ***; for logs. */
void pgr_dsn_redact(const char *dsn, struct pgr_buf *out);
bool pgr_dsn_has_password(const char *dsn);
