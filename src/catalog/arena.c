// SPDX-License-Identifier: PostgreSQL
#include "arena_priv.h"

#include <stdalign.h>

#include "pgrecall/base/mem.h"

#define CHUNK_SIZE ((size_t)64 << 10)
#define ALIGNMENT  alignof(max_align_t)

struct pgr_catalog_chunk {
    struct pgr_catalog_chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t data[];
};

static struct pgr_catalog_chunk *add_chunk(struct pgr_catalog_arena *arena, size_t size)
{
    struct pgr_catalog_chunk *chunk = pgr_try_alloc(sizeof(*chunk) + size);
    if (chunk == NULL) {
        arena->is_short = true;
        return NULL;
    }
    chunk->used = 0;
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

static void *take(struct pgr_catalog_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        arena->is_short = true;
        return NULL;
    }
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct pgr_catalog_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < rounded)
        chunk = add_chunk(arena, rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE);
    if (chunk == NULL)
        return NULL;
    void *piece = chunk->data + chunk->used;
    chunk->used += rounded;
    return piece;
}

void *pgr_catalog_arena_alloc(struct pgr_catalog_arena *arena, size_t size)
{
    void *piece = take(arena, size);
    return piece ? memset(piece, 0, size) : NULL;
}

const char *pgr_catalog_arena_str(struct pgr_catalog_arena *arena, const char *s)
{
    if (s == NULL)
        return NULL;
    size_t len = strlen(s) + 1;
    char *copy = take(arena, len);
    return copy ? memcpy(copy, s, len) : NULL;
}

void pgr_catalog_arena_fini(struct pgr_catalog_arena *arena)
{
    for (struct pgr_catalog_chunk *chunk = arena->chunks; chunk != NULL;) {
        struct pgr_catalog_chunk *next = chunk->next;
        pgr_free(chunk);
        chunk = next;
    }
    *arena = (struct pgr_catalog_arena){0};
}
