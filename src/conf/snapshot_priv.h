// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * snapshot_priv.h - what stands behind a struct pgr_settings: its strings and rules.
 *
 * Threads  written by the loader alone, then immutable.
 * Memory   freed as a whole by the last pgr_settings_unref().
 * Errors   none.
 */
#include "pgrecall/conf/settings.h"

struct pgr_snapshot {
    struct pgr_settings settings;
    struct pgr_rule *rules;
    size_t rule_count;
    char **strings;
    size_t string_count;
};

struct pgr_snapshot *pgr_snapshot_create(void); /* one reference, every field 0 */
/* A copy of the text that lives as long as the snapshot. */
const char *pgr_snapshot_keep(struct pgr_snapshot *snapshot, struct pgr_bytes text);
/* A new last rule; valid until the next is added. */
struct pgr_rule *pgr_snapshot_add_rule(struct pgr_snapshot *snapshot);
