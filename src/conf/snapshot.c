// SPDX-License-Identifier: PostgreSQL
#include "snapshot_priv.h"

#include "pgrecall/base/mem.h"

struct pgr_snapshot *pgr_snapshot_create(void)
{
    struct pgr_snapshot *snapshot = pgr_new(struct pgr_snapshot);
    atomic_init(&snapshot->settings.refs, 1);
    return snapshot;
}

static bool is_power_of_two(size_t n)
{
    return (n & (n - 1)) == 0;
}

/* Arrays double whenever their count reaches a power of two: no capacity need be kept. */
static void *grown(void *array, size_t count, size_t size)
{
    if (!is_power_of_two(count))
        return array;
    return pgr_realloc_array(array, count == 0 ? 1 : count * 2, size);
}

const char *pgr_snapshot_keep(struct pgr_snapshot *snapshot, struct pgr_bytes text)
{
    char *copy = pgr_strndup((const char *)text.at, text.len);
    snapshot->strings = grown(snapshot->strings, snapshot->string_count, sizeof(char *));
    snapshot->strings[snapshot->string_count++] = copy;
    return copy;
}

struct pgr_rule *pgr_snapshot_add_rule(struct pgr_snapshot *snapshot)
{
    snapshot->rules = grown(snapshot->rules, snapshot->rule_count, sizeof(struct pgr_rule));
    struct pgr_rule *rule = &snapshot->rules[snapshot->rule_count++];
    *rule = (struct pgr_rule){.name = ""};
    return rule;
}

static void destroy(struct pgr_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->string_count; i++)
        pgr_free(snapshot->strings[i]);
    pgr_free(snapshot->strings);
    pgr_free(snapshot->rules);
    pgr_free(snapshot);
}

/* The count is bookkeeping, not content: settings that are const to their holders are shared. */
struct pgr_settings *pgr_settings_ref(const struct pgr_settings *settings)
{
    struct pgr_settings *shared = (struct pgr_settings *)settings;
    uint32_t before = atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return shared;
}

void pgr_settings_unref(const struct pgr_settings *settings)
{
    struct pgr_settings *shared = (struct pgr_settings *)settings;
    if (shared == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before == 1)
        destroy(pgr_container_of(shared, struct pgr_snapshot, settings));
}
