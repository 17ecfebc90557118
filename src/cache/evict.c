// SPDX-License-Identifier: PostgreSQL
/*
 * S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction",
 * SOSP 2023), counted in bytes:
 *
 *   newcomer      -> small queue (a tenth of the bytes); main queue if the ghost remembers it
 *   leaves small  -> main if it was hit at least twice, else out, and the ghost remembers its tag
 *   leaves main   -> back to main's end if it was hit, for one hit less; else out
 *
 * Most answers are asked for once; they pass through the small queue and never push out what lives
 * in the main one. Each hit buys at most one trip round, so evicting is O(1) amortised.
 *
 * Cost: an entry that saves at least twice the mean upstream time of what is put here gets one
 * extra life: once, where it would leave, it goes to the end of the main queue instead.
 * A product of cost, size and frequency as in GDSF was refused: it needs a heap under the lock.
 *
 * The ghost is an array of buckets of four (tag, stamp), oldest replaced. A tag counts while no
 * more than as many evictions have passed as the shard has entries: the length that S3-FIFO gives
 * its ghost queue. A false match of the 32-bit tag costs nothing but a place in the wrong queue.
 */
#include "evict_priv.h"

#include "charge_priv.h"

enum {
    BUCKET = 4,
    MAX_HITS = 3,
    HITS_TO_STAY = 2,
    COSTLY = 2, /* times the mean */
};

#define COST_CEILING_US ((uint64_t)3600 * 1000 * 1000) /* one absurd cost must not own the mean */

void pgr_evict_init(struct pgr_evict *evict)
{
    *evict = (struct pgr_evict){0};
    for (int i = 0; i < PGR_QUEUES; i++)
        pgr_list_init(&evict->queues[i]);
}

void pgr_evict_fini(struct pgr_evict *evict)
{
    pgr_free(evict->ghost.cells);
    evict->ghost = (struct pgr_ghost){0};
}

size_t pgr_evict_ghost_cost(size_t cells)
{
    return pgr_charge_estimate(cells * sizeof(struct pgr_ghost_cell));
}

void pgr_evict_ghost_resize(struct pgr_evict *evict, size_t cells)
{
    PGR_ASSERT(cells >= BUCKET && (cells & (cells - 1)) == 0);
    pgr_evict_fini(evict);
    struct pgr_ghost *ghost = &evict->ghost;
    ghost->cells = pgr_try_alloc(cells * sizeof(*ghost->cells));
    if (ghost->cells == NULL)
        return;
    memset(ghost->cells, 0, cells * sizeof(*ghost->cells));
    ghost->cap = cells;
    ghost->bytes = pgr_charge_of(ghost->cells);
}

/* The index's cells and the ghost's buckets are addressed by different bits of the hash. */
static uint32_t ghost_tag(const struct pgr_node *node)
{
    return (uint32_t)(node->entry->hash.low >> 32);
}

static struct pgr_ghost_cell *bucket_of(const struct pgr_ghost *ghost, uint32_t tag)
{
    return &ghost->cells[(size_t)tag * BUCKET & (ghost->cap - 1)];
}

static void ghost_put(struct pgr_ghost *ghost, uint32_t tag)
{
    if (ghost->cells == NULL)
        return;
    if (++ghost->clock == 0)
        ghost->clock = 1;
    struct pgr_ghost_cell *bucket = bucket_of(ghost, tag);
    struct pgr_ghost_cell *oldest = bucket;
    for (int i = 0; i < BUCKET; i++) {
        struct pgr_ghost_cell *cell = &bucket[i];
        if (cell->stamp == 0 || cell->tag == tag) {
            oldest = cell;
            break;
        }
        if (ghost->clock - cell->stamp > ghost->clock - oldest->stamp)
            oldest = cell;
    }
    *oldest = (struct pgr_ghost_cell){tag, ghost->clock};
}

/* Whether the tag is remembered; remembering ends with it, since the entry is back. */
static bool ghost_take(struct pgr_ghost *ghost, uint32_t tag, size_t length)
{
    if (ghost->cells == NULL)
        return false;
    struct pgr_ghost_cell *bucket = bucket_of(ghost, tag);
    for (int i = 0; i < BUCKET; i++) {
        if (bucket[i].stamp == 0 || bucket[i].tag != tag)
            continue;
        bool is_recent = ghost->clock - bucket[i].stamp <= length;
        bucket[i].stamp = 0;
        return is_recent;
    }
    return false;
}

/* A running mean over about the last sixteen puts; the first one is its own mean. */
static uint8_t lives_for(struct pgr_evict *evict, uint64_t cost_us)
{
    if (cost_us > COST_CEILING_US)
        cost_us = COST_CEILING_US;
    if (evict->mean_cost_x16 == 0)
        evict->mean_cost_x16 = cost_us * 16;
    uint64_t mean = evict->mean_cost_x16 / 16;
    evict->mean_cost_x16 += cost_us - mean;
    return cost_us > 0 && cost_us >= mean * COSTLY ? 1 : 0;
}

static void link_last(struct pgr_evict *evict, struct pgr_node *node, enum pgr_queue queue)
{
    node->queue = (uint8_t)queue;
    pgr_list_push_back(&evict->queues[queue], &node->link);
    evict->bytes[queue] += node->charge;
    evict->count++;
}

void pgr_evict_add(struct pgr_evict *evict, struct pgr_node *node)
{
    node->lives = lives_for(evict, node->entry->cost_us);
    enum pgr_queue queue = (enum pgr_queue)node->queue;
    if (queue == PGR_QUEUE_NONE) {
        bool is_known = ghost_take(&evict->ghost, ghost_tag(node), evict->count);
        queue = is_known ? PGR_QUEUE_MAIN : PGR_QUEUE_SMALL;
    }
    link_last(evict, node, queue);
}

void pgr_evict_remove(struct pgr_evict *evict, struct pgr_node *node)
{
    pgr_list_remove(&node->link);
    evict->bytes[node->queue] -= node->charge;
    evict->count--;
}

void pgr_evict_touch(struct pgr_node *node)
{
    if (node->hits < MAX_HITS)
        node->hits++;
}

/* Whether the node, at the front of its queue, has earned another round; it pays for it here. */
static bool is_spared(struct pgr_node *node)
{
    if (node->queue == PGR_QUEUE_SMALL && node->hits >= HITS_TO_STAY) {
        node->hits = 0;
        return true;
    }
    if (node->queue == PGR_QUEUE_MAIN && node->hits > 0) {
        node->hits--;
        return true;
    }
    if (node->lives > 0) {
        node->lives--;
        return true;
    }
    return false;
}

struct pgr_node *pgr_evict_victim(struct pgr_evict *evict, size_t small_target)
{
    while (evict->count > 0) {
        bool is_small = evict->bytes[PGR_QUEUE_SMALL] > small_target ||
                        pgr_list_is_empty(&evict->queues[PGR_QUEUE_MAIN]);
        struct pgr_list *queue = &evict->queues[is_small ? PGR_QUEUE_SMALL : PGR_QUEUE_MAIN];
        struct pgr_node *node = pgr_container_of(queue->next, struct pgr_node, link);
        pgr_evict_remove(evict, node);
        if (is_spared(node)) {
            link_last(evict, node, PGR_QUEUE_MAIN);
            continue;
        }
        if (is_small)
            ghost_put(&evict->ghost, ghost_tag(node));
        return node;
    }
    return NULL;
}

void pgr_evict_take_all(struct pgr_evict *evict, struct pgr_list *out)
{
    for (int i = 0; i < PGR_QUEUES; i++) {
        pgr_list_foreach (link, &evict->queues[i]) {
            pgr_list_remove(link);
            pgr_list_push_back(out, link);
        }
    }
    pgr_evict_fini(evict);
    pgr_evict_init(evict);
}
