// SPDX-License-Identifier: PostgreSQL
/*
 * The rules of cacheability as rows of one table. The first row that holds refuses; a mutant is the
 * table without one row, and some test then sees another verdict. What the tree alone refuses has
 * been decided before (sql/walk_rules.c has a table of its own).
 *
 * Two rows are covered by a third one on purpose: ROW_SECURITY and the kinds of relations that may
 * not be read are also in the snapshot's read_block. They are mutated in pairs.
 */
#include "judge_priv.h"

#include <string.h>

#include "calls_priv.h"

#include "pgrecall/sql/lex.h"

/* ---- the statement ---- */

static bool is_no_read(struct pgr_judge *judge)
{
    return judge->input->stmt->kind != PGR_STMT_SELECT;
}

/* ---- relations ---- */

static bool has_too_many(struct pgr_judge *judge)
{
    return judge->input->stmt->relation_count > PGR_RELSET_MAX ||
           judge->deps->count > PGR_RELSET_MAX;
}

static bool has_unknown_relation(struct pgr_judge *judge)
{
    for (size_t i = 0; i < judge->relation_count; i++) {
        if (judge->relations[i].found == NULL && !judge->relations[i].is_system)
            return true;
    }
    return false;
}

static bool has_system_relation(struct pgr_judge *judge)
{
    for (size_t i = 0; i < judge->relation_count; i++) {
        if (judge->relations[i].is_system)
            return true;
    }
    return false;
}

typedef bool pgr_relation_fn(const struct pgr_relation *relation);

static const struct pgr_relation *find_relation(const struct pgr_judge *judge, pgr_relation_fn *is)
{
    for (size_t i = 0; i < judge->relation_count; i++) {
        const struct pgr_relation *relation = judge->relations[i].found;
        if (relation != NULL && is(relation))
            return relation;
    }
    return NULL;
}

static bool is_odd_kind(const struct pgr_relation *relation)
{
    char kind = relation->kind;
    return (kind != 'r' && kind != 'p' && kind != 'v') || relation->reads == NULL;
}

static bool has_odd_kind(struct pgr_judge *judge)
{
    return find_relation(judge, is_odd_kind) != NULL;
}

static bool is_temporary(const struct pgr_relation *relation)
{
    return relation->persistence == 't';
}

static bool has_temporary(struct pgr_judge *judge)
{
    return find_relation(judge, is_temporary) != NULL;
}

static bool has_policies(const struct pgr_relation *relation)
{
    return relation->has_row_security;
}

static bool has_row_security(struct pgr_judge *judge)
{
    return find_relation(judge, has_policies) != NULL;
}

static bool is_blocked(const struct pgr_relation *relation)
{
    return relation->read_block != PGR_REASON_NONE;
}

static bool has_read_block(struct pgr_judge *judge)
{
    const struct pgr_relation *relation = find_relation(judge, is_blocked);
    if (relation != NULL)
        judge->reason = relation->read_block;
    return relation != NULL;
}

/* ---- parameters ---- */

/* Of any type and format: what a parameter is cast to is not known here (G14). */
static bool has_special_date(struct pgr_judge *judge)
{
    struct pgr_reader reader = pgr_reader_of(judge->input->params);
    while (reader.rest.len > 0) {
        uint32_t len = pgr_read_u32(&reader);
        if (len == UINT32_MAX && !reader.bad)
            continue; /* NULL */
        struct pgr_bytes value = pgr_read_bytes(&reader, len);
        if (reader.bad || pgr_lex_has_date_word(value))
            return true;
    }
    return false;
}

/* ---- functions ---- */

typedef bool pgr_function_fn(const struct pgr_judge *judge, const struct pgr_func_ref *ref,
                             const struct pgr_function *function);

static bool has_function(const struct pgr_judge *judge, pgr_function_fn *is)
{
    const struct pgr_stmt *stmt = judge->input->stmt;
    for (size_t i = 0; i < stmt->function_count; i++) {
        const struct pgr_func_ref *ref = &stmt->functions[i];
        if (is(judge, ref, pgr_catalog_function(judge->input->catalog, ref->name)))
            return true;
    }
    return false;
}

static bool is_unknown(const struct pgr_judge *judge, const struct pgr_func_ref *ref,
                       const struct pgr_function *function)
{
    PGR_UNUSED(judge);
    return function == NULL || pgr_is_temp_schema(ref->schema);
}

static bool has_unknown_function(struct pgr_judge *judge)
{
    return has_function(judge, is_unknown);
}

static bool is_impure_builtin(const struct pgr_judge *judge, const struct pgr_func_ref *ref,
                              const struct pgr_function *function)
{
    PGR_UNUSED(judge);
    PGR_UNUSED(ref);
    return function != NULL && function->is_builtin_only && !pgr_function_is_pure(function);
}

static bool has_impure_builtin(struct pgr_judge *judge)
{
    return has_function(judge, is_impure_builtin);
}

static bool is_impure_foreign(const struct pgr_function *function)
{
    return function != NULL && !function->is_builtin_only && !pgr_function_is_pure(function);
}

/* The call cannot mean a builtin namesake, of which the operator's word says nothing. */
static bool is_surely_users(const struct pgr_func_ref *ref, const struct pgr_function *function)
{
    return function->is_user_only ||
           (ref->schema != NULL && strcmp(ref->schema, "pg_catalog") != 0);
}

static bool is_changing_foreign(const struct pgr_judge *judge, const struct pgr_func_ref *ref,
                                const struct pgr_function *function)
{
    return is_impure_foreign(function) && function->volatility != PGR_IMMUTABLE &&
           !(judge->is_forced && is_surely_users(ref, function));
}

static bool has_changing_foreign(struct pgr_judge *judge)
{
    return has_function(judge, is_changing_foreign);
}

static bool is_immutable_foreign(const struct pgr_judge *judge, const struct pgr_func_ref *ref,
                                 const struct pgr_function *function)
{
    PGR_UNUSED(ref);
    return is_impure_foreign(function) && function->volatility == PGR_IMMUTABLE &&
           !judge->is_forced;
}

static bool has_immutable_foreign(struct pgr_judge *judge)
{
    return has_function(judge, is_immutable_foreign);
}

/* t.f is f(t) where t has no column f. The operator's word is about calls that can be seen. */
static bool has_attribute_call(struct pgr_judge *judge)
{
    const struct pgr_stmt *stmt = judge->input->stmt;
    for (size_t i = 0; i < stmt->column_count; i++) {
        const struct pgr_function *function =
            pgr_catalog_function(judge->input->catalog, stmt->columns[i]);
        if (function != NULL && function->takes_composite)
            return true;
    }
    return false;
}

/* ---- operators and casts ---- */

static bool has_unsafe_operator(struct pgr_judge *judge)
{
    const struct pgr_stmt *stmt = judge->input->stmt;
    for (size_t i = 0; i < stmt->operator_count; i++) {
        const struct pgr_operator *found =
            pgr_catalog_operator(judge->input->catalog, stmt->operators[i]);
        if (found == NULL || !pgr_operator_is_pure(found))
            return true;
    }
    return false;
}

static bool has_unsafe_type(struct pgr_judge *judge)
{
    const struct pgr_stmt *stmt = judge->input->stmt;
    for (size_t i = 0; i < stmt->type_count; i++) {
        const struct pgr_type *type = pgr_catalog_type(judge->input->catalog, stmt->types[i].name);
        if (type == NULL || pgr_is_temp_schema(stmt->types[i].schema) ||
            !(type->is_builtin_plain || type->is_c_extension))
            return true;
    }
    return false;
}

/*
 * Of anything but a literal or a parameter: a text column may hold 'now'. Which column it is the
 * statement does not say, so every such cast is refused.
 */
static bool has_date_cast(struct pgr_judge *judge)
{
    const struct pgr_stmt *stmt = judge->input->stmt;
    for (size_t i = 0; i < stmt->type_count; i++) {
        if (!stmt->types[i].of_literal && pgr_type_reads_date_words(stmt->types[i].name))
            return true;
    }
    return false;
}

/* ---- the operator's rules ---- */

static bool is_ruled_out(struct pgr_judge *judge)
{
    return judge->rule != NULL && judge->rule->cache == PGR_RULE_CACHE_OFF;
}

/* ---- the table ---- */

typedef bool pgr_row_fn(struct pgr_judge *judge);

// clang-format off
#define ROWS(X) \
    X("kind: a plain read",                       "A4",       NOT_READ,           is_no_read) \
    X("relations: at most 64",                    "G20",      TOO_MANY_RELATIONS, has_too_many) \
    X("relations: in the snapshot",               "D",        UNKNOWN_RELATION,   has_unknown_relation) \
    X("relations: no catalog",                    "A4",       SYSTEM_RELATION,    has_system_relation) \
    X("relations: tables and views",              "A4",       UNSAFE_RELATION,    has_odd_kind) \
    X("relations: not temporary",                 "A1",       UNSAFE_RELATION,    has_temporary) \
    X("relations: no row security",               "A4",       ROW_SECURITY,       has_row_security) \
    X("relations: nothing unsafe below",          "A4",       UNSAFE_VIEW,        has_read_block) \
    X("parameters: no date words",                "G14",      SPECIAL_DATE,       has_special_date) \
    X("functions: in the snapshot",               "D",        UNKNOWN_FUNCTION,   has_unknown_function) \
    X("functions: builtin ones pure",             "A4",       VOLATILE_FUNCTION,  has_impure_builtin) \
    X("functions: others immutable",              "A4",       VOLATILE_FUNCTION,  has_changing_foreign) \
    X("functions: others an extension's in C",    "G11",      USER_FUNCTION,      has_immutable_foreign) \
    X("columns: no call",                         "A4",       ATTRIBUTE_CALL,     has_attribute_call) \
    X("operators: pure",                          "A4",       UNSAFE_OPERATOR,    has_unsafe_operator) \
    X("casts: to plain types",                    "A4",       UNSAFE_CAST,        has_unsafe_type) \
    X("casts: to dates of literals only",         "A4",       UNSAFE_CAST,        has_date_cast) \
    X("rules: not off",                           "design 8", RULE_OFF,           is_ruled_out)
// clang-format on

static const struct pgr_rule_row rows[] = {
#define X(name, source, reason, holds) {name, source, PGR_REASON_##reason},
    ROWS(X)
#undef X
};

static const struct {
    pgr_row_fn *holds;
} checks[] = {
#define X(name, source, reason, holds) {holds},
    ROWS(X)
#undef X
};

_Static_assert(PGR_ARRAY_LEN(rows) <= 128, "skipped_rules has 128 bits");

size_t pgr_rule_rows(const struct pgr_rule_row **out)
{
    *out = rows;
    return PGR_ARRAY_LEN(rows);
}

static bool is_skipped(const struct pgr_judge *judge, size_t row)
{
    return (judge->input->skipped_rules[row / 64] >> (row % 64) & 1) != 0;
}

enum pgr_reason pgr_judge_walk(struct pgr_judge *judge)
{
    for (size_t row = 0; row < PGR_ARRAY_LEN(rows); row++) {
        judge->reason = rows[row].reason;
        if (!is_skipped(judge, row) && checks[row].holds(judge))
            return judge->reason;
    }
    return PGR_REASON_NONE;
}

bool pgr_judge_needs_force(struct pgr_judge *judge)
{
    bool is_forced = judge->is_forced;
    judge->is_forced = false;
    bool needs_force = has_changing_foreign(judge) || has_immutable_foreign(judge);
    judge->is_forced = is_forced;
    return needs_force;
}
