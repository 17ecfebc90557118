// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * judge_priv.h - one statement before the table of rules: its relations resolved, its rule found.
 *
 * Why      each row of the table asks about the same few things; they are looked up once.
 * Threads  owner's.
 * Memory   init/fini; borrows everything of its input.
 * Errors   none.
 */
#include "pgrecall/policy/verdict.h"

struct pgr_judged_relation {
    const struct pgr_relation *found; /* NULL: not in the snapshot */
    bool is_system;
};

struct pgr_judge {
    const struct pgr_verdict_input *input;
    /* As the statement names them; beyond PGR_RELSET_MAX they are only counted. */
    struct pgr_judged_relation relations[PGR_RELSET_MAX];
    size_t relation_count;
    struct pgr_rule_table tables[PGR_RELSET_MAX]; /* those found */
    size_t table_count;
    const struct pgr_relset *deps; /* of those found, with the ALL slot */
    const struct pgr_rule *rule;   /* or NULL */
    bool is_forced;                /* by the rule: functions of users count as pure */
    enum pgr_reason reason;        /* of the row that holds; a row may put in a better one */
};

/* `input` has a catalog, a path and settings. */
void pgr_judge_init(struct pgr_judge *judge, const struct pgr_verdict_input *input);
void pgr_judge_fini(struct pgr_judge *judge);

/* The reason of the first row that holds and is not skipped, or NONE. */
enum pgr_reason pgr_judge_walk(struct pgr_judge *judge);
/* Without the operator's word the answer would be no. */
bool pgr_judge_needs_force(struct pgr_judge *judge);
