// SPDX-License-Identifier: PostgreSQL
/*
 * What no single query says: aggregates as the worst of their parts (G12), relations with the code
 * their writes run, edges in both directions, what each view names and does.
 */
#include <stdlib.h>

#include "facts_priv.h"
#include "pgrecall/base/mem.h"

static int compare_edges(const void *a, const void *b)
{
    const struct pgr_edge *x = a;
    const struct pgr_edge *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

void pgr_edges_sort(struct pgr_edges *edges)
{
    if (edges->count > 1)
        qsort(edges->items, edges->count, sizeof(edges->items[0]), compare_edges);
}

size_t pgr_edges_from(const struct pgr_edges *edges, uint32_t from, const struct pgr_edge **first)
{
    size_t low = 0;
    size_t high = edges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (edges->items[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < edges->count && edges->items[end].from == from)
        end++;
    *first = edges->items + low;
    return end - low;
}

/* Both kinds of array begin with their oid: one comparison serves to sort and to search. */
static int compare_oids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

_Static_assert(offsetof(struct pgr_raw_relation, oid) == 0, "sorted by its first member");
_Static_assert(offsetof(struct pgr_raw_function, oid) == 0, "sorted by its first member");

struct pgr_raw_relation *pgr_facts_relation(const struct pgr_facts *facts, uint32_t oid)
{
    if (facts->relation_count == 0)
        return NULL;
    return bsearch(&oid, facts->relations, facts->relation_count, sizeof(facts->relations[0]),
                   compare_oids);
}

const struct pgr_raw_function *pgr_facts_function(const struct pgr_facts *facts, uint32_t oid)
{
    if (facts->function_count == 0)
        return NULL;
    return bsearch(&oid, facts->functions, facts->function_count, sizeof(facts->functions[0]),
                   compare_oids);
}

static void sort_by_oid(struct pgr_facts *facts)
{
    if (facts->relation_count > 1)
        qsort(facts->relations, facts->relation_count, sizeof(facts->relations[0]), compare_oids);
    if (facts->function_count > 1)
        qsort(facts->functions, facts->function_count, sizeof(facts->functions[0]), compare_oids);
    pgr_edges_sort(&facts->children);
    pgr_edges_sort(&facts->cascades);
    pgr_edges_sort(&facts->code);
    pgr_edges_sort(&facts->view_at);
    pgr_edges_sort(&facts->aggregates);
}

/*
 * An aggregate has no code but its parts': one that a user made of builtin functions is as good as
 * an extension's, one with a part in a procedural language is foreign whatever pg_proc says.
 */
static void judge_aggregate(const struct pgr_facts *facts, struct pgr_raw_function *aggregate)
{
    const struct pgr_edge *edge;
    size_t count = pgr_edges_from(&facts->aggregates, aggregate->oid, &edge);
    if (count == 0)
        return;
    if (aggregate->origin != PGR_ORIGIN_BUILTIN)
        aggregate->origin = PGR_ORIGIN_EXTENSION;
    for (size_t i = 0; i < count; i++) {
        const struct pgr_raw_function *part = pgr_facts_function(facts, edge[i].to);
        enum pgr_volatility volatility = part ? part->volatility : PGR_VOLATILE;
        enum pgr_origin origin = part ? part->origin : PGR_ORIGIN_FOREIGN;
        if (aggregate->volatility < volatility)
            aggregate->volatility = volatility;
        if (aggregate->origin < origin)
            aggregate->origin = origin;
    }
}

static bool reverse_edges(const struct pgr_edges *edges, struct pgr_edges *out)
{
    out->items = pgr_try_alloc(edges->count * sizeof(out->items[0]));
    if (out->items == NULL)
        return false;
    for (size_t i = 0; i < edges->count; i++)
        out->items[i] = (struct pgr_edge){edges->items[i].to, edges->items[i].from};
    out->count = edges->count;
    pgr_edges_sort(out);
    return true;
}

static void mark_code(struct pgr_facts *facts)
{
    for (size_t i = 0; i < facts->code.count; i++) {
        struct pgr_raw_relation *relation = pgr_facts_relation(facts, facts->code.items[i].from);
        if (relation == NULL || facts->code.items[i].to == 't')
            continue;
        relation->runs_code = true;
        if (facts->code.items[i].to == 'p')
            relation->policy_runs_code = true;
    }
}

/*
 * Marks everything above the relations that carry `bit` already. Each is pushed at most once:
 * chains of views may be as long as their owner likes, so no recursion.
 */
static bool mark_above(struct pgr_facts *facts, const struct pgr_edges *upwards, unsigned bit)
{
    struct pgr_raw_relation **stack = pgr_try_alloc(facts->relation_count * sizeof(stack[0]));
    if (stack == NULL)
        return false;
    size_t depth = 0;
    for (size_t i = 0; i < facts->relation_count; i++) {
        if (facts->relations[i].below & bit)
            stack[depth++] = &facts->relations[i];
    }
    while (depth > 0) {
        const struct pgr_edge *edge;
        size_t count = pgr_edges_from(upwards, stack[--depth]->oid, &edge);
        for (size_t i = 0; i < count; i++) {
            struct pgr_raw_relation *above = pgr_facts_relation(facts, edge[i].to);
            if (above == NULL || (above->below & bit))
                continue;
            above->below |= bit;
            stack[depth++] = above;
        }
    }
    pgr_free(stack);
    return true;
}

static bool mark_below(struct pgr_facts *facts)
{
    for (size_t i = 0; i < facts->relation_count; i++) {
        struct pgr_raw_relation *relation = &facts->relations[i];
        if (relation->kind == 'f')
            relation->below |= PGR_BELOW_FOREIGN;
        if (pgr_own_read_block(relation) == PGR_REASON_USER_FUNCTION)
            relation->below |= PGR_BELOW_EFFECT;
    }
    return mark_above(facts, &facts->parents, PGR_BELOW_FOREIGN) &&
           mark_above(facts, &facts->readers, PGR_BELOW_EFFECT);
}

static bool join_views(struct pgr_facts *facts)
{
    size_t total = 0;
    for (size_t i = 0; i < facts->view_at.count; i++)
        total += pgr_view_relations(facts->view_words[i], NULL);
    facts->reads.items = pgr_try_alloc(total * sizeof(facts->reads.items[0]));
    uint32_t *oids = pgr_try_alloc(total * sizeof(oids[0]));
    if (facts->reads.items == NULL || oids == NULL) {
        pgr_free(oids);
        return false;
    }
    for (size_t i = 0; i < facts->view_at.count; i++) {
        const struct pgr_edge *at = &facts->view_at.items[i];
        size_t count = pgr_view_relations(facts->view_words[at->to], oids);
        for (size_t k = 0; k < count; k++)
            facts->reads.items[facts->reads.count++] = (struct pgr_edge){at->from, oids[k]};
        struct pgr_raw_relation *view = pgr_facts_relation(facts, at->from);
        if (view != NULL)
            view->view_block = pgr_judge_view(facts, facts->view_words[at->to]);
    }
    pgr_free(oids);
    pgr_edges_sort(&facts->reads);
    return true;
}

bool pgr_facts_join(struct pgr_facts *facts)
{
    sort_by_oid(facts);
    /* Parts are plain functions, never aggregates: one pass is enough. */
    for (size_t i = 0; i < facts->function_count; i++)
        judge_aggregate(facts, &facts->functions[i]);
    /* A view whose tree was not among the rows is not known to be harmless. */
    for (size_t i = 0; i < facts->relation_count; i++) {
        if (facts->relations[i].kind == 'v')
            facts->relations[i].view_block = PGR_REASON_USER_FUNCTION;
    }
    mark_code(facts);
    if (reverse_edges(&facts->children, &facts->parents) && join_views(facts) &&
        reverse_edges(&facts->reads, &facts->readers) && mark_below(facts))
        return true;
    facts->arena->is_short = true;
    return false;
}
