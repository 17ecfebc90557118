// SPDX-License-Identifier: PostgreSQL
/*
 * One process alone: B1 of the design. Every question is answered before the call returns, so
 * `done` is never called.
 *
 * A hit is judged after the store's lock is gone; that is enough, because the judgement is about
 * versions and not about being in the store.
 */
#include "pgrecall/cache/authority.h"

#include "versions_priv.h"

#include "pgrecall/base/mem.h"
#include "pgrecall/cache/store.h"

struct local {
    struct pgr_authority base;
    struct pgr_store *store;
    struct pgr_versions *versions;
};

static struct local *local_of(struct pgr_authority *authority)
{
    return pgr_container_of(authority, struct local, base);
}

static enum pgr_versions_state judge(const struct local *local, const struct pgr_entry *entry)
{
    return pgr_versions_judge(local->versions, entry->token.deps, entry->token.words);
}

static enum pgr_answer get(struct pgr_authority *self, struct pgr_get *get)
{
    struct local *local = local_of(self);
    get->result = PGR_LOOKUP_MISS;
    get->entry = NULL;
    struct pgr_entry *entry = pgr_store_get(local->store, &get->key);
    if (entry == NULL)
        return PGR_ANSWER_NOW;
    enum pgr_versions_state state = judge(local, entry);
    if (state == PGR_VERSIONS_CURRENT) {
        get->result = PGR_LOOKUP_HIT;
        get->entry = entry;
        return PGR_ANSWER_NOW;
    }
    if (state == PGR_VERSIONS_IN_FLIGHT)
        get->result = PGR_LOOKUP_IN_FLIGHT;
    /* Versions only grow and begin bumps them: outdated or in flight, it is dead for good. */
    pgr_store_drop(local->store, entry);
    pgr_entry_unref(entry);
    return PGR_ANSWER_NOW;
}

static enum pgr_answer take(struct pgr_authority *self, struct pgr_take *take)
{
    struct local *local = local_of(self);
    take->is_granted = false;
    take->token = (struct pgr_token){0};
    uint64_t *words = pgr_try_alloc(take->deps->count * sizeof(*words));
    if (words == NULL)
        return PGR_ANSWER_NOW;
    if (!pgr_versions_token(local->versions, take->deps, words)) {
        pgr_free(words);
        return PGR_ANSWER_NOW;
    }
    take->is_granted = true;
    take->token = (struct pgr_token){pgr_relset_ref(take->deps), words};
    return PGR_ANSWER_NOW;
}

/* What a write overtook on its way is not worth a place; whether it is valid, get decides. */
static void put(struct pgr_authority *self, struct pgr_entry *entry)
{
    struct local *local = local_of(self);
    if (judge(local, entry) == PGR_VERSIONS_CURRENT)
        pgr_store_put(local->store, entry);
    else
        pgr_entry_unref(entry);
}

static enum pgr_answer begin(struct pgr_authority *self, struct pgr_write *write)
{
    pgr_versions_begin(local_of(self)->versions, write->relations);
    return PGR_ANSWER_NOW;
}

static enum pgr_answer end(struct pgr_authority *self, struct pgr_write *write)
{
    pgr_versions_end(local_of(self)->versions, write->relations);
    return PGR_ANSWER_NOW;
}

static const struct pgr_authority_ops local_ops = {
    .get = get,
    .take = take,
    .put = put,
    .begin = begin,
    .end = end,
};

struct pgr_authority *pgr_authority_local_create(struct pgr_store *store,
                                                 struct pgr_versions *versions)
{
    struct local *local = pgr_new(struct local);
    local->base = (struct pgr_authority){&local_ops, pgr_store_seed(store)};
    local->store = store;
    local->versions = versions;
    return &local->base;
}

void pgr_authority_local_destroy(struct pgr_authority **authority)
{
    if (*authority == NULL)
        return;
    pgr_free(local_of(*authority));
    *authority = NULL;
}
