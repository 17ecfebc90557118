// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * snapshot.h - what we know of one database's catalog: immutable, swapped whole.
 *
 * Why      names must be resolved as PostgreSQL would, and every doubt must be visible as such
 *          (correctness.md D; queries D1–D8).
 * Threads  immutable, shared by count.
 * Memory   one arena; strings and sets live with the snapshot.
 * Errors   look-ups return NULL for what is not there: the caller refuses.
 */
#include <stdatomic.h>

#include "pgrecall/base/reasons.h"
#include "pgrecall/base/relset.h"

enum pgr_volatility {
    PGR_IMMUTABLE,
    PGR_STABLE,
    PGR_VOLATILE,
};

struct pgr_relation {
    uint32_t oid;
    uint32_t slot; /* of the version table */
    const char *schema;
    const char *name;
    char kind;        /* pg_class.relkind */
    char persistence; /* pg_class.relpersistence */
    bool has_row_security;
    /* Reading it: every slot below it after view expansion, itself included (no ALL slot).
     * `read_block` says why it may not be read from the cache, NONE if it may; USER_FUNCTION, which
     * outweighs every other word, says that a view or policy calls something that may write, lock
     * or change settings: such a read is itself a possible write to everything (G11). */
    const struct pgr_relset *reads;
    enum pgr_reason read_block;
    /* Writing it: itself, descendants, ancestors, cascade closure, base tables of a view (A6).
     * NULL: the write may change anything (triggers, rules, user functions in defaults or checks).
     */
    const struct pgr_relset *writes;
};

/* The worst over all functions of one name in all schemas (D5, G12: aggregates over their parts).
 */
struct pgr_function {
    const char *name;
    enum pgr_volatility volatility;
    bool is_builtin_only; /* every overload lies in pg_catalog with oid < 16384 */
    bool is_c_extension;  /* every overload that is not builtin is C-language and extension-owned */
    bool takes_composite; /* callable in attribute notation (D7), and not proven pure */
    bool is_user_only;    /* no overload is builtin: whoever calls it means the user's */
};

struct pgr_operator {
    const char *name;
    enum pgr_volatility volatility;
    bool is_builtin_only;
    bool is_c_extension;
};

struct pgr_type {
    const char *name;
    bool is_builtin_plain; /* base or range or array type in pg_catalog: no domain, enum, reg*, xml,
                              pseudo */
    bool is_c_extension;   /* base type owned by an extension (vector …) */
    bool runs_no_code;     /* neither of these, but making a value calls nothing foreign: enums */
};

struct pgr_catalog {
    _Atomic uint32_t refs;
    uint64_t epoch; /* grows with each load in this process, over all databases */
    uint32_t database_id;
    uint32_t database_oid;
    uint32_t all_slot;
    const char *system_identifier; /* decimal */
    uint32_t timeline;
    const char *postmaster_start; /* as text in ISO form */
    bool is_standby;
    int server_version; /* 150020 */
    /* Dotted settings named in pg_db_role_setting: the session probe must ask for them too. */
    const char *const *extra_settings;
    size_t extra_setting_count;
    struct pgr_catalog_index *index; /* private */
};

struct pgr_catalog *pgr_catalog_ref(const struct pgr_catalog *catalog);
void pgr_catalog_unref(const struct pgr_catalog *catalog); /* NULL is allowed */

/* The schemas a session searches, in order, as current_schemas(true) gave them. */
struct pgr_search_path {
    const char *const *schemas;
    size_t count;
};

/*
 * Resolves a possibly qualified name. `schema` NULL: first match along the path (pg_catalog first
 * when the path does not name it). *is_system is set when the name resolves to a relation of
 * pg_catalog, information_schema or pg_toast (which the snapshot otherwise does not hold).
 */
const struct pgr_relation *pgr_catalog_relation(const struct pgr_catalog *catalog,
                                                const struct pgr_search_path *path,
                                                const char *schema, const char *name,
                                                bool *is_system);
const struct pgr_function *pgr_catalog_function(const struct pgr_catalog *catalog,
                                                const char *name);
const struct pgr_operator *pgr_catalog_operator(const struct pgr_catalog *catalog,
                                                const char *name);
const struct pgr_type *pgr_catalog_type(const struct pgr_catalog *catalog, const char *name);
/*
 * False only if columns of this name exist and all of them, in every relation, are date, time,
 * timestamp or timestamptz: else a cast of it to a date type may meet 'now'.
 */
bool pgr_catalog_column_may_be_text(const struct pgr_catalog *catalog, const char *column);
