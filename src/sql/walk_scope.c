// SPDX-License-Identifier: PostgreSQL
/*
 * WITH: in a plain one a query sees its elder siblings; in a RECURSIVE one it sees itself and all
 * siblings. The statement beside the clause sees them all, and so does everything nested in it.
 * Taking a table for a WITH query would lose a dependency, so names enter a scope only here.
 */
#include "walk_priv.h"

#include <string.h>

#include "stmt_priv.h"

static const struct pgr_scope *add_name(struct pgr_walk *walk, const char *name,
                                        const struct pgr_scope *outer)
{
    struct pgr_scope *scope = pgr_arena_alloc(walk->arena, sizeof *scope);
    if (scope == NULL) {
        walk->is_short = true;
        return outer;
    }
    *scope = (struct pgr_scope){name, outer};
    return scope;
}

/* The CommonTableExpr in a list element, or NULL when it is anything else. */
static const struct pgr_json *query_of(const struct pgr_json *element)
{
    const struct pgr_json *query = pgr_json_only(element);
    bool is_query = query != NULL && query->key != NULL &&
                    pgr_node_by_name(query->key) == PGR_NODE_CommonTableExpr;
    return is_query ? query : NULL;
}

static const struct pgr_scope *add_query(struct pgr_walk *walk, const struct pgr_json *element,
                                         const struct pgr_scope *scope)
{
    const char *name = pgr_json_text(pgr_json_get(query_of(element), "ctename"));
    return name ? add_name(walk, name, scope) : scope;
}

const struct pgr_scope *pgr_walk_open_with(struct pgr_walk *walk, const struct pgr_json *with,
                                           const struct pgr_scope *scope)
{
    const struct pgr_json *queries = pgr_json_get(with, "ctes");
    bool is_recursive = pgr_json_number(pgr_json_get(with, "recursive")) != 0;
    const struct pgr_scope *all = scope;
    for (const struct pgr_json *at = pgr_json_first(queries); at != NULL; at = at->next) {
        if (!is_recursive)
            pgr_walk_push(walk, (struct pgr_walk_item){at, all, PGR_NODE_COUNT, PGR_REL_READ});
        all = add_query(walk, at, all);
    }
    if (is_recursive)
        pgr_walk_push(walk, (struct pgr_walk_item){queries, all, PGR_NODE_COUNT, PGR_REL_READ});
    for (const struct pgr_json *at = pgr_json_first(with); at != NULL; at = at->next) {
        if (strcmp(at->key, "location") != 0 && !pgr_node_find_field(PGR_NODE_WithClause, at->key))
            pgr_walk_block(walk, PGR_REASON_UNKNOWN_NODE);
    }
    return all;
}
