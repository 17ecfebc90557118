// SPDX-License-Identifier: PostgreSQL
/*
 * The budget is hard: before anything is added, room is made for it, and growing the index counts
 * the old and the new array as long as both exist. If growing would need entries to go, one entry
 * goes instead, and with it the need to grow: a few per cent of a shard full of tiny entries may so
 * stay unused, and never is one thrown out to make room for mere bookkeeping.
 */
#include "shard_priv.h"

enum {
    SMALL_PART = 10,  /* the small queue's share of the budget is a tenth */
    LARGEST_PART = 4, /* a larger entry than a quarter of the shard is refused */
};

void pgr_shard_init(struct pgr_shard *shard, size_t budget)
{
    *shard = (struct pgr_shard){.budget = budget};
    pgr_mutex_init(&shard->lock);
    pgr_evict_init(&shard->evict);
}

void pgr_shard_fini(struct pgr_shard *shard)
{
    PGR_ASSERT(shard->index.count == 0);
    pgr_index_fini(&shard->index);
    pgr_evict_fini(&shard->evict);
    pgr_mutex_fini(&shard->lock);
}

size_t pgr_shard_bytes(const struct pgr_shard *shard)
{
    return shard->used + shard->index.bytes + shard->evict.ghost.bytes;
}

static bool fits(const struct pgr_shard *shard, size_t more)
{
    size_t bytes = pgr_shard_bytes(shard);
    return bytes <= shard->budget && more <= shard->budget - bytes;
}

/* The node leaves the index; it was already unlinked from its queue. */
static void hand_out(struct pgr_shard *shard, struct pgr_node *node, struct pgr_list *out)
{
    pgr_index_remove(&shard->index, node);
    shard->used -= node->charge;
    pgr_list_push_back(out, &node->link);
}

static void take_out(struct pgr_shard *shard, struct pgr_node *node, struct pgr_list *out)
{
    pgr_evict_remove(&shard->evict, node);
    hand_out(shard, node, out);
}

/* The ghost has a cell for each of the index: about as many as there may be entries. */
static size_t growth_cost(const struct pgr_shard *shard)
{
    size_t ghost = pgr_evict_ghost_cost(pgr_index_next_cap(&shard->index));
    return pgr_index_growth_cost(&shard->index) + ghost;
}

static void grow(struct pgr_shard *shard)
{
    if (pgr_index_grow(&shard->index))
        pgr_evict_ghost_resize(&shard->evict, shard->index.cap);
}

static void shrink(struct pgr_shard *shard)
{
    pgr_index_shrink(&shard->index);
    pgr_evict_ghost_resize(&shard->evict, shard->index.cap);
}

/* Frees something: half of a sparse index, or else an entry. False when nothing is left. */
static bool reclaim(struct pgr_shard *shard, struct pgr_list *out)
{
    if (pgr_index_is_sparse(&shard->index)) {
        shrink(shard);
        return true;
    }
    struct pgr_node *node = pgr_evict_victim(&shard->evict, shard->budget / SMALL_PART);
    if (node == NULL)
        return false;
    hand_out(shard, node, out);
    shard->evictions++;
    return true;
}

/* Whether there is room for a node and a cell; grows the index if that is all that is missing. */
static bool has_place(struct pgr_shard *shard, const struct pgr_node *node)
{
    const struct pgr_index *index = &shard->index;
    if (pgr_index_is_full(index) && fits(shard, node->charge + growth_cost(shard)))
        grow(shard);
    return !pgr_index_is_full(index) && fits(shard, node->charge);
}

/* A successor keeps the place in the queues that its predecessor had earned. */
static void replace(struct pgr_shard *shard, struct pgr_node *old, struct pgr_node *node,
                    struct pgr_list *out)
{
    node->queue = old->queue;
    node->hits = old->hits;
    take_out(shard, old, out);
}

static bool put(struct pgr_shard *shard, struct pgr_node *node, struct pgr_list *out)
{
    const struct pgr_entry *entry = node->entry;
    if (node->charge > shard->budget / LARGEST_PART)
        return false;
    struct pgr_key key = {PGR_BYTES(entry->key, entry->key_len), entry->hash};
    struct pgr_node *old = pgr_index_find(&shard->index, &key);
    /* Two misses may come home in the wrong order: the later question has the newer answer. */
    if (old != NULL && old->entry->birth_us > entry->birth_us)
        return false;
    if (old != NULL)
        replace(shard, old, node, out);
    while (!has_place(shard, node)) {
        if (!reclaim(shard, out))
            return false;
    }
    pgr_index_insert(&shard->index, node);
    pgr_evict_add(&shard->evict, node);
    shard->used += node->charge;
    return true;
}

bool pgr_shard_put(struct pgr_shard *shard, struct pgr_node *node, struct pgr_list *out)
{
    pgr_mutex_lock(&shard->lock);
    bool is_done = put(shard, node, out);
    if (!is_done)
        shard->refused++;
    pgr_mutex_unlock(&shard->lock);
    return is_done;
}

struct pgr_entry *pgr_shard_get(struct pgr_shard *shard, const struct pgr_key *key)
{
    struct pgr_entry *entry = NULL;
    pgr_mutex_lock(&shard->lock);
    struct pgr_node *node = pgr_index_find(&shard->index, key);
    if (node != NULL) {
        pgr_evict_touch(node);
        entry = pgr_entry_ref(node->entry);
    }
    pgr_mutex_unlock(&shard->lock);
    return entry;
}

void pgr_shard_drop(struct pgr_shard *shard, const struct pgr_entry *entry, struct pgr_list *out)
{
    struct pgr_key key = {PGR_BYTES(entry->key, entry->key_len), entry->hash};
    pgr_mutex_lock(&shard->lock);
    struct pgr_node *node = pgr_index_find(&shard->index, &key);
    if (node != NULL && node->entry == entry)
        take_out(shard, node, out);
    pgr_mutex_unlock(&shard->lock);
}

void pgr_shard_clear(struct pgr_shard *shard, struct pgr_list *out)
{
    pgr_mutex_lock(&shard->lock);
    pgr_evict_take_all(&shard->evict, out);
    pgr_index_fini(&shard->index);
    shard->used = 0;
    shard->sweep_cursor = 0;
    pgr_mutex_unlock(&shard->lock);
}

void pgr_shard_set_budget(struct pgr_shard *shard, size_t budget, struct pgr_list *out)
{
    pgr_mutex_lock(&shard->lock);
    shard->budget = budget;
    while (!fits(shard, 0) && reclaim(shard, out))
        ;
    if (!fits(shard, 0)) { /* empty, and even the smallest index is too much */
        pgr_index_fini(&shard->index);
        pgr_evict_fini(&shard->evict);
    }
    pgr_mutex_unlock(&shard->lock);
}

void pgr_shard_count_refused(struct pgr_shard *shard)
{
    pgr_mutex_lock(&shard->lock);
    shard->refused++;
    pgr_mutex_unlock(&shard->lock);
}

void pgr_shard_add_stats(struct pgr_shard *shard, struct pgr_store_stats *sum)
{
    pgr_mutex_lock(&shard->lock);
    sum->entries += shard->index.count;
    sum->bytes += pgr_shard_bytes(shard);
    sum->evictions += shard->evictions;
    sum->refused += shard->refused;
    pgr_mutex_unlock(&shard->lock);
}

/* Removing moves a later cell into this one, so only a cell that stays is passed. */
static bool sweep(struct pgr_shard *shard, struct pgr_sweep *sweep, struct pgr_list *out)
{
    struct pgr_index *index = &shard->index;
    if (index->count == 0) { /* the visit itself counts, or many empty shards would be free */
        sweep->left--;
        return true;
    }
    for (; shard->sweep_cursor < index->cap && sweep->left > 0; sweep->left--) {
        struct pgr_node *node = index->cells[shard->sweep_cursor].node;
        if (node == NULL || node->entry->birth_us >= sweep->born_before_us) {
            shard->sweep_cursor++;
            continue;
        }
        take_out(shard, node, out);
        sweep->dropped++;
    }
    return shard->sweep_cursor >= index->cap;
}

bool pgr_shard_sweep(struct pgr_shard *shard, struct pgr_sweep *state, struct pgr_list *out)
{
    pgr_mutex_lock(&shard->lock);
    bool is_through = sweep(shard, state, out);
    if (is_through) {
        shard->sweep_cursor = 0;
        if (pgr_index_is_sparse(&shard->index))
            shrink(shard);
    }
    pgr_mutex_unlock(&shard->lock);
    return is_through;
}
