// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * kinds_priv.h - what a statement may change by its kind alone, and which of its names add to that.
 *
 * Threads  any; a const table.   Memory  static.
 * Errors   a kind without a row may do anything.
 */
#include "pgrecall/policy/effects.h"

/* Which names take effect when the statement runs. */
enum pgr_kind_names {
    PGR_NAMES_CALLED = 1 << 0,  /* functions, operators, casts, and what views and policies call */
    PGR_NAMES_WRITTEN = 1 << 1, /* targets: their rows */
    PGR_NAMES_PLANNED = 1 << 2, /* targets: looked at by the planner, which runs defaults' code */
    PGR_NAMES_LOCKED = 1 << 3,  /* targets: locked as if written */
};

/* MULTI, UNPARSED and their kin. */
#define PGR_EFFECTS_EVERYTHING                                                                     \
    (PGR_EFFECT_WRITES_ALL | PGR_EFFECT_DEFINITION | PGR_EFFECT_MAY_COMMIT | PGR_EFFECT_SETTINGS | \
     PGR_EFFECT_STATEMENTS)

struct pgr_kind_effects {
    unsigned flags;
    unsigned names;
};

/* By kind, setting and other facts that need no catalog. */
struct pgr_kind_effects pgr_kind_effects(const struct pgr_stmt *stmt);
