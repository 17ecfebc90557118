// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * map_priv.h - names to things: (schema, name) -> pointer, open addressing, equality by bytes.
 *
 * Threads  owner's while it grows; any once it is only read.
 * Memory   the table is the map's, keys and values are borrowed.
 * Errors   put returns false when memory is short.
 */
#include "pgrecall/base/base.h"

struct pgr_name_entry {
    const char *schema; /* "" where names have none */
    const char *name;   /* NULL: free */
    void *value;
};

struct pgr_name_map {
    struct pgr_name_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/* An equal key is kept as it is and gets the new value. `value` is not NULL. */
bool pgr_name_map_put(struct pgr_name_map *map, const char *schema, const char *name, void *value);
void *pgr_name_map_get(const struct pgr_name_map *map, const char *schema, const char *name);
void pgr_name_map_fini(struct pgr_name_map *map);
