// SPDX-License-Identifier: PostgreSQL
#include "map_priv.h"

#include "pgrecall/base/hash.h"
#include "pgrecall/base/mem.h"

static uint64_t hash_key(const char *schema, const char *name)
{
    uint64_t h = pgr_hash64(pgr_bytes_str(schema));
    return pgr_hash64(pgr_bytes_str(name)) ^ (h << 1 | h >> 63);
}

/* The entry of this key, or the free one where it belongs. */
static struct pgr_name_entry *find(const struct pgr_name_map *map, const char *schema,
                                   const char *name)
{
    size_t mask = map->capacity - 1;
    size_t at = (size_t)hash_key(schema, name) & mask;
    for (;; at = (at + 1) & mask) {
        struct pgr_name_entry *entry = &map->entries[at];
        if (entry->name == NULL)
            return entry;
        if (strcmp(entry->name, name) == 0 && strcmp(entry->schema, schema) == 0)
            return entry;
    }
}

static bool grow(struct pgr_name_map *map)
{
    struct pgr_name_map larger = {.capacity = map->capacity ? map->capacity * 2 : 64};
    size_t size = larger.capacity * sizeof(larger.entries[0]);
    larger.entries = pgr_try_alloc(size);
    if (larger.entries == NULL)
        return false;
    memset(larger.entries, 0, size);
    for (size_t i = 0; i < map->capacity; i++) {
        const struct pgr_name_entry *entry = &map->entries[i];
        if (entry->name != NULL)
            *find(&larger, entry->schema, entry->name) = *entry;
    }
    larger.count = map->count;
    pgr_free(map->entries);
    *map = larger;
    return true;
}

bool pgr_name_map_put(struct pgr_name_map *map, const char *schema, const char *name, void *value)
{
    /* At most three quarters full, so that a search always ends at a free entry. */
    if ((map->count + 1) * 4 > map->capacity * 3 && !grow(map))
        return false;
    struct pgr_name_entry *entry = find(map, schema, name);
    if (entry->name == NULL) {
        map->count++;
        entry->schema = schema;
        entry->name = name;
    }
    entry->value = value;
    return true;
}

void *pgr_name_map_get(const struct pgr_name_map *map, const char *schema, const char *name)
{
    return map->capacity > 0 ? find(map, schema, name)->value : NULL;
}

void pgr_name_map_fini(struct pgr_name_map *map)
{
    pgr_free(map->entries);
    *map = (struct pgr_name_map){0};
}
