// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * evict_priv.h - S3-FIFO: which entry of a shard goes when room is needed.
 *
 * Why      three first-in-first-out queues keep what is asked for again about as well as the best
 *          known policies, and a hit changes one small counter instead of a list.
 * Threads  under the shard's lock.
 * Memory   nodes are linked, not owned. The ghost's array counts in the budget (`ghost.bytes`).
 * Errors   without memory for the ghost, newcomers simply start in the small queue.
 */
#include "node_priv.h"

struct pgr_ghost_cell {
    uint32_t tag;
    uint32_t stamp; /* 0: empty */
};

/* Tags of what lately left the small queue. */
struct pgr_ghost {
    struct pgr_ghost_cell *cells;
    size_t cap; /* power of two, at least one bucket */
    size_t bytes;
    uint32_t clock; /* evictions so far: an age is a difference */
};

struct pgr_evict {
    struct pgr_list queues[PGR_QUEUES]; /* oldest first */
    size_t bytes[PGR_QUEUES];
    size_t count;
    uint64_t mean_cost_x16;
    struct pgr_ghost ghost;
};

void pgr_evict_init(struct pgr_evict *evict);
void pgr_evict_fini(struct pgr_evict *evict); /* frees the ghost */

/* Links a node at the end of its queue; a node without one gets it here. */
void pgr_evict_add(struct pgr_evict *evict, struct pgr_node *node);
void pgr_evict_remove(struct pgr_evict *evict, struct pgr_node *node);
void pgr_evict_touch(struct pgr_node *node);
/* Unlinks and returns the node to go, or NULL if there is none. */
struct pgr_node *pgr_evict_victim(struct pgr_evict *evict, size_t small_target);

/* Moves all nodes to the end of `out` and forgets what was learnt; the ghost's memory is freed. */
void pgr_evict_take_all(struct pgr_evict *evict, struct pgr_list *out);

size_t pgr_evict_ghost_cost(size_t cells);
/* The ghost starts anew with that many cells (power of two); what it knew is lost. */
void pgr_evict_ghost_resize(struct pgr_evict *evict, size_t cells);
