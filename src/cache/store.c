// SPDX-License-Identifier: PostgreSQL
/*
 * A key's shard comes from the high half of its hash, its place in the shard from the low half.
 * Budgets of shards add up to no more than the whole, so no shard ever asks another.
 */
#include "pgrecall/cache/store.h"

#include "charge_priv.h"
#include "seed_priv.h"
#include "store_priv.h"

struct pgr_node *pgr_node_create(struct pgr_entry *entry)
{
    struct pgr_node *node = pgr_try_alloc(sizeof(*node));
    if (node == NULL)
        return NULL;
    *node = (struct pgr_node){.entry = entry, .queue = PGR_QUEUE_NONE};
    pgr_list_init(&node->link);
    node->charge = entry->charge + pgr_charge_of(node);
    return node;
}

void pgr_node_destroy(struct pgr_node *node)
{
    pgr_entry_unref(node->entry);
    pgr_free(node);
}

void pgr_node_destroy_all(struct pgr_list *nodes)
{
    pgr_list_foreach (link, nodes) {
        pgr_list_remove(link);
        pgr_node_destroy(pgr_container_of(link, struct pgr_node, link));
    }
}

static size_t share_of(uint64_t budget, uint32_t shards)
{
    uint64_t share = budget / shards;
    return share > SIZE_MAX ? SIZE_MAX : (size_t)share;
}

struct pgr_store *pgr_store_create(uint64_t budget, uint32_t shards)
{
    PGR_ASSERT(shards > 0 && (shards & (shards - 1)) == 0);
    struct pgr_store *store = pgr_new(struct pgr_store);
    store->seed = pgr_seed_random();
    store->shard_count = shards;
    atomic_init(&store->sweep_turn, 0);
    store->shards = pgr_new_array(struct pgr_shard, shards);
    for (uint32_t i = 0; i < shards; i++)
        pgr_shard_init(&store->shards[i], share_of(budget, shards));
    return store;
}

void pgr_store_destroy(struct pgr_store **store)
{
    struct pgr_store *self = *store;
    if (self == NULL)
        return;
    *store = NULL;
    pgr_store_clear(self);
    for (uint32_t i = 0; i < self->shard_count; i++)
        pgr_shard_fini(&self->shards[i]);
    pgr_free(self->shards);
    pgr_free(self);
}

static struct pgr_shard *shard_of(struct pgr_store *store, struct pgr_hash128 hash)
{
    return &store->shards[hash.high & (store->shard_count - 1)];
}

uint64_t pgr_store_seed(const struct pgr_store *store)
{
    return store->seed;
}

struct pgr_entry *pgr_store_get(struct pgr_store *store, const struct pgr_key *key)
{
    return pgr_shard_get(shard_of(store, key->hash), key);
}

bool pgr_store_put(struct pgr_store *store, struct pgr_entry *entry)
{
    struct pgr_shard *shard = shard_of(store, entry->hash);
    struct pgr_node *node = pgr_node_create(entry);
    if (node == NULL) {
        pgr_shard_count_refused(shard);
        pgr_entry_unref(entry);
        return false;
    }
    struct pgr_list out;
    pgr_list_init(&out);
    bool is_done = pgr_shard_put(shard, node, &out);
    if (!is_done)
        pgr_node_destroy(node);
    pgr_node_destroy_all(&out);
    return is_done;
}

void pgr_store_drop(struct pgr_store *store, const struct pgr_entry *entry)
{
    struct pgr_list out;
    pgr_list_init(&out);
    pgr_shard_drop(shard_of(store, entry->hash), entry, &out);
    pgr_node_destroy_all(&out);
}

void pgr_store_clear(struct pgr_store *store)
{
    struct pgr_list out;
    pgr_list_init(&out);
    for (uint32_t i = 0; i < store->shard_count; i++) {
        pgr_shard_clear(&store->shards[i], &out);
        pgr_node_destroy_all(&out);
    }
}

void pgr_store_set_budget(struct pgr_store *store, uint64_t budget)
{
    struct pgr_list out;
    pgr_list_init(&out);
    for (uint32_t i = 0; i < store->shard_count; i++) {
        pgr_shard_set_budget(&store->shards[i], share_of(budget, store->shard_count), &out);
        pgr_node_destroy_all(&out);
    }
}

/* Shards take turns over calls. */
size_t pgr_store_sweep(struct pgr_store *store, uint64_t born_before_us, size_t limit)
{
    struct pgr_sweep sweep = {.born_before_us = born_before_us, .left = limit};
    struct pgr_list out;
    pgr_list_init(&out);
    for (uint32_t i = 0; i < store->shard_count && sweep.left > 0; i++) {
        uint32_t turn = atomic_load_explicit(&store->sweep_turn, memory_order_relaxed);
        struct pgr_shard *shard = &store->shards[turn & (store->shard_count - 1)];
        if (!pgr_shard_sweep(shard, &sweep, &out))
            break;
        atomic_compare_exchange_strong_explicit(&store->sweep_turn, &turn, turn + 1,
                                                memory_order_relaxed, memory_order_relaxed);
    }
    pgr_node_destroy_all(&out);
    return sweep.dropped;
}

void pgr_store_stats(struct pgr_store *store, struct pgr_store_stats *out)
{
    *out = (struct pgr_store_stats){0};
    for (uint32_t i = 0; i < store->shard_count; i++)
        pgr_shard_add_stats(&store->shards[i], out);
}
