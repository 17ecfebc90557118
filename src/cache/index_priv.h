// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * index_priv.h - a shard's table from key to node: open addressing, linear probing, powers of two.
 *
 * Threads  under the shard's lock.
 * Memory   one array. `bytes` is what it costs; none is held while it was never used.
 * Errors   grow returns false when memory is short and changes nothing; shrink cannot fail.
 */
#include "pgrecall/cache/key.h"

#include "node_priv.h"

struct pgr_cell {
    struct pgr_node *node; /* NULL: empty */
    uint32_t tag;          /* the hash's low bits: where it belongs, and most of the comparison */
};

struct pgr_index {
    struct pgr_cell *cells;
    size_t cap;
    size_t count;
    size_t bytes;
};

void pgr_index_fini(struct pgr_index *index); /* leaves an empty index; nodes are not its own */

struct pgr_node *pgr_index_find(const struct pgr_index *index, const struct pgr_key *key);
/* Needs a place: not while pgr_index_is_full(). The key must not be there yet. */
void pgr_index_insert(struct pgr_index *index, struct pgr_node *node);
void pgr_index_remove(struct pgr_index *index, const struct pgr_node *node);

bool pgr_index_is_full(const struct pgr_index *index);
/* Cells after the next growth, and what their array will cost at most, beside the present one. */
size_t pgr_index_next_cap(const struct pgr_index *index);
size_t pgr_index_growth_cost(const struct pgr_index *index);
bool pgr_index_grow(struct pgr_index *index) PGR_MUST_CHECK;
/* So sparse that halving pays; halving needs no memory. */
bool pgr_index_is_sparse(const struct pgr_index *index);
void pgr_index_shrink(struct pgr_index *index);
