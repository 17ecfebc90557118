// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * verdict_support.h - texts, what shall be decided of them, and how it is asked.
 *
 * Why      verdicts and the mutants of the table that gives them are tested by the same texts.
 */
#include "policy_support.h"

/* deps when it is cacheable, else the reason. */
struct verdict_case {
    const char *text;
    const char *verdict;
};

static const struct verdict_case verdict_cases[] = {
#define X(text, verdict) {text, verdict},
#include "verdict_cases.def"
#undef X
};

/* Made by main. */
static struct pgr_catalog *catalog;

static const struct pgr_rule no_rules[1];
static const struct pgr_rule audit_off = {
    .name = "audit", .users = {"auditor"}, .user_count = 1, .cache = PGR_RULE_CACHE_OFF};

/* The default reading of a text: no rules, no parameters. */
static inline struct pgr_verdict_input input_of(const struct pgr_stmt *stmt, const char *text,
                                                const struct pgr_settings *settings)
{
    return (struct pgr_verdict_input){
        .stmt = stmt,
        .text = pgr_bytes_str(text),
        .catalog = catalog,
        .path = &public_path,
        .settings = settings,
        .database = "shop",
        .user = "app",
        .application = "psql",
        .params = PGR_BYTES("", 0),
    };
}

/* deps or reason; static. */
static inline const char *verdict_of(const struct pgr_verdict_input *input)
{
    static char text[1024];
    struct pgr_verdict verdict;
    pgr_decide(input, &verdict);
    assert_int_equal(verdict.deps != NULL, verdict.reason == PGR_REASON_NONE);
    snprintf(text, sizeof text, "%s",
             verdict.deps ? fake_slots(verdict.deps) : pgr_reason_name(verdict.reason));
    pgr_verdict_fini(&verdict);
    return text;
}

static inline void put_param(struct pgr_buf *buf, const char *value, size_t len)
{
    uint8_t word[4];
    pgr_store_be32(word, (uint32_t)len);
    assert_true(pgr_buf_put(buf, word, sizeof word));
    assert_true(pgr_buf_put(buf, value, len));
}
