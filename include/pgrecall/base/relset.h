// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * relset.h - an immutable, sorted set of relation slots, shared by count.
 *
 * Why      what a read depends on and what a write changes are the same kind of thing: slots of
 *          the version table (cache/versions.h). A slot number is never reused in a process.
 * Threads  any.   Memory  refcounted, one allocation.   Errors  none.
 */
#include <stdatomic.h>

#include "pgrecall/base/base.h"

#define PGR_RELSET_MAX 64 /* larger write sets become "everything", larger reads a bypass */

struct pgr_relset {
    _Atomic uint32_t refs;
    uint32_t count;
    uint32_t slots[]; /* ascending, no duplicates */
};

/* Copies, sorts and removes duplicates; returns owned. */
struct pgr_relset *pgr_relset_create(const uint32_t *slots, size_t count);
struct pgr_relset *pgr_relset_ref(const struct pgr_relset *set);
void pgr_relset_unref(const struct pgr_relset *set); /* NULL is allowed */
struct pgr_relset *pgr_relset_union(const struct pgr_relset *a,
                                    const struct pgr_relset *b); /* NULLs allowed */
bool pgr_relset_has(const struct pgr_relset *set, uint32_t slot);
bool pgr_relset_intersects(const struct pgr_relset *a, const struct pgr_relset *b);
