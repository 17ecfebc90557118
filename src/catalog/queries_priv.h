// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * queries_priv.h - what is asked of PostgreSQL's catalogs (correctness.md D), as one table.
 *
 * Why      the loader sends them in this order, the builder takes their rows in this order.
 * Threads  any.   Memory  static; scripts are owned by the caller.   Errors  none.
 */
#include "pgrecall/base/base.h"

enum pgr_query {
    PGR_QUERY_IDENTITY,   /* D8, G15: which server, and its state */
    PGR_QUERY_VERSION,    /* D9: one digest of all definitions */
    PGR_QUERY_RELATIONS,  /* D1 */
    PGR_QUERY_SYSTEM,     /* names that are no user's */
    PGR_QUERY_CHILDREN,   /* D2, direct edges */
    PGR_QUERY_CASCADES,   /* D1 */
    PGR_QUERY_USER_CODE,  /* D1: whose write runs code that is not PostgreSQL's, and such types */
    PGR_QUERY_VIEWS,      /* D3, D4 */
    PGR_QUERY_FUNCTIONS,  /* D5, D7 */
    PGR_QUERY_AGGREGATES, /* G12 */
    PGR_QUERY_OPERATORS,  /* D6 */
    PGR_QUERY_TYPES,
    PGR_QUERY_ENUMS,
    PGR_QUERY_DATE_COLUMNS,
    PGR_QUERY_SETTINGS,
    PGR_QUERY_COUNT
};

struct pgr_query_text {
    const char *name;
    const char *sql; /* without a final semicolon; NULL for VERSION, which is put together */
    int columns;
};

extern const struct pgr_query_text pgr_queries[PGR_QUERY_COUNT];

/* Statements of a script before its first query: BEGIN and the SETs. */
#define PGR_SCRIPT_PREFIX 5

/* BEGIN … queries … COMMIT: the whole snapshot in one read-only transaction. Owned by the caller.
 */
char *pgr_query_script_load(void);
/* The same for IDENTITY and VERSION alone. */
char *pgr_query_script_version(void);
/* The pulse (as in IDENTITY's last column) and pg_conf_load_time(): one row. */
extern const char pgr_query_pulse[];
