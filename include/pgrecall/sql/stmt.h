// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * stmt.h - what one SQL text says by itself, without a catalog: kind, names, refusals.
 *
 * Why      analysis of the raw parse tree is an allow-list (correctness.md A4): every node type is
 *          known to be harmless, or contributes a name to be resolved, or sets `block`.
 * Threads  immutable once returned; shared by count.
 * Memory   one arena per statement; strings and arrays live as long as the statement.
 * Errors   never fails: what cannot be analysed is kind UNPARSED (or MULTI) with a reason, and is
 *          then a possible write to everything.
 */
#include <stdatomic.h>

#include "pgrecall/base/bytes.h"
#include "pgrecall/base/reasons.h"

enum pgr_stmt_kind {
#define X(name, word) PGR_STMT_##name,
#include "pgrecall/sql/stmt_kinds.def"
#undef X
    PGR_STMT_KIND_COUNT
};

/* The class of a query type (design 3), guessed from the tree; it only names rules and log lines. */
enum pgr_class {
    PGR_CLASS_POINT_LOOKUP, /* one relation, equality (=) on columns, no list, no ORDER BY … */
    PGR_CLASS_FEATURE_RETRIEVAL, /* one relation, equality or IN/ANY plus ORDER BY/LIMIT, or a list of keys */
    PGR_CLASS_VECTOR_SEARCH, /* <-> <=> <#> <+> or a *distance*() call, with ORDER BY */
    PGR_CLASS_DOCUMENT_LOOKUP, /* text search or jsonb operators, or WHERE … IN over a relation with LIKE/@@/->> */
    PGR_CLASS_AGGREGATE, /* GROUP BY, or an aggregate call among the targets */
    PGR_CLASS_BATCH_LOAD, /* LIMIT of 500 or more, COPY OUT, or a scan without WHERE and LIMIT, FETCH */
    PGR_CLASS_WRITE,
    PGR_CLASS_TRANSACTION,
    PGR_CLASS_UTILITY,
    PGR_CLASS_OTHER,
    PGR_CLASS_COUNT
};

enum pgr_rel_use {
    PGR_REL_READ,
    PGR_REL_WRITE,
};

struct pgr_rel_ref {
    const char *schema; /* NULL: by search_path; "pg_temp" possible */
    const char *name;
    enum pgr_rel_use use;
};

struct pgr_func_ref {
    const char *schema; /* NULL: by search_path */
    const char *name;
    uint32_t arg_count; /* as written */
};

struct pgr_type_ref {
    const char *schema;
    const char *name; /* internal name: int4, timestamptz, vector; arrays without [] */
    bool is_array;
    bool of_literal; /* of a literal, a parameter or an ARRAY of these: only then does the search
                             for date words (in literals here, in parameters at Bind) see its input */
};

struct pgr_stmt {
    _Atomic uint32_t refs;
    enum pgr_stmt_kind kind;
    enum pgr_class class;
    /* The first refusal found in the tree, NONE if a catalog may still allow it. Of any kind that is
     * walked: it forbids an answer from the cache only to a SELECT, but UNKNOWN_NODE in any statement
     * means that names may be missing below, so that it may write anything (and so it goes before any
     * other refusal). MULTI/UNPARSED: always. */
    enum pgr_reason block;
    uint64_t fingerprint;
    struct pgr_bytes normal; /* normalised text, at most 2000 bytes: for log lines */

    const struct pgr_rel_ref *relations;
    size_t relation_count;
    const struct pgr_func_ref *functions;
    size_t function_count;
    const struct pgr_type_ref *types; /* casts */
    size_t type_count;
    const char *const *operators; /* names, deduplicated; OPERATOR(schema.x) sets block */
    size_t operator_count;
    const char *const *columns; /* last names of column references of two or more parts, or of
                                         field selections (attribute notation); deduplicated */
    size_t column_count;

    const char *setting; /* SET, RESET, SHOW: lower-case name; DISCARD: its word; BEGIN and SET
                                 TRANSACTION: the isolation level in lower case, NULL if none is named */
    bool is_local;       /* SET LOCAL, SET TRANSACTION (not SESSION CHARACTERISTICS) */
    bool is_chain;       /* COMMIT/ROLLBACK AND CHAIN */
    bool creates_temp;   /* CREATE TEMP …, SELECT INTO TEMP */
    bool locks_rows;     /* FOR UPDATE/SHARE anywhere */
    bool has_limit;
    const char *name; /* of what is prepared, of a cursor, savepoint, channel, gid of PREPARE_TX …;
                                 NULL: none or ALL */
};

/*
 * Analyses one text. Runs libpg_query: the calling thread needs PGR_PARSE_STACK. Guards first
 * (correctness.md C): longer than PGR_ANALYZE_MAX, or a run of more than 256 operator characters,
 * gives UNPARSED with TOO_LONG or OPERATOR_RUN. A long plain INSERT … VALUES is still recognised by
 * its tokens (G13) up to any length. Returns owned.
 */
#define PGR_ANALYZE_MAX ((size_t)64 << 10)
struct pgr_stmt *pgr_analyze(struct pgr_bytes text);
/* A text of which only the front was seen: UNPARSED, TOO_LONG, fingerprint of the front. */
struct pgr_stmt *pgr_stmt_cut(struct pgr_bytes front);

struct pgr_stmt *pgr_stmt_ref(const struct pgr_stmt *stmt);
void pgr_stmt_unref(const struct pgr_stmt *stmt); /* NULL is allowed */

const char *pgr_stmt_kind_name(enum pgr_stmt_kind kind);
/* "point lookup", …: the words of rules and log lines. */
const char *pgr_class_name(enum pgr_class class);
bool pgr_class_by_name(const char *name, enum pgr_class *out);
