// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * effects.h - what a statement may change: relations, definitions, settings, locks, session
 * objects.
 *
 * Why      the session must know, before it forwards a message, what to put in flight and what it
 *          no longer knows (correctness.md A3, A5, A6, B1, G1–G8, G11).
 * Threads  any; pure.
 * Memory   holds a reference to the write set; fini releases it.
 * Errors   every doubt widens the effects.
 */
#include "pgrecall/catalog/snapshot.h"
#include "pgrecall/sql/stmt.h"

enum pgr_effect {
    /* May change anything: W = ALL. */
    PGR_EFFECT_WRITES_ALL = 1 << 0,
    /* DDL: the catalog is to be read again (W = ALL as well). */
    PGR_EFFECT_DEFINITION = 1 << 1,
    /* Takes ACCESS EXCLUSIVE: in flight from now to the end of the transaction (G8). */
    PGR_EFFECT_EXCLUSIVE = 1 << 2,
    /* May commit while it runs, not only at Sync or COMMIT. */
    PGR_EFFECT_MAY_COMMIT = 1 << 3,
    /* Settings, role, search_path or temp objects may differ afterwards. */
    PGR_EFFECT_SETTINGS = 1 << 4,
    /* Prepared statements may be gone or made (DISCARD, DEALLOCATE, PREPARE, opaque). */
    PGR_EFFECT_STATEMENTS = 1 << 5,
    /* Explicit lock until the transaction ends. */
    PGR_EFFECT_LOCKS = 1 << 6,
    /* Advisory lock until unlock_all, DISCARD ALL or the session's end … */
    PGR_EFFECT_SESSION_LOCK = 1 << 7,
    /* … this one releases them all. */
    PGR_EFFECT_UNLOCKS = 1 << 8,
};

struct pgr_effects {
    unsigned flags;                  /* of enum pgr_effect */
    const struct pgr_relset *writes; /* slots, NULL when nothing or ALL */
    const char *setting; /* dotted name seen in SET: the probe must ask for it; or NULL */
};

/*
 * `catalog` NULL: nothing can be resolved, every write is ALL. `path` NULL: search_path unknown,
 * likewise for unqualified names. A plain read whose functions are all known harmless has no
 * effects.
 */
void pgr_effects_of(const struct pgr_stmt *stmt, const struct pgr_catalog *catalog,
                    const struct pgr_search_path *path, struct pgr_effects *out);
void pgr_effects_fini(struct pgr_effects *effects);

/* SET of this name changes neither results nor the meaning of names (A2 "neutral"). */
bool pgr_setting_is_neutral(const char *name);
