// SPDX-License-Identifier: PostgreSQL
/*
 * analysis.c - any bytes as the text of a statement.
 *
 * Properties: the same text gives the same statement; a refusal holds no names; what the key leaves
 * out of a text (space, comments, semicolons around it) changes nothing that was understood; and
 * where the token reader of long inserts and the parser both understand a text, both name the same
 * relation, types and operators, and no function.
 */
#include "../../src/sql/stmt_priv.h"
#include "../../src/sql/walk_priv.h"
#include "fuzz.h"
#include "pgrecall/sql/lex.h"

#define INPUT_MAX ((size_t)8 << 10) /* libFuzzer's own thread has a stack of 8 MiB */

static bool is_same_relation(const struct pgr_rel_ref *a, const struct pgr_rel_ref *b)
{
    return pgr_str_eq(a->schema, b->schema) && pgr_str_eq(a->name, b->name) && a->use == b->use;
}

static void check_same_names(const struct pgr_stmt *a, const struct pgr_stmt *b)
{
    PGR_ASSERT(a->relation_count == b->relation_count);
    for (size_t i = 0; i < a->relation_count; i++)
        PGR_ASSERT(is_same_relation(&a->relations[i], &b->relations[i]));
    PGR_ASSERT(a->operator_count == b->operator_count);
    for (size_t i = 0; i < a->operator_count; i++)
        PGR_ASSERT(pgr_str_eq(a->operators[i], b->operators[i]));
    PGR_ASSERT(a->column_count == b->column_count);
    for (size_t i = 0; i < a->column_count; i++)
        PGR_ASSERT(pgr_str_eq(a->columns[i], b->columns[i]));
    PGR_ASSERT(a->function_count == b->function_count);
    for (size_t i = 0; i < a->function_count; i++)
        PGR_ASSERT(pgr_str_eq(a->functions[i].name, b->functions[i].name));
}

static void check_same(const struct pgr_stmt *a, const struct pgr_stmt *b)
{
    PGR_ASSERT(a->kind == b->kind && a->block == b->block && a->class == b->class);
    PGR_ASSERT(a->type_count == b->type_count && a->creates_temp == b->creates_temp);
    PGR_ASSERT(pgr_str_eq(a->setting, b->setting) && pgr_str_eq(a->name, b->name));
    check_same_names(a, b);
}

static void check_refusal(const struct pgr_stmt *stmt)
{
    if (stmt->kind != PGR_STMT_UNPARSED && stmt->kind != PGR_STMT_MULTI)
        return;
    PGR_ASSERT(stmt->block != PGR_REASON_NONE);
    PGR_ASSERT(stmt->relation_count + stmt->function_count + stmt->type_count == 0);
    PGR_ASSERT(stmt->operator_count + stmt->column_count == 0);
}

/* The guards look at the whole text, so only what passed them may be compared. */
static void check_stripped(struct pgr_bytes text, const struct pgr_stmt *stmt)
{
    struct pgr_stmt *bare = pgr_analyze(pgr_lex_strip(text));
    if (stmt->kind != PGR_STMT_UNPARSED)
        check_same(stmt, bare);
    pgr_stmt_unref(bare);
}

static bool has_type(const struct pgr_stmt *stmt, const struct pgr_type_ref *type)
{
    for (size_t i = 0; i < stmt->type_count; i++) {
        if (pgr_str_eq(stmt->types[i].name, type->name) &&
            stmt->types[i].is_array == type->is_array &&
            (stmt->types[i].of_literal || !type->of_literal))
            return true;
    }
    return false;
}

static void check_token_reader(struct pgr_bytes text, const struct pgr_stmt *parsed)
{
    struct pgr_stmt *read = pgr_stmt_create();
    if (pgr_walk_long_insert(text, read) && parsed->kind != PGR_STMT_UNPARSED) {
        PGR_ASSERT(parsed->kind == PGR_STMT_INSERT && read->kind == PGR_STMT_INSERT);
        PGR_ASSERT(parsed->block != PGR_REASON_UNKNOWN_NODE && parsed->function_count == 0);
        check_same_names(read, parsed);
        for (size_t i = 0; i < read->type_count; i++)
            PGR_ASSERT(has_type(parsed, &read->types[i]));
    }
    pgr_stmt_unref(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX)
        return 0;
    struct pgr_bytes text = fuzz_copy(PGR_BYTES(data, size));
    struct pgr_stmt *stmt = pgr_analyze(text);
    struct pgr_stmt *again = pgr_analyze(text);
    check_same(stmt, again);
    check_refusal(stmt);
    check_stripped(text, stmt);
    check_token_reader(text, stmt);
    pgr_stmt_unref(again);
    pgr_stmt_unref(stmt);
    fuzz_free(text);
    return 0;
}
