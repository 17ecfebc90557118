// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/catalog/snapshot.h"

#include "index_priv.h"
#include "pgrecall/base/mem.h"

/* The count is bookkeeping, not content: a snapshot that is const to its holders is still shared.
 */
struct pgr_catalog *pgr_catalog_ref(const struct pgr_catalog *catalog)
{
    struct pgr_catalog *shared = (struct pgr_catalog *)catalog;
    uint32_t before = atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return shared;
}

static void free_index(struct pgr_catalog_index *index)
{
    for (size_t i = 0; i < index->relation_count; i++) {
        pgr_relset_unref(index->relations[i].reads);
        pgr_relset_unref(index->relations[i].writes);
    }
    pgr_name_map_fini(&index->relation_names);
    pgr_name_map_fini(&index->system_names);
    pgr_name_map_fini(&index->functions);
    pgr_name_map_fini(&index->operators);
    pgr_name_map_fini(&index->types);
    pgr_name_map_fini(&index->date_columns);
    pgr_catalog_arena_fini(&index->arena);
    pgr_free(index);
}

void pgr_catalog_unref(const struct pgr_catalog *catalog)
{
    struct pgr_catalog *shared = (struct pgr_catalog *)catalog;
    if (shared == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before > 1)
        return;
    free_index(shared->index);
    pgr_free(shared);
}

/* One schema. True when the name is there, whosever it is. */
static bool look_into(const struct pgr_catalog_index *index, const char *schema, const char *name,
                      const struct pgr_relation **relation, bool *is_system)
{
    *relation = pgr_name_map_get(&index->relation_names, schema, name);
    *is_system = pgr_name_map_get(&index->system_names, schema, name) != NULL;
    return *relation != NULL || *is_system;
}

static bool names_pg_catalog(const struct pgr_search_path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        if (strcmp(path->schemas[i], "pg_catalog") == 0)
            return true;
    }
    return false;
}

const struct pgr_relation *pgr_catalog_relation(const struct pgr_catalog *catalog,
                                                const struct pgr_search_path *path,
                                                const char *schema, const char *name,
                                                bool *is_system)
{
    const struct pgr_catalog_index *index = catalog->index;
    const struct pgr_relation *relation = NULL;
    *is_system = false;
    if (schema != NULL) {
        look_into(index, schema, name, &relation, is_system);
        *is_system |= strcmp(schema, "pg_toast") == 0;
        return relation;
    }
    if (!names_pg_catalog(path) && look_into(index, "pg_catalog", name, &relation, is_system))
        return relation;
    for (size_t i = 0; i < path->count; i++) {
        if (look_into(index, path->schemas[i], name, &relation, is_system))
            return relation;
    }
    return NULL;
}

const struct pgr_function *pgr_catalog_function(const struct pgr_catalog *catalog, const char *name)
{
    return pgr_name_map_get(&catalog->index->functions, "", name);
}

const struct pgr_operator *pgr_catalog_operator(const struct pgr_catalog *catalog, const char *name)
{
    return pgr_name_map_get(&catalog->index->operators, "", name);
}

const struct pgr_type *pgr_catalog_type(const struct pgr_catalog *catalog, const char *name)
{
    return pgr_name_map_get(&catalog->index->types, "", name);
}

bool pgr_catalog_column_may_be_text(const struct pgr_catalog *catalog, const char *column)
{
    return pgr_name_map_get(&catalog->index->date_columns, "", column) == NULL;
}
