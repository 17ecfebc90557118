// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * arena_priv.h - memory that lives and dies with one snapshot.
 *
 * Threads  owner's while it grows; any once it is only read.
 * Memory   chunks of 64 KiB (larger pieces get their own); fini frees all at once.
 * Errors   how much is needed is the server's choice: NULL when memory is short, and `is_short`
 *          stays set, so that a run of calls may be checked once at its end.
 */
#include "pgrecall/base/base.h"

struct pgr_catalog_arena {
    struct pgr_catalog_chunk *chunks;
    bool is_short;
};

void *pgr_catalog_arena_alloc(struct pgr_catalog_arena *arena, size_t size); /* zeroed, aligned */
/* Copies; NULL gives NULL. */
const char *pgr_catalog_arena_str(struct pgr_catalog_arena *arena, const char *s);
void pgr_catalog_arena_fini(struct pgr_catalog_arena *arena);
