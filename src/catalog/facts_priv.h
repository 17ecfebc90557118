// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * facts_priv.h - the rows of one load as arrays, before anything is concluded from them.
 *
 * Why      reading rows (facts.c), judging views (judge.c), closing over edges (closure.c) and
 * laying out the snapshot (builder.c) are four things; this is what they share. Threads  owner's.
 * Memory   strings are in the arena of the snapshot to be; the arrays are freed by fini.
 * Errors   take says what was wrong with a row; memory is judged by the arena's is_short.
 */
#include "arena_priv.h"
#include "pgrecall/base/err.h"
#include "pgrecall/catalog/snapshot.h"
#include "queries_priv.h"

/* Where rows come from: a libpq result, or a table in a test. */
struct pgr_rows {
    const void *self;
    const char *(*value)(const void *self, int row, int column); /* NULL: SQL NULL */
    int count;
    int columns;
};

/* Worst last. */
enum pgr_origin {
    PGR_ORIGIN_BUILTIN,   /* pg_catalog, made by initdb */
    PGR_ORIGIN_EXTENSION, /* compiled code of an extension */
    PGR_ORIGIN_FOREIGN,   /* SQL and procedural languages: may do anything */
};

struct pgr_edge {
    uint32_t from;
    uint32_t to;
};

/* Ascending by `from`. */
struct pgr_edges {
    struct pgr_edge *items;
    size_t count;
};

struct pgr_raw_function {
    uint32_t oid;
    const char *name;
    enum pgr_volatility volatility;
    enum pgr_origin origin;
    bool takes_composite;
};

struct pgr_raw_operator {
    const char *name;
    uint32_t function;
    bool is_builtin;
};

/* What lies somewhere below a relation, itself included. */
enum pgr_below {
    PGR_BELOW_FOREIGN = 1, /* a foreign table among its descendants */
    PGR_BELOW_EFFECT = 2,  /* under a view: something whose reading may change something */
};

struct pgr_raw_relation {
    uint32_t oid;
    const char *schema;
    const char *name;
    char kind;
    char persistence;
    bool has_row_security;
    bool has_triggers;
    bool has_rules;
    bool has_timetz;
    bool runs_code;             /* a write runs foreign code: defaults, checks, indexes … */
    bool policy_runs_code;      /* and so does a read, through its policies */
    unsigned below;             /* of enum pgr_below */
    enum pgr_reason view_block; /* what its own tree says, if a view */
};

struct pgr_raw_server {
    uint32_t database_oid;
    const char *system_identifier;
    uint32_t timeline;
    const char *postmaster_start;
    bool is_standby;
    int server_version;
    const char *pulse;   /* of the load */
    const char *version; /* D9's digest */
};

/* Several columns a row lie one after another. */
struct pgr_raw_names {
    const char **items;
    size_t count; /* of rows */
};

struct pgr_facts {
    struct pgr_catalog_arena *arena; /* borrowed */
    uint32_t taken;                  /* bit set of enum pgr_query */

    struct pgr_raw_server server;

    struct pgr_raw_relation *relations; /* ascending by oid */
    size_t relation_count;
    struct pgr_edges children; /* parent -> child */
    struct pgr_edges parents;  /* child -> parent */
    struct pgr_edges cascades; /* referenced -> referencing */
    struct pgr_edges reads;    /* view -> what its tree names; unknown oids stay */
    struct pgr_edges readers;  /* the same backwards */
    struct pgr_edges code;     /* oid -> letter of USER_CODE: 'r', 't', 'p' */
    struct pgr_edges view_at;  /* view -> index into view_words */
    const char **view_words;

    struct pgr_raw_function *functions; /* ascending by oid, aggregates as their parts */
    size_t function_count;
    struct pgr_edges aggregates; /* aggregate -> support function */
    struct pgr_raw_operator *operators;
    size_t operator_count;

    struct pgr_raw_names system; /* pairs: schema, name */
    struct pgr_type *types;
    size_t type_count;
    struct pgr_raw_names enums;
    struct pgr_raw_names date_columns;
    struct pgr_raw_names settings;
};

void pgr_facts_init(struct pgr_facts *facts, struct pgr_catalog_arena *arena);
void pgr_facts_fini(struct pgr_facts *facts);

/* INVALID when the rows are not what the query promises, NOMEM when memory is short. */
enum pgr_err pgr_facts_take(struct pgr_facts *facts, enum pgr_query query,
                            const struct pgr_rows *rows) PGR_MUST_CHECK;
/* After the last take: joins what the queries said one by one. False when memory is short. */
bool pgr_facts_join(struct pgr_facts *facts);

struct pgr_raw_relation *pgr_facts_relation(const struct pgr_facts *facts, uint32_t oid);
const struct pgr_raw_function *pgr_facts_function(const struct pgr_facts *facts, uint32_t oid);
/* The edges from this oid: *first and how many. */
size_t pgr_edges_from(const struct pgr_edges *edges, uint32_t from, const struct pgr_edge **first);
void pgr_edges_sort(struct pgr_edges *edges);

/*
 * What one function does to a reader: NONE if it is proven pure, UNSAFE_VIEW if its answer may
 * change by itself, USER_FUNCTION if calling it may change something.
 */
enum pgr_reason pgr_judge_function(const struct pgr_raw_function *function);
/* The same for a whole view, from the words of PGR_QUERY_VIEWS. */
enum pgr_reason pgr_judge_view(const struct pgr_facts *facts, const char *words);
/* How many relations these words name; their oids go to `oids` unless it is NULL. */
size_t pgr_view_relations(const char *words, uint32_t *oids);

/* What stands against remembering this relation's rows, views apart from what is below them. */
enum pgr_reason pgr_own_read_block(const struct pgr_raw_relation *relation);
/*
 * What reading it depends on and why it may not be remembered; what writing it may change. At most
 * PGR_RELSET_MAX oids go to `oids`.
 */
enum pgr_reason pgr_close_reads(const struct pgr_facts *facts, const struct pgr_raw_relation *start,
                                uint32_t *oids, size_t *count);
/* False: anything may change. */
bool pgr_close_writes(const struct pgr_facts *facts, const struct pgr_raw_relation *start,
                      uint32_t *oids, size_t *count);
