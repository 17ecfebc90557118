// SPDX-License-Identifier: PostgreSQL
#include "arena_priv.h"

#include <stdalign.h>
#include <string.h>

#include "pgrecall/base/mem.h"

#define CHUNK_MIN ((size_t)1 << 10)
#define CHUNK_MAX ((size_t)256 << 10)

struct pgr_arena_chunk {
    struct pgr_arena_chunk *older;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

void pgr_arena_init(struct pgr_arena *arena, size_t max)
{
    *arena = (struct pgr_arena){.max = max};
}

void pgr_arena_fini(struct pgr_arena *arena)
{
    struct pgr_arena_chunk *chunk = arena->head;
    while (chunk != NULL) {
        struct pgr_arena_chunk *older = chunk->older;
        pgr_free(chunk);
        chunk = older;
    }
    *arena = (struct pgr_arena){.max = arena->max};
}

/* A new chunk that holds at least `size` bytes: twice the last one, within limits. */
static bool add_chunk(struct pgr_arena *arena, size_t size)
{
    size_t want = arena->head ? arena->head->size * 2 : CHUNK_MIN;
    if (want > CHUNK_MAX)
        want = CHUNK_MAX;
    if (want < size)
        want = size;
    if (want > arena->max || arena->taken > arena->max - want) {
        arena->is_full = true;
        return false;
    }
    struct pgr_arena_chunk *chunk = pgr_try_alloc(sizeof *chunk + want);
    if (chunk == NULL)
        return false;
    chunk->older = arena->head;
    chunk->size = want;
    chunk->used = 0;
    arena->head = chunk;
    arena->taken += want;
    return true;
}

void *pgr_arena_alloc(struct pgr_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > arena->max) {
        arena->is_full = true;
        return NULL;
    }
    size = (size + align - 1) / align * align;
    if (arena->head == NULL || arena->head->size - arena->head->used < size) {
        if (!add_chunk(arena, size))
            return NULL;
    }
    void *out = arena->head->data + arena->head->used;
    arena->head->used += size;
    return out;
}

char *pgr_arena_copy(struct pgr_arena *arena, const void *data, size_t len)
{
    char *out = pgr_arena_alloc(arena, len + 1);
    if (out == NULL)
        return NULL;
    if (len > 0)
        memcpy(out, data, len);
    out[len] = '\0';
    return out;
}
