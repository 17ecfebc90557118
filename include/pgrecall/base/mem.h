// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * mem.h - the only door to the heap.
 *
 * Why      small fixed sizes abort on exhaustion (nothing sane can follow); sizes chosen by a peer
 *          or by data may fail and then degrade to a bypass.
 * Threads  any.
 * Memory   what is returned belongs to the caller and is freed with pgr_free().
 * Errors   pgr_alloc, pgr_strdup, pgr_new abort; pgr_try_* return NULL.
 */
#include <string.h>

#include "pgrecall/base/base.h"

#define pgr_new(type)          ((type *)pgr_alloc(sizeof(type)))
#define pgr_new_array(type, n) ((type *)pgr_alloc_array((n), sizeof(type)))

void *pgr_alloc(size_t size); /* zeroed */
void *pgr_alloc_array(size_t count, size_t size);
void *pgr_realloc_array(void *old, size_t count, size_t size); /* the tail is not zeroed */
void *pgr_try_alloc(size_t size);                              /* not zeroed */
void *pgr_try_realloc(void *old, size_t size);
char *pgr_strdup(const char *s); /* NULL gives NULL */
char *pgr_strndup(const char *s, size_t len);
char *pgr_asprintf(const char *format, ...) PGR_PRINTF(1, 2);
void pgr_free(void *p); /* NULL is allowed */

/* Bytes that malloc really took for p: for budgets that count allocator slack. */
size_t pgr_mem_usable(void *p);

/*
 * Test seam: the next `n`-th pgr_try_* call (1 = the next one) returns NULL, once, on this thread;
 * 0 switches it off.
 */
void pgr_mem_fail_nth(unsigned n);
