// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * prepared_priv.h - the prepared statements and portals of one session, as the client knows them.
 *
 * Why      Bind and Execute name what an earlier Parse and Bind defined; a hit may only stand for
 *          what PostgreSQL parsed under the same settings and definitions (A3, G5).
 * Threads  the session's; pure.
 * Memory   statements are counted; the map is bounded by PGR_PREPARED_MAX names (beyond it a new
 *          name is simply not known, and its statement not cached).
 * Errors   what is not known is NULL: bypass, and a possible write to everything.
 */
#include "pgrecall/base/blob.h"
#include "pgrecall/sql/stmt.h"
#include "pgrecall/wire/frontend.h"

#define PGR_PREPARED_MAX 4096

struct pgr_prepared {
    uint32_t refs;
    struct pgr_blob *message; /* the whole Parse message: text and oids point into it */
    struct pgr_bytes name;
    struct pgr_bytes text;
    struct pgr_bytes oids;
    struct pgr_stmt *stmt; /* its analysis, a reference */
    uint64_t sent_epoch;   /* of the catalog when it was last executed */
    uint64_t generation;   /* of the session's settings when it was parsed */
    uint64_t conf_epoch;   /* likewise */
    uint64_t context_id;   /* settings under which PostgreSQL parsed it; 0: unknown */
    uint64_t epoch;        /* of the catalog it was parsed or last executed in; 0: unknown */
    bool is_confirmed;     /* ParseComplete was seen (or told) */
};

/* From a whole Parse message (head included) and its analysis; NULL when memory is short. */
struct pgr_prepared *pgr_prepared_create(struct pgr_bytes message, const struct pgr_stmt *stmt);
struct pgr_prepared *pgr_prepared_ref(struct pgr_prepared *prepared);
void pgr_prepared_unref(struct pgr_prepared *prepared); /* NULL is allowed */

/* name -> prepared. The unnamed statement is the empty name. */
struct pgr_names;
struct pgr_names *pgr_names_create(void);
void pgr_names_destroy(struct pgr_names **names);
struct pgr_prepared *pgr_names_get(const struct pgr_names *names, struct pgr_bytes name);
/* References `prepared`, replacing what the name meant; NULL removes the name. */
void pgr_names_put(struct pgr_names *names, struct pgr_bytes name, struct pgr_prepared *prepared);
/* Removes the name if it still means exactly this statement. */
void pgr_names_drop(struct pgr_names *names, const struct pgr_prepared *prepared);
void pgr_names_clear(struct pgr_names *names);
/* Keeps the unnamed one and those in `list` (separated by \001). */
void pgr_names_keep(struct pgr_names *names, const char *list);
