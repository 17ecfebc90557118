// SPDX-License-Identifier: PostgreSQL
/*
 * From text to statement: guards, libpg_query, JSON, walk. Only pg_query_parse() may be called on
 * a client's text: the library's other doors overflow the stack ten times as early.
 */
#include "pgrecall/sql/stmt.h"

#include <pg_query.h>
#include <string.h>

#include "stmt_priv.h"
#include "walk_priv.h"

#include "pgrecall/base/mem.h"
#include "pgrecall/sql/lex.h"

#define NORMAL_MAX       ((size_t)2000)
#define OPERATOR_RUN_MAX ((size_t)256)
#define TREE_MAX         ((size_t)64 << 20) /* the densest 64 KiB that were found take 20 MiB */

static bool name_type(struct pgr_bytes text, struct pgr_stmt *stmt)
{
    char normal[NORMAL_MAX];
    size_t len = 0;
    stmt->fingerprint = pgr_lex_fingerprint(text, normal, sizeof normal, &len);
    char *copy = pgr_arena_copy(pgr_stmt_arena(stmt), normal, len);
    if (copy == NULL)
        return false;
    stmt->normal = PGR_BYTES(copy, len);
    return true;
}

/* What walk and tree leave behind is either the whole statement or a refusal. */
static void walk_one(struct pgr_arena *arena, const struct pgr_json *node, struct pgr_stmt *stmt)
{
    struct pgr_walk walk;
    pgr_walk_init(&walk, arena);
    pgr_walk_statement(&walk, node, stmt);
    if (walk.is_short || !pgr_refs_finish(&walk.refs, stmt))
        pgr_stmt_refuse(stmt, PGR_REASON_NO_MEMORY);
    pgr_walk_fini(&walk);
}

static void take_tree(struct pgr_arena *arena, const struct pgr_json *root, struct pgr_stmt *stmt)
{
    const struct pgr_json *list = pgr_json_get(root, "stmts");
    size_t count = pgr_json_count(list);
    if (!pgr_json_is(list, PGR_JSON_ARRAY)) {
        pgr_stmt_refuse(stmt, PGR_REASON_UNPARSED);
    } else if (count == 0) {
        stmt->kind = PGR_STMT_EMPTY;
        stmt->block = PGR_REASON_NONE;
    } else if (count > 1) {
        stmt->kind = PGR_STMT_MULTI;
        stmt->block = PGR_REASON_MULTI_STATEMENT;
    } else {
        walk_one(arena, pgr_json_get(pgr_json_first(list), "stmt"), stmt);
    }
}

static void read_tree(char *json, struct pgr_stmt *stmt)
{
    struct pgr_arena arena;
    struct pgr_json *root;
    pgr_arena_init(&arena, TREE_MAX);
    switch (pgr_json_read(json, strlen(json), &arena, &root)) {
    case PGR_OK:
        take_tree(&arena, root, stmt);
        break;
    case PGR_ERR_NOMEM:
        pgr_stmt_refuse(stmt, PGR_REASON_NO_MEMORY);
        break;
    case PGR_ERR_LIMIT:
        pgr_stmt_refuse(stmt, PGR_REASON_TOO_LONG);
        break;
    case PGR_ERR_INVALID:
    case PGR_ERR_NOT_FOUND:
    case PGR_ERR_IO:
    case PGR_ERR_CLOSED:
    case PGR_ERR_TIMEOUT:
        pgr_stmt_refuse(stmt, PGR_REASON_UNPARSED);
        break;
    }
    pgr_arena_fini(&arena);
}

static void parse(struct pgr_bytes text, struct pgr_stmt *stmt)
{
    char *copy = pgr_try_alloc(text.len + 1);
    if (copy == NULL) {
        pgr_stmt_refuse(stmt, PGR_REASON_NO_MEMORY);
        return;
    }
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    PgQueryParseResult result = pg_query_parse(copy);
    if (result.error == NULL && result.parse_tree != NULL)
        read_tree(result.parse_tree, stmt);
    pg_query_free_parse_result(result);
    pgr_free(copy);
}

/* Why the parser must not see the text, NONE if it may. */
static enum pgr_reason guard(struct pgr_bytes text)
{
    if (text.len > PGR_ANALYZE_MAX)
        return PGR_REASON_TOO_LONG;
    if (pgr_lex_operator_run(text) > OPERATOR_RUN_MAX)
        return PGR_REASON_OPERATOR_RUN;
    if (text.len > 0 && memchr(text.at, 0, text.len) != NULL)
        return PGR_REASON_UNPARSED;
    return PGR_REASON_NONE;
}

struct pgr_stmt *pgr_analyze(struct pgr_bytes text)
{
    struct pgr_stmt *stmt = pgr_stmt_create();
    if (!name_type(text, stmt)) {
        pgr_stmt_refuse(stmt, PGR_REASON_NO_MEMORY);
        return stmt;
    }
    enum pgr_reason refusal = guard(text);
    if (refusal == PGR_REASON_NONE)
        parse(text, stmt);
    else if (!pgr_walk_long_insert(text, stmt))
        pgr_stmt_refuse(stmt, refusal);
    return stmt;
}

struct pgr_stmt *pgr_stmt_cut(struct pgr_bytes front)
{
    struct pgr_stmt *stmt = pgr_stmt_create();
    bool is_named = name_type(front, stmt);
    pgr_stmt_refuse(stmt, is_named ? PGR_REASON_TOO_LONG : PGR_REASON_NO_MEMORY);
    return stmt;
}
