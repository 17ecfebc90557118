// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * name_priv.h - the nearest right name for a wrong one.
 *
 * Threads  any.   Memory  embedded.   Errors  none: with nothing near, `name` stays empty.
 */
#include "pgrecall/base/base.h"

#define PGR_NAME_MAX 64

struct pgr_nearest {
    const char *wrong;
    unsigned distance; /* of `name`; only nearer ones replace it */
    char name[PGR_NAME_MAX];
};

/*
 * Slips of the finger that lead from a to b: letters changed, missing, added, or two neighbours
 * swapped, upper and lower case alike. Names longer than PGR_NAME_MAX - 1 are far from everything.
 */
unsigned pgr_name_distance(const char *a, const char *b);

void pgr_nearest_init(struct pgr_nearest *nearest, const char *wrong);
/* Keeps `name` if it is near enough to have been meant, and nearer than what is kept. */
void pgr_nearest_offer(struct pgr_nearest *nearest, const char *name);
