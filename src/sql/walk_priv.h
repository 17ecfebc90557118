// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * walk_priv.h - from a parse tree to the names it uses and the reasons against it.
 *
 * Why      the tree is read by an allow-list (nodes.def) and a table of rules (walk_rules.c); what
 *          is in neither is a refusal.
 * Threads  owner's.
 * Memory   a walk borrows the tree's strings until pgr_refs_finish() copies them to the statement.
 * Errors   `is_short` is set when memory was refused; the caller then knows nothing.
 */
#include "json_priv.h"
#include "pgrecall/sql/stmt.h"

/* Sorted by name: the order is that of the search in pgr_node_by_name(). */
enum pgr_node {
#define X(name, fields) PGR_NODE_##name,
#include "nodes.def"
#undef X
    PGR_NODE_COUNT /* not in the allow-list */
};

enum pgr_form {
    PGR_FORM_SCALAR,
    PGR_FORM_NAMES,
    PGR_FORM_NODE,
    PGR_FORM_TYPED,
    PGR_FORM_TARGET,
    PGR_FORM_WITH,
};

struct pgr_node_field {
    const char *name;
    enum pgr_form form;
    enum pgr_node type; /* of TYPED, TARGET and WITH */
};

enum pgr_node pgr_node_by_name(const char *name);
const char *pgr_node_name(enum pgr_node node);
/* NULL if the node has no such field. */
const struct pgr_node_field *pgr_node_find_field(enum pgr_node node, const char *name);

/* The names of WITH queries that can be seen from a place: innermost first. */
struct pgr_scope {
    const char *name;
    const struct pgr_scope *outer;
};

struct pgr_vec {
    void *items;
    size_t count;
    size_t cap;
};

struct pgr_refs {
    struct pgr_vec relations; /* struct pgr_rel_ref */
    struct pgr_vec functions; /* struct pgr_func_ref */
    struct pgr_vec types;     /* struct pgr_type_ref */
    struct pgr_vec operators; /* const char * */
    struct pgr_vec columns;   /* const char * */
    bool is_short;
};

void pgr_refs_fini(struct pgr_refs *refs);
void pgr_refs_add_relation(struct pgr_refs *refs, struct pgr_rel_ref ref);
void pgr_refs_add_function(struct pgr_refs *refs, struct pgr_func_ref ref);
void pgr_refs_add_type(struct pgr_refs *refs, struct pgr_type_ref ref);
void pgr_refs_add_operator(struct pgr_refs *refs, const char *name);
void pgr_refs_add_column(struct pgr_refs *refs, const char *name);
/* Sorts, drops duplicates and copies into the statement's arena; false when memory is short. */
bool pgr_refs_finish(struct pgr_refs *refs, struct pgr_stmt *stmt);

/* Something still to be visited. */
struct pgr_walk_item {
    const struct pgr_json *value;
    const struct pgr_scope *scope;
    enum pgr_node type; /* PGR_NODE_COUNT: `value` is wrapped in its name, or a list of such */
    enum pgr_rel_use use;
};

struct pgr_walk {
    struct pgr_arena *arena; /* of scopes: the tree's */
    struct pgr_refs refs;
    struct pgr_vec todo; /* struct pgr_walk_item, the next one last */
    enum pgr_reason block;
    bool creates_temp;
    bool locks_rows;
    bool has_into;
    bool has_sort;
    bool has_aggregate;
    bool is_short;
};

void pgr_walk_init(struct pgr_walk *walk, struct pgr_arena *arena);
void pgr_walk_fini(struct pgr_walk *walk);
/* Visits a wrapped node, or a list of them, and all below. NULL is nothing. */
void pgr_walk_run(struct pgr_walk *walk, const struct pgr_json *value);
/* The same for a RangeVar without its wrapper. */
void pgr_walk_relation(struct pgr_walk *walk, const struct pgr_json *range_var,
                       enum pgr_rel_use use);
/* The first reason stays, but UNKNOWN_NODE beats all: it speaks of writes too. */
void pgr_walk_block(struct pgr_walk *walk, enum pgr_reason reason);

/* The names that the queries of a WithClause see, each queued with its own; returns what the
 * statement beside it sees. */
const struct pgr_scope *pgr_walk_open_with(struct pgr_walk *walk, const struct pgr_json *with,
                                           const struct pgr_scope *scope);
void pgr_walk_push(struct pgr_walk *walk, struct pgr_walk_item item);

/* One or two names; false for other lists, of which the last two are given. */
bool pgr_walk_names(const struct pgr_json *list, const char **schema, const char **name);

/* Every rule of this node. */
void pgr_rules_apply(struct pgr_walk *walk, const struct pgr_walk_item *item);
size_t pgr_rules_count(void);
/* "LockingClause: row locks" */
const char *pgr_rules_title(size_t row);
/*
 * Test seam: the row is as if it were not there, on this thread; pgr_rules_count() restores all.
 * Mutation tests prove with it that every row is needed.
 */
void pgr_rules_skip(size_t row);

/* Fills kind, flags and names of one statement from the wrapped node. */
void pgr_walk_statement(struct pgr_walk *walk, const struct pgr_json *node, struct pgr_stmt *stmt);
enum pgr_class pgr_class_of_select(const struct pgr_json *select, const struct pgr_walk *walk);

/*
 * G13: exactly INSERT INTO name [(columns)] VALUES and then literals, parameters, signs, casts,
 * commas and parentheses, with the plain forms of ON CONFLICT and RETURNING. Judged by tokens, so
 * in linear time and at any length. On true the statement is filled; on false it is untouched.
 */
bool pgr_walk_long_insert(struct pgr_bytes text, struct pgr_stmt *stmt);
