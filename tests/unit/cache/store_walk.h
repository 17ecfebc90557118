// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * store_walk.h - counts a store anew, node by node, and compares with what it believes.
 */
#include "store_priv.h"

static inline void walk_queue(const struct pgr_shard *shard, int queue, size_t *count,
                              size_t *bytes)
{
    size_t queue_bytes = 0;
    const struct pgr_list *head = &shard->evict.queues[queue];
    for (const struct pgr_list *link = head->next; link != head; link = link->next) {
        const struct pgr_node *node = pgr_container_of(link, struct pgr_node, link);
        struct pgr_key key = {PGR_BYTES(node->entry->key, node->entry->key_len), node->entry->hash};
        PGR_ASSERT(pgr_index_find(&shard->index, &key) == node);
        PGR_ASSERT(node->queue == queue && node->hits <= 3);
        PGR_ASSERT(node->charge > node->entry->charge);
        PGR_ASSERT(node->entry->charge > sizeof(struct pgr_entry) + node->entry->reply->len);
        queue_bytes += node->charge;
        ++*count;
    }
    PGR_ASSERT(queue_bytes == shard->evict.bytes[queue]);
    *bytes += queue_bytes;
}

static inline void walk_shard(const struct pgr_shard *shard)
{
    size_t count = 0;
    size_t bytes = 0;
    for (int queue = 0; queue < PGR_QUEUES; queue++)
        walk_queue(shard, queue, &count, &bytes);
    PGR_ASSERT(count == shard->index.count && count == shard->evict.count);
    PGR_ASSERT(bytes == shard->used);
    size_t cells = 0;
    for (size_t i = 0; i < shard->index.cap; i++)
        cells += shard->index.cells[i].node != NULL;
    PGR_ASSERT(cells == count);
    PGR_ASSERT(shard->index.bytes >= shard->index.cap * sizeof(struct pgr_cell));
    PGR_ASSERT(shard->evict.ghost.bytes >= shard->evict.ghost.cap * sizeof(struct pgr_ghost_cell));
    PGR_ASSERT(pgr_shard_bytes(shard) <= shard->budget);
}

/* Nobody else may use the store meanwhile. */
static inline void walk_store(const struct pgr_store *store)
{
    for (uint32_t i = 0; i < store->shard_count; i++)
        walk_shard(&store->shards[i]);
}
