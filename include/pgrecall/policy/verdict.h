// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * verdict.h - may this statement's answer be remembered, and what does it depend on?
 *
 * Why      the one place where an allow-list meets a catalog (correctness.md A4, A6, D, G).
 *          Each rule is a row of one const table (rules.c) with the reason it yields, so that a
 *          mutant is that table without a row.
 * Threads  any; pure.
 * Memory   the verdict holds references; fini releases them.
 * Errors   every doubt is a reason.
 */
#include "pgrecall/catalog/snapshot.h"
#include "pgrecall/conf/settings.h"
#include "pgrecall/sql/stmt.h"

struct pgr_verdict_input {
    const struct pgr_stmt *stmt;
    struct pgr_bytes text; /* as sent: for rules' globs */
    const struct pgr_catalog *catalog;
    const struct pgr_search_path *path;
    const struct pgr_settings *settings;
    const char *database;
    const char *user;
    const char *application;
    struct pgr_bytes params;   /* Bind's values in wire form (length, bytes)…; or empty */
    uint64_t skipped_rules[2]; /* test seam: bit set of rows of the rule table to leave out */
};

struct pgr_verdict {
    enum pgr_reason reason;        /* NONE: cacheable */
    const struct pgr_relset *deps; /* with the ALL slot; NULL unless cacheable */
    const struct pgr_rule *rule;   /* that governs it, or NULL; the settings snapshot's */
    uint64_t max_age_us;
};

void pgr_decide(const struct pgr_verdict_input *input, struct pgr_verdict *out);
void pgr_verdict_fini(struct pgr_verdict *verdict);

/* The rules as named rows, for tests and docs: name, correctness.md row, reason. */
struct pgr_rule_row {
    const char *name;
    const char *source; /* "A4", "G12" … */
    enum pgr_reason reason;
};
size_t pgr_rule_rows(const struct pgr_rule_row **rows);

/*
 * What the hit path needs without a parse: the names a rule may match by, resolved once when the
 * entry was made. Kept as the entry's tag.
 */
struct pgr_tag {
    _Atomic uint32_t refs;
    const struct pgr_stmt *stmt; /* a reference: fingerprint, class, normalised text */
    bool needs_force; /* rests on the operator's word: only a rule with cache = force serves it */
    size_t table_count;
    struct pgr_rule_table tables[]; /* strings are the tag's own */
};
struct pgr_tag *pgr_tag_create(const struct pgr_verdict_input *input);
struct pgr_tag *pgr_tag_ref(const struct pgr_tag *tag);
void pgr_tag_unref(const void *tag);
/* The rule and age that govern a hit now; returns the reason (RULE_OFF, CACHE_OFF, USER_FUNCTION
 * when the rule that forced it no longer does) or NONE. */
enum pgr_reason pgr_tag_govern(const struct pgr_tag *tag, struct pgr_bytes text,
                               const struct pgr_settings *settings, const char *database,
                               const char *user, const char *application, uint64_t *max_age_us);
