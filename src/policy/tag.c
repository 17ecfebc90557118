// SPDX-License-Identifier: PostgreSQL
/*
 * Rules may be reloaded, and one entry is met by clients of several applications: which rule
 * governs is asked again at each hit, by the names that the entry's statement was resolved to.
 */
#include <string.h>

#include "judge_priv.h"

#include "pgrecall/base/mem.h"

static size_t text_size(const struct pgr_judge *judge)
{
    size_t size = 0;
    for (size_t i = 0; i < judge->table_count; i++)
        size += strlen(judge->tables[i].schema) + strlen(judge->tables[i].name) + 2;
    return size;
}

/* Copies to *at, which is advanced behind the copy's end. */
static const char *copy_to(char **at, const char *text)
{
    char *copy = *at;
    size_t size = strlen(text) + 1;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

struct pgr_tag *pgr_tag_create(const struct pgr_verdict_input *input)
{
    struct pgr_judge judge;
    pgr_judge_init(&judge, input);
    size_t head = sizeof(struct pgr_tag) + judge.table_count * sizeof(struct pgr_rule_table);
    struct pgr_tag *tag = pgr_alloc(head + text_size(&judge));
    char *at = (char *)tag + head;
    atomic_init(&tag->refs, 1);
    tag->stmt = pgr_stmt_ref(input->stmt);
    tag->needs_force = pgr_judge_needs_force(&judge);
    tag->table_count = judge.table_count;
    for (size_t i = 0; i < judge.table_count; i++) {
        tag->tables[i].schema = copy_to(&at, judge.tables[i].schema);
        tag->tables[i].name = copy_to(&at, judge.tables[i].name);
    }
    pgr_judge_fini(&judge);
    return tag;
}

/* The count is bookkeeping, not content: a tag that is const to its holders is still shared. */
struct pgr_tag *pgr_tag_ref(const struct pgr_tag *tag)
{
    struct pgr_tag *shared = (struct pgr_tag *)tag;
    uint32_t before = atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return shared;
}

void pgr_tag_unref(const void *pointer)
{
    struct pgr_tag *tag = (struct pgr_tag *)pointer;
    if (tag == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&tag->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before > 1)
        return;
    pgr_stmt_unref(tag->stmt);
    pgr_free(tag);
}

enum pgr_reason pgr_tag_govern(const struct pgr_tag *tag, struct pgr_bytes text,
                               const struct pgr_settings *settings, const char *database,
                               const char *user, const char *application, uint64_t *max_age_us)
{
    if (!settings->cache_enabled)
        return PGR_REASON_CACHE_OFF;
    struct pgr_rule_facts facts = {
        .tables = tag->tables,
        .table_count = tag->table_count,
        .class = pgr_class_name(tag->stmt->class),
        .fingerprint = tag->stmt->fingerprint,
        .text = text,
        .database = database,
        .user = user,
        .application = application,
    };
    const struct pgr_rule *rule = pgr_rules_match(settings, &facts);
    if (rule != NULL && rule->cache == PGR_RULE_CACHE_OFF)
        return PGR_REASON_RULE_OFF;
    if (tag->needs_force && (rule == NULL || rule->cache != PGR_RULE_CACHE_FORCE))
        return PGR_REASON_USER_FUNCTION;
    *max_age_us = pgr_settings_max_age_us(settings, rule);
    return PGR_REASON_NONE;
}
