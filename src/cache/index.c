// SPDX-License-Identifier: PostgreSQL
/*
 * Linear probing with backward-shift removal: no tombstones, so look-ups stay short however long
 * the shard lives. At most 3/4 full; halved when under 1/8, so that growing and shrinking are
 * amortised over the puts and removals between them.
 */
#include "index_priv.h"

#include "charge_priv.h"

enum {
    MIN_CAP = 16,
};

#define MAX_CAP ((size_t)1 << 31) /* the tag's bits are the address */

static uint32_t tag_of(struct pgr_hash128 hash)
{
    return (uint32_t)hash.low;
}

static size_t next_of(const struct pgr_index *index, size_t at)
{
    return (at + 1) & (index->cap - 1);
}

void pgr_index_fini(struct pgr_index *index)
{
    pgr_free(index->cells);
    *index = (struct pgr_index){0};
}

static bool is_key_of(const struct pgr_entry *entry, const struct pgr_key *key)
{
    return entry->hash.low == key->hash.low && entry->hash.high == key->hash.high &&
           pgr_bytes_eq(PGR_BYTES(entry->key, entry->key_len), key->bytes);
}

struct pgr_node *pgr_index_find(const struct pgr_index *index, const struct pgr_key *key)
{
    if (index->count == 0)
        return NULL;
    uint32_t tag = tag_of(key->hash);
    size_t at = tag & (index->cap - 1);
    for (; index->cells[at].node != NULL; at = next_of(index, at)) {
        if (index->cells[at].tag == tag && is_key_of(index->cells[at].node->entry, key))
            return index->cells[at].node;
    }
    return NULL;
}

static void place(struct pgr_index *index, struct pgr_cell cell)
{
    size_t at = cell.tag & (index->cap - 1);
    while (index->cells[at].node != NULL)
        at = next_of(index, at);
    index->cells[at] = cell;
}

void pgr_index_insert(struct pgr_index *index, struct pgr_node *node)
{
    PGR_ASSERT(!pgr_index_is_full(index));
    place(index, (struct pgr_cell){node, tag_of(node->entry->hash)});
    index->count++;
}

/* Moves up what would no longer be found behind the hole: cells whose home is not after it. */
static void close_hole(struct pgr_index *index, size_t hole)
{
    size_t mask = index->cap - 1;
    for (size_t at = next_of(index, hole); index->cells[at].node != NULL; at = next_of(index, at)) {
        size_t home = index->cells[at].tag & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            index->cells[hole] = index->cells[at];
            hole = at;
        }
    }
    index->cells[hole].node = NULL;
}

void pgr_index_remove(struct pgr_index *index, const struct pgr_node *node)
{
    size_t at = tag_of(node->entry->hash) & (index->cap - 1);
    while (index->cells[at].node != node) {
        PGR_ASSERT(index->cells[at].node != NULL);
        at = next_of(index, at);
    }
    close_hole(index, at);
    index->count--;
}

bool pgr_index_is_full(const struct pgr_index *index)
{
    return index->count + 1 > index->cap - index->cap / 4;
}

size_t pgr_index_next_cap(const struct pgr_index *index)
{
    return index->cap ? index->cap * 2 : MIN_CAP;
}

static size_t grown_len(const struct pgr_index *index)
{
    return pgr_index_next_cap(index) * sizeof(struct pgr_cell);
}

size_t pgr_index_growth_cost(const struct pgr_index *index)
{
    return pgr_charge_estimate(grown_len(index));
}

bool pgr_index_grow(struct pgr_index *index)
{
    if (index->cap >= MAX_CAP)
        return false;
    size_t len = grown_len(index);
    struct pgr_cell *cells = pgr_try_alloc(len);
    if (cells == NULL)
        return false;
    memset(cells, 0, len);
    struct pgr_index old = *index;
    index->cells = cells;
    index->cap = len / sizeof(*cells);
    index->bytes = pgr_charge_of(cells);
    for (size_t i = 0; i < old.cap; i++) {
        if (old.cells[i].node != NULL)
            place(index, old.cells[i]);
    }
    pgr_free(old.cells);
    return true;
}

bool pgr_index_is_sparse(const struct pgr_index *index)
{
    return index->cap > MIN_CAP && index->count < index->cap / 8;
}

/*
 * In place, since this runs when memory is what is missing: cells are packed at the far end, which
 * the sparse table never reaches with its first half, then placed anew in that half.
 */
void pgr_index_shrink(struct pgr_index *index)
{
    struct pgr_cell *cells = index->cells;
    size_t packed = index->cap;
    for (size_t i = index->cap; i-- > 0;) {
        if (cells[i].node != NULL)
            cells[--packed] = cells[i];
    }
    size_t old_cap = index->cap;
    index->cap = old_cap / 2;
    PGR_ASSERT(packed >= index->cap);
    memset(cells, 0, index->cap * sizeof(*cells));
    for (size_t i = packed; i < old_cap; i++)
        place(index, cells[i]);
    struct pgr_cell *smaller = pgr_try_realloc(cells, index->cap * sizeof(*cells));
    if (smaller != NULL)
        index->cells = smaller;
    index->bytes = pgr_charge_of(index->cells);
}
