// SPDX-License-Identifier: PostgreSQL
/*
 * Names of PostgreSQL 14 to 18, each list ascending in byte order. A name that is missing costs
 * time (a bypass, or a write set of everything); a name too many would cost correctness: when in
 * doubt, leave it out.
 */
#include "pgrecall/catalog/builtins.h"

#include <stdlib.h>
#include <string.h>

// clang-format off
/*
 * Not here, though STABLE: age (of one argument: today), timetz (of time: today's offset), now and
 * kin, current_*, *_recv and *_send, pg_*, has_*, inet_*, json(b)_populate_* and *_to_record* (input
 * functions of any type), to_reg*, *_to_xml (they run SQL).
 */
static const char *const stable_safe[] = {
    "anytextcat", "array_to_json", "array_to_string", "concat", "concat_ws", "convert",
    "convert_from", "convert_to", "date", "date_add", "date_cmp_timestamptz", "date_eq_timestamptz",
    "date_ge_timestamptz", "date_gt_timestamptz", "date_le_timestamptz", "date_lt_timestamptz",
    "date_ne_timestamptz", "date_part", "date_subtract", "date_trunc", "enum_first", "enum_last",
    "enum_range", "extract", "format", "generate_series", "in_range", "interval_pl_timestamptz",
    "json_agg", "json_agg_strict", "json_build_array", "json_build_object", "json_object_agg",
    "json_object_agg_strict", "json_object_agg_unique", "json_object_agg_unique_strict",
    "json_to_tsvector", "jsonb_agg", "jsonb_agg_strict", "jsonb_build_array", "jsonb_build_object",
    "jsonb_object_agg", "jsonb_object_agg_strict", "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict", "jsonb_path_exists_tz", "jsonb_path_match_tz",
    "jsonb_path_query_array_tz", "jsonb_path_query_first_tz", "jsonb_path_query_tz",
    "jsonb_to_tsvector", "length", "make_timestamptz", "money", "numeric", "overlaps",
    "phraseto_tsquery", "plainto_tsquery", "quote_literal", "quote_nullable", "row_to_json",
    "textanycat", "time", "timestamp", "timestamp_cmp_timestamptz", "timestamp_eq_timestamptz",
    "timestamp_ge_timestamptz", "timestamp_gt_timestamptz", "timestamp_le_timestamptz",
    "timestamp_lt_timestamptz", "timestamp_ne_timestamptz", "timestamptz",
    "timestamptz_cmp_date", "timestamptz_cmp_timestamp", "timestamptz_eq_date",
    "timestamptz_eq_timestamp", "timestamptz_ge_date", "timestamptz_ge_timestamp",
    "timestamptz_gt_date", "timestamptz_gt_timestamp", "timestamptz_le_date",
    "timestamptz_le_timestamp", "timestamptz_lt_date", "timestamptz_lt_timestamp",
    "timestamptz_mi_interval", "timestamptz_ne_date", "timestamptz_ne_timestamp",
    "timestamptz_pl_interval", "timezone", "to_char", "to_date", "to_json", "to_jsonb",
    "to_number", "to_timestamp", "to_tsquery", "to_tsvector", "ts_headline", "ts_match_tq",
    "ts_match_tt", "websearch_to_tsquery",
};

/* Sequences, randomness, time, statistics, information about the server, signals to it. */
static const char *const volatile_harmless[] = {
    "clock_timestamp", "currval", "gen_random_uuid", "lastval", "nextval", "pg_advisory_lock",
    "pg_advisory_lock_shared", "pg_advisory_unlock", "pg_advisory_unlock_all",
    "pg_advisory_unlock_shared", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared",
    "pg_backend_pid", "pg_blocking_pids", "pg_cancel_backend", "pg_collation_actual_version",
    "pg_control_checkpoint", "pg_control_init", "pg_control_recovery", "pg_control_system",
    "pg_current_logfile", "pg_current_wal_flush_lsn", "pg_current_wal_insert_lsn",
    "pg_current_wal_lsn", "pg_current_xact_id", "pg_database_collation_actual_version",
    "pg_database_size", "pg_export_snapshot", "pg_get_backend_memory_contexts",
    "pg_get_multixact_members", "pg_get_shmem_allocations", "pg_get_wal_replay_pause_state",
    "pg_indexes_size", "pg_is_in_recovery", "pg_is_wal_replay_paused",
    "pg_isolation_test_session_is_blocked", "pg_jit_available", "pg_last_committed_xact",
    "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp",
    "pg_lock_status", "pg_log_backend_memory_contexts", "pg_logical_emit_message", "pg_ls_dir",
    "pg_ls_logdir", "pg_ls_tmpdir", "pg_ls_waldir", "pg_notification_queue_usage", "pg_notify",
    "pg_partition_ancestors", "pg_partition_tree", "pg_prepared_xact", "pg_read_binary_file",
    "pg_read_file", "pg_relation_size", "pg_reload_conf", "pg_rotate_logfile",
    "pg_safe_snapshot_blocking_pids", "pg_sequence_last_value", "pg_show_all_file_settings",
    "pg_show_replication_origin_status", "pg_sleep", "pg_sleep_for", "pg_sleep_until",
    "pg_stat_clear_snapshot", "pg_stat_file", "pg_stat_force_next_flush",
    "pg_stat_get_recovery_prefetch", "pg_stat_get_xact_blocks_fetched",
    "pg_stat_get_xact_blocks_hit", "pg_stat_get_xact_function_calls",
    "pg_stat_get_xact_function_self_time", "pg_stat_get_xact_function_total_time",
    "pg_stat_get_xact_numscans", "pg_stat_get_xact_tuples_deleted",
    "pg_stat_get_xact_tuples_fetched", "pg_stat_get_xact_tuples_hot_updated",
    "pg_stat_get_xact_tuples_inserted", "pg_stat_get_xact_tuples_newpage_updated",
    "pg_stat_get_xact_tuples_returned", "pg_stat_get_xact_tuples_updated", "pg_stat_have_stats",
    "pg_stat_reset", "pg_stat_reset_shared", "pg_stat_reset_single_function_counters",
    "pg_stat_reset_single_table_counters", "pg_stat_reset_slru", "pg_table_size",
    "pg_tablespace_size", "pg_terminate_backend", "pg_total_relation_size", "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared", "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared", "pg_xact_commit_timestamp",
    "pg_xact_commit_timestamp_origin", "pg_xact_status", "random", "random_normal", "setseed",
    "setval", "timeofday", "txid_current", "txid_status", "uuidv4", "uuidv7",
};

/* Beside lo_* and *_to_xml*. */
static const char *const runs_sql[] = {
    "loread", "lowrite", "pg_extension_config_dump", "pg_import_system_collations", "ts_rewrite",
    "ts_stat",
};
// clang-format on

static int compare_names(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

#define LISTED(list, name)                                                                         \
    (bsearch((name), (list), PGR_ARRAY_LEN(list), sizeof((list)[0]), compare_names) != NULL)

bool pgr_builtin_stable_is_safe(const char *name)
{
    return LISTED(stable_safe, name);
}

bool pgr_builtin_volatile_is_harmless(const char *name)
{
    return LISTED(volatile_harmless, name);
}

static bool starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool pgr_builtin_runs_sql(const char *name)
{
    /* query_to_xml, cursor_to_xmlschema, table_to_xml_and_xmlschema … */
    return LISTED(runs_sql, name) || starts_with(name, "lo_") || strstr(name, "_to_xml") != NULL;
}

bool pgr_builtin_changes_settings(const char *name)
{
    return strcmp(name, "set_config") == 0;
}

bool pgr_builtin_takes_session_lock(const char *name)
{
    return starts_with(name, "pg_advisory_lock") || starts_with(name, "pg_try_advisory_lock");
}

bool pgr_builtin_takes_lock(const char *name)
{
    return pgr_builtin_takes_session_lock(name) || starts_with(name, "pg_advisory_xact_lock") ||
           starts_with(name, "pg_try_advisory_xact_lock");
}

bool pgr_builtin_releases_locks(const char *name)
{
    return strcmp(name, "pg_advisory_unlock_all") == 0;
}
