// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * arena_priv.h - memory that is given back all at once, with a ceiling.
 *
 * Why      a statement's strings die together; a parse tree is as large as a client's text makes
 * it. Threads  owner's. Memory   embedded; init/fini. Chunks grow from 1 KiB to 256 KiB. Errors
 * alloc returns NULL at the ceiling or when memory is short; `is_full` tells which.
 */
#include "pgrecall/base/base.h"

struct pgr_arena_chunk;

struct pgr_arena {
    struct pgr_arena_chunk *head;
    size_t taken; /* bytes of all chunks */
    size_t max;
    bool is_full; /* an alloc was refused by the ceiling */
};

void pgr_arena_init(struct pgr_arena *arena, size_t max);
void pgr_arena_fini(struct pgr_arena *arena);
/* Not zeroed, aligned for any object. */
void *pgr_arena_alloc(struct pgr_arena *arena, size_t size);
/* A NUL-terminated copy. */
char *pgr_arena_copy(struct pgr_arena *arena, const void *data, size_t len);
