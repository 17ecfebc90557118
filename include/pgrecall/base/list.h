// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * list.h - intrusive doubly linked ring; every operation O(1), no allocation.
 *
 * Threads  owner's.   Memory  nodes live inside their owners.   Errors  none.
 */
#include "pgrecall/base/base.h"

struct pgr_list {
    struct pgr_list *prev;
    struct pgr_list *next;
};

#define pgr_list_foreach(node, head)                                                               \
    for (struct pgr_list *node = (head)->next, *node##_next = node->next; node != (head);          \
         node = node##_next, node##_next = node->next)

static inline void pgr_list_init(struct pgr_list *head)
{
    head->prev = head->next = head;
}

static inline bool pgr_list_is_empty(const struct pgr_list *head)
{
    return head->next == head;
}

static inline void pgr_list_push_back(struct pgr_list *head, struct pgr_list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* Unlinks; a node that is in no list (initialised) may be removed again. */
static inline void pgr_list_remove(struct pgr_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = node;
}
