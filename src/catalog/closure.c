// SPDX-License-Identifier: PostgreSQL
/*
 * What reading a relation depends on, and what writing it may change (A6).
 *
 * Reads go down through views only: a read of a parent depends on the parent, and a write of a
 * child closes over its ancestors instead (G20). Rows written are those of the target, of its
 * descendants, of what foreign keys cascade to, and of the tables under a view; their ancestors are
 * touched, since reads name them, but no trigger or default of theirs runs. Both walks stop at
 * PGR_RELSET_MAX.
 */
#include "facts_priv.h"

enum mark {
    MARK_TOUCHED, /* rows below it change */
    MARK_WRITTEN, /* its own rows may change */
};

struct walk {
    const struct pgr_facts *facts;
    uint32_t *oids;
    size_t count;
    enum mark marks[PGR_RELSET_MAX];
    bool is_full;
};

static size_t index_of(const struct walk *walk, uint32_t oid)
{
    size_t i = 0;
    while (i < walk->count && walk->oids[i] != oid)
        i++;
    return i;
}

/* Adds at the end, where the walk will come by. */
static void add(struct walk *walk, uint32_t oid, enum mark mark)
{
    if (walk->count == PGR_RELSET_MAX) {
        walk->is_full = true;
        return;
    }
    walk->marks[walk->count] = mark;
    walk->oids[walk->count++] = oid;
}

static void add_once(struct walk *walk, const struct pgr_edges *edges, uint32_t from)
{
    const struct pgr_edge *edge;
    size_t count = pgr_edges_from(edges, from, &edge);
    for (size_t i = 0; i < count && !walk->is_full; i++) {
        if (index_of(walk, edge[i].to) == walk->count)
            add(walk, edge[i].to, MARK_WRITTEN);
    }
}

enum pgr_reason pgr_own_read_block(const struct pgr_raw_relation *relation)
{
    if (relation->has_row_security)
        return relation->policy_runs_code ? PGR_REASON_USER_FUNCTION : PGR_REASON_ROW_SECURITY;
    switch (relation->kind) {
    case 'v':
        return relation->view_block;
    case 'r':
    case 'p':
        return (relation->below & PGR_BELOW_FOREIGN) || relation->has_timetz
                   ? PGR_REASON_UNSAFE_RELATION
                   : PGR_REASON_NONE;
    default:
        return PGR_REASON_UNSAFE_RELATION;
    }
}

enum pgr_reason pgr_close_reads(const struct pgr_facts *facts, const struct pgr_raw_relation *start,
                                uint32_t *oids, size_t *count)
{
    struct walk walk = {.facts = facts, .oids = oids};
    enum pgr_reason block = PGR_REASON_NONE;
    add(&walk, start->oid, MARK_WRITTEN);
    for (size_t i = 0; i < walk.count; i++) {
        const struct pgr_raw_relation *relation = pgr_facts_relation(facts, oids[i]);
        enum pgr_reason own = relation ? pgr_own_read_block(relation) : PGR_REASON_SYSTEM_RELATION;
        if (block == PGR_REASON_NONE)
            block = own;
        if (relation != NULL && relation->kind == 'v')
            add_once(&walk, &facts->reads, oids[i]);
    }
    *count = walk.count;
    /* An effect outweighs a mere doubt, and is known even of what was not walked. */
    if (start->below & PGR_BELOW_EFFECT)
        return PGR_REASON_USER_FUNCTION;
    return walk.is_full ? PGR_REASON_TOO_MANY_RELATIONS : block;
}

/* Writing rows of this relation does only what the walk can follow. */
static bool is_plain_write(const struct pgr_raw_relation *relation)
{
    if (relation->has_triggers || relation->has_rules || relation->runs_code)
        return false;
    if (relation->kind == 'v')
        return relation->view_block != PGR_REASON_USER_FUNCTION;
    return relation->kind != 'f';
}

/* Each ancestor is touched once, unless it is written anyway. */
static void touch_ancestors(struct walk *walk, uint32_t oid)
{
    const struct pgr_edge *edge;
    size_t count = pgr_edges_from(&walk->facts->parents, oid, &edge);
    for (size_t i = 0; i < count && !walk->is_full; i++) {
        if (index_of(walk, edge[i].to) == walk->count)
            add(walk, edge[i].to, MARK_TOUCHED);
    }
}

/* Marks as written what so far was only touched, or not reached; true if something was promoted. */
static bool write_all(struct walk *walk, const struct pgr_edges *edges, uint32_t from)
{
    const struct pgr_edge *edge;
    size_t count = pgr_edges_from(edges, from, &edge);
    bool is_promoted = false;
    for (size_t i = 0; i < count && !walk->is_full; i++) {
        size_t at = index_of(walk, edge[i].to);
        if (at == walk->count) {
            add(walk, edge[i].to, MARK_WRITTEN);
        } else if (walk->marks[at] == MARK_TOUCHED) {
            walk->marks[at] = MARK_WRITTEN;
            is_promoted = true;
        }
    }
    return is_promoted;
}

/* One relation of the walk. False: anything may change. */
static bool visit(struct walk *walk, size_t at, bool *is_promoted)
{
    uint32_t oid = walk->oids[at];
    const struct pgr_raw_relation *relation = pgr_facts_relation(walk->facts, oid);
    if (relation == NULL)
        return false;
    touch_ancestors(walk, oid);
    /* Of an ancestor too: where a key's constraint is kept is PostgreSQL's to change. */
    *is_promoted |= write_all(walk, &walk->facts->cascades, oid);
    if (walk->marks[at] == MARK_TOUCHED)
        return true;
    if (!is_plain_write(relation))
        return false;
    *is_promoted |= write_all(walk, &walk->facts->children, oid);
    if (relation->kind == 'v')
        *is_promoted |= write_all(walk, &walk->facts->reads, oid);
    return true;
}

bool pgr_close_writes(const struct pgr_facts *facts, const struct pgr_raw_relation *start,
                      uint32_t *oids, size_t *count)
{
    struct walk walk = {.facts = facts, .oids = oids};
    add(&walk, start->oid, MARK_WRITTEN);
    bool is_promoted = true;
    while (is_promoted) {
        is_promoted = false;
        for (size_t i = 0; i < walk.count; i++) {
            if (!visit(&walk, i, &is_promoted) || walk.is_full)
                return false;
        }
    }
    *count = walk.count;
    return true;
}
