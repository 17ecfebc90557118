// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * store.h - L1: 2^k shards, each a mutex, an open-addressing index and S3-FIFO queues.
 *
 * Why      a hit is one lock, one compare, one reference; the byte budget is hard and counts
 *          everything (keys, values, index, slack); all costs are O(1) amortised.
 * Threads  any; a shard's lock is never held over a callback.
 * Memory   budget / shards per shard; an entry larger than a quarter of its shard is refused.
 * Errors   put may refuse (false): nothing is lost but a later hit.
 */
#include "pgrecall/cache/entry.h"

struct pgr_store;

struct pgr_store *pgr_store_create(uint64_t budget, uint32_t shards);
void pgr_store_destroy(struct pgr_store **store);
/* May be changed at any time (reload); shrinking evicts at once. */
void pgr_store_set_budget(struct pgr_store *store, uint64_t budget);
uint64_t pgr_store_seed(const struct pgr_store *store); /* for pgr_key_build */

/* A reference to the entry with exactly these key bytes, or NULL. */
struct pgr_entry *pgr_store_get(struct pgr_store *store, const struct pgr_key *key);
/*
 * Takes the caller's reference in any case; replaces an entry of the same key, unless that one was
 * born later.
 */
bool pgr_store_put(struct pgr_store *store, struct pgr_entry *entry);
/* Removes exactly this entry if it is still there: found outdated by a reader. */
void pgr_store_drop(struct pgr_store *store, const struct pgr_entry *entry);
void pgr_store_clear(struct pgr_store *store);
/* Gives back memory of entries born before the time given, at most `limit` looked at per call. */
size_t pgr_store_sweep(struct pgr_store *store, uint64_t born_before_us, size_t limit);

struct pgr_store_stats {
    uint64_t entries;
    uint64_t bytes; /* charged, index included; never above the budget */
    uint64_t evictions;
    uint64_t refused;
};
void pgr_store_stats(struct pgr_store *store, struct pgr_store_stats *out);
