// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * calls_priv.h - what calling something by its name may do: to an answer, and to the database.
 *
 * Why      verdicts and effects ask the same catalog about the same names; a name that one of them
 *          calls harmless and the other does not would be a hole.
 * Threads  any; pure.   Memory  borrows.
 * Errors   an unknown name may do anything.
 */
#include "pgrecall/catalog/snapshot.h"
#include "pgrecall/policy/effects.h"
#include "pgrecall/sql/stmt.h"

/*
 * A name that cannot be resolved, or a write of which more is unknown than its target (triggers,
 * defaults): anything may be written, any setting changed.
 */
#define PGR_EFFECTS_UNRESOLVED (PGR_EFFECT_WRITES_ALL | PGR_EFFECT_SETTINGS)
/* Code that is neither PostgreSQL's own nor an extension's is called by the statement itself. */
#define PGR_EFFECTS_CODE (PGR_EFFECTS_UNRESOLVED | PGR_EFFECT_STATEMENTS)

/* pg_temp, pg_temp_3: what lies there is no snapshot's. */
bool pgr_is_temp_schema(const char *schema);

/* The answer depends on the arguments, keyed settings and definitions only (A4). */
bool pgr_function_is_pure(const struct pgr_function *function);
/* Likewise, of every meaning the operator has. */
bool pgr_operator_is_pure(const struct pgr_operator *found);
/* A type whose input may read 'now' and its kin, or a range or an array of such. */
bool pgr_type_reads_date_words(const char *name);

/* Bits of enum pgr_effect; a NULL function, operator or type is one not in the snapshot. */
unsigned pgr_function_effects(const struct pgr_function *function, const char *name);
unsigned pgr_operator_effects(const struct pgr_operator *found);
unsigned pgr_cast_effects(const struct pgr_type *type, const struct pgr_type_ref *ref);
