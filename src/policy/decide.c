// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/policy/verdict.h"

#include "judge_priv.h"

static void resolve_relations(struct pgr_judge *judge)
{
    const struct pgr_verdict_input *input = judge->input;
    size_t named = input->stmt->relation_count;
    judge->relation_count = named < PGR_RELSET_MAX ? named : PGR_RELSET_MAX;
    for (size_t i = 0; i < judge->relation_count; i++) {
        const struct pgr_rel_ref *ref = &input->stmt->relations[i];
        struct pgr_judged_relation *relation = &judge->relations[i];
        relation->found = pgr_catalog_relation(input->catalog, input->path, ref->schema, ref->name,
                                               &relation->is_system);
        if (relation->found != NULL)
            judge->tables[judge->table_count++] =
                (struct pgr_rule_table){relation->found->schema, relation->found->name};
    }
}

/* G20: what is named after view expansion. One more than fits is enough to see that it is too many.
 */
static const struct pgr_relset *join_deps(const struct pgr_judge *judge)
{
    const struct pgr_relset *deps = pgr_relset_create(&judge->input->catalog->all_slot, 1);
    for (size_t i = 0; i < judge->relation_count && deps->count <= PGR_RELSET_MAX; i++) {
        const struct pgr_relation *relation = judge->relations[i].found;
        if (relation == NULL || relation->reads == NULL)
            continue;
        const struct pgr_relset *both = pgr_relset_union(deps, relation->reads);
        pgr_relset_unref(deps);
        deps = both;
    }
    return deps;
}

void pgr_judge_init(struct pgr_judge *judge, const struct pgr_verdict_input *input)
{
    *judge = (struct pgr_judge){.input = input};
    resolve_relations(judge);
    judge->deps = join_deps(judge);
    struct pgr_rule_facts facts = {
        .tables = judge->tables,
        .table_count = judge->table_count,
        .class = pgr_class_name(input->stmt->class),
        .fingerprint = input->stmt->fingerprint,
        .text = input->text,
        .database = input->database,
        .user = input->user,
        .application = input->application,
    };
    judge->rule = pgr_rules_match(input->settings, &facts);
    judge->is_forced = judge->rule != NULL && judge->rule->cache == PGR_RULE_CACHE_FORCE;
}

void pgr_judge_fini(struct pgr_judge *judge)
{
    pgr_relset_unref(judge->deps);
    judge->deps = NULL;
}

/* Before any name is looked up. */
static enum pgr_reason find_obstacle(const struct pgr_verdict_input *input)
{
    if (input->stmt->block != PGR_REASON_NONE)
        return input->stmt->block;
    if (input->catalog == NULL)
        return PGR_REASON_CATALOG_UNAVAILABLE;
    return input->path == NULL ? PGR_REASON_SETTINGS_UNKNOWN : PGR_REASON_NONE;
}

void pgr_decide(const struct pgr_verdict_input *input, struct pgr_verdict *out)
{
    *out = (struct pgr_verdict){.reason = find_obstacle(input)};
    if (out->reason != PGR_REASON_NONE)
        return;
    struct pgr_judge judge;
    pgr_judge_init(&judge, input);
    out->reason = pgr_judge_walk(&judge);
    out->rule = judge.rule;
    if (out->reason == PGR_REASON_NONE) {
        out->deps = pgr_relset_ref(judge.deps);
        out->max_age_us = pgr_settings_max_age_us(input->settings, judge.rule);
    }
    pgr_judge_fini(&judge);
}

void pgr_verdict_fini(struct pgr_verdict *verdict)
{
    pgr_relset_unref(verdict->deps);
    verdict->deps = NULL;
}
