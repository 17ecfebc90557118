// SPDX-License-Identifier: PostgreSQL
/*
 * Names are collected with their repetitions and sorted once at the end: a hostile text may name
 * ten thousand different columns, and looking each up in a list would be quadratic.
 */
#include "walk_priv.h"

#include <stdlib.h>
#include <string.h>

#include "pgrecall/base/mem.h"
#include "stmt_priv.h"

void pgr_refs_fini(struct pgr_refs *refs)
{
    pgr_free(refs->relations.items);
    pgr_free(refs->functions.items);
    pgr_free(refs->types.items);
    pgr_free(refs->operators.items);
    pgr_free(refs->columns.items);
    *refs = (struct pgr_refs){0};
}

/* The place for one more item of `size` bytes, or NULL. */
static void *add(struct pgr_refs *refs, struct pgr_vec *vec, size_t size)
{
    if (vec->count == vec->cap) {
        size_t cap = vec->cap ? vec->cap * 2 : 8;
        void *items = pgr_try_realloc(vec->items, cap * size);
        if (items == NULL) {
            refs->is_short = true;
            return NULL;
        }
        vec->items = items;
        vec->cap = cap;
    }
    return (char *)vec->items + size * vec->count++;
}

void pgr_refs_add_relation(struct pgr_refs *refs, struct pgr_rel_ref ref)
{
    struct pgr_rel_ref *place = add(refs, &refs->relations, sizeof ref);
    if (place != NULL)
        *place = ref;
}

void pgr_refs_add_function(struct pgr_refs *refs, struct pgr_func_ref ref)
{
    struct pgr_func_ref *place = add(refs, &refs->functions, sizeof ref);
    if (place != NULL)
        *place = ref;
}

void pgr_refs_add_type(struct pgr_refs *refs, struct pgr_type_ref ref)
{
    struct pgr_type_ref *place = add(refs, &refs->types, sizeof ref);
    if (place != NULL)
        *place = ref;
}

static void add_name(struct pgr_refs *refs, struct pgr_vec *vec, const char *name)
{
    const char **place = add(refs, vec, sizeof name);
    if (place != NULL)
        *place = name;
}

void pgr_refs_add_operator(struct pgr_refs *refs, const char *name)
{
    add_name(refs, &refs->operators, name);
}

void pgr_refs_add_column(struct pgr_refs *refs, const char *name)
{
    add_name(refs, &refs->columns, name);
}

/* NULL sorts first. */
static int compare_names(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_numbers(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

/* What is written comes first. */
static int compare_relations(const void *left, const void *right)
{
    const struct pgr_rel_ref *a = left;
    const struct pgr_rel_ref *b = right;
    int order = compare_numbers(b->use, a->use);
    if (order == 0)
        order = compare_names(a->schema, b->schema);
    return order ? order : compare_names(a->name, b->name);
}

static int compare_functions(const void *left, const void *right)
{
    const struct pgr_func_ref *a = left;
    const struct pgr_func_ref *b = right;
    int order = compare_names(a->schema, b->schema);
    if (order == 0)
        order = compare_names(a->name, b->name);
    return order ? order : compare_numbers(a->arg_count, b->arg_count);
}

static int compare_types(const void *left, const void *right)
{
    const struct pgr_type_ref *a = left;
    const struct pgr_type_ref *b = right;
    int order = compare_names(a->schema, b->schema);
    if (order == 0)
        order = compare_names(a->name, b->name);
    if (order == 0)
        order = compare_numbers(a->is_array, b->is_array);
    return order ? order : compare_numbers(a->of_literal, b->of_literal);
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void sort_unique(struct pgr_vec *vec, size_t size,
                        int (*compare)(const void *, const void *))
{
    if (vec->count == 0)
        return;
    char *items = vec->items;
    qsort(items, vec->count, size, compare);
    size_t kept = 1;
    for (size_t i = 1; i < vec->count; i++) {
        if (compare(items + (kept - 1) * size, items + i * size) == 0)
            continue;
        if (kept != i)
            memcpy(items + kept * size, items + i * size, size);
        kept++;
    }
    vec->count = kept;
}

static bool keep_name(struct pgr_arena *arena, const char **name)
{
    if (*name == NULL)
        return true;
    *name = pgr_arena_copy(arena, *name, strlen(*name));
    return *name != NULL;
}

/* Replaces the names at byte offsets `first` and `second` of each item by copies, then the array.
 */
static const void *keep(struct pgr_arena *arena, const struct pgr_vec *vec, size_t size,
                        size_t first, size_t second)
{
    char *items = pgr_arena_alloc(arena, vec->count * size);
    if (items == NULL)
        return NULL;
    if (vec->count > 0)
        memcpy(items, vec->items, vec->count * size);
    for (size_t i = 0; i < vec->count; i++) {
        char *item = items + i * size;
        if (!keep_name(arena, (const char **)(void *)(item + first)))
            return NULL;
        if (second != first && !keep_name(arena, (const char **)(void *)(item + second)))
            return NULL;
    }
    return items;
}

bool pgr_refs_finish(struct pgr_refs *refs, struct pgr_stmt *stmt)
{
    struct pgr_arena *arena = pgr_stmt_arena(stmt);
    if (refs->is_short)
        return false;
    sort_unique(&refs->relations, sizeof(struct pgr_rel_ref), compare_relations);
    sort_unique(&refs->functions, sizeof(struct pgr_func_ref), compare_functions);
    sort_unique(&refs->types, sizeof(struct pgr_type_ref), compare_types);
    sort_unique(&refs->operators, sizeof(char *), compare_texts);
    sort_unique(&refs->columns, sizeof(char *), compare_texts);

    stmt->relations =
        keep(arena, &refs->relations, sizeof(struct pgr_rel_ref),
             offsetof(struct pgr_rel_ref, schema), offsetof(struct pgr_rel_ref, name));
    stmt->functions =
        keep(arena, &refs->functions, sizeof(struct pgr_func_ref),
             offsetof(struct pgr_func_ref, schema), offsetof(struct pgr_func_ref, name));
    stmt->types = keep(arena, &refs->types, sizeof(struct pgr_type_ref),
                       offsetof(struct pgr_type_ref, schema), offsetof(struct pgr_type_ref, name));
    stmt->operators = keep(arena, &refs->operators, sizeof(char *), 0, 0);
    stmt->columns = keep(arena, &refs->columns, sizeof(char *), 0, 0);
    if (!stmt->relations || !stmt->functions || !stmt->types || !stmt->operators || !stmt->columns)
        return false;
    stmt->relation_count = refs->relations.count;
    stmt->function_count = refs->functions.count;
    stmt->type_count = refs->types.count;
    stmt->operator_count = refs->operators.count;
    stmt->column_count = refs->columns.count;
    return true;
}
