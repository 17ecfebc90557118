// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * node_priv.h - an entry's place in a shard: what changes while the entry itself never does.
 *
 * Why      an entry is immutable and shared; queue links and hit counts belong to the shard.
 * Threads  under the shard's lock; a node that is in no shard belongs to who holds it.
 * Memory   owns one reference to its entry. Its own bytes count in its charge.
 * Errors   create returns NULL when memory is short, and then takes nothing.
 */
#include "pgrecall/base/list.h"
#include "pgrecall/cache/entry.h"

enum pgr_queue {
    PGR_QUEUE_SMALL,
    PGR_QUEUE_MAIN,
    PGR_QUEUE_NONE, /* not yet decided */
};

#define PGR_QUEUES 2

struct pgr_node {
    struct pgr_list link; /* in its queue, or in a list of nodes that were taken out */
    struct pgr_entry *entry;
    size_t charge;
    uint8_t queue;
    uint8_t hits;  /* 0 to 3 */
    uint8_t lives; /* times it is spared for its cost alone */
};

struct pgr_node *pgr_node_create(struct pgr_entry *entry);
void pgr_node_destroy(struct pgr_node *node);
void pgr_node_destroy_all(struct pgr_list *nodes);
