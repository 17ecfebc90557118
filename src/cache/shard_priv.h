// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * shard_priv.h - one part of the store: a lock, an index, the queues and a hard byte budget.
 *
 * Threads  any; each call takes the lock once.
 * Memory   what a call throws out is moved to the list `out`, for the caller to destroy after the
 *          lock is gone: an entry's end may call back (tag_unref).
 * Errors   put returns false and has then taken nothing.
 */
#include "pgrecall/base/thread.h"
#include "pgrecall/cache/store.h"

#include "evict_priv.h"
#include "index_priv.h"

struct pgr_shard {
    struct pgr_mutex lock;
    struct pgr_index index;
    struct pgr_evict evict;
    size_t budget;
    size_t used;         /* charges of all nodes */
    size_t sweep_cursor; /* a cell */
    uint64_t evictions;
    uint64_t refused;
};

void pgr_shard_init(struct pgr_shard *shard, size_t budget);
void pgr_shard_fini(struct pgr_shard *shard); /* it must have been cleared */

/* What counts against the budget now. The caller holds the lock or is alone. */
size_t pgr_shard_bytes(const struct pgr_shard *shard);

struct pgr_entry *pgr_shard_get(struct pgr_shard *shard, const struct pgr_key *key);
bool pgr_shard_put(struct pgr_shard *shard, struct pgr_node *node, struct pgr_list *out);
void pgr_shard_drop(struct pgr_shard *shard, const struct pgr_entry *entry, struct pgr_list *out);
void pgr_shard_clear(struct pgr_shard *shard, struct pgr_list *out);
void pgr_shard_set_budget(struct pgr_shard *shard, size_t budget, struct pgr_list *out);
void pgr_shard_count_refused(struct pgr_shard *shard);
void pgr_shard_add_stats(struct pgr_shard *shard, struct pgr_store_stats *sum);

struct pgr_sweep {
    uint64_t born_before_us;
    size_t left; /* cells that may still be looked at */
    size_t dropped;
};
/* Goes on where the last sweep of this shard stopped; true when its end was reached. */
bool pgr_shard_sweep(struct pgr_shard *shard, struct pgr_sweep *sweep, struct pgr_list *out);
