// SPDX-License-Identifier: PostgreSQL
/*
 * A chained hash table: a chain needs no room that could be missing, so failing to grow it only
 * makes it slower. Clients choose the bytes (settings), hence the seed.
 *
 * The count may fall to 0 only under the lock: intern, which also holds it, then never finds a
 * context that is about to die.
 */
#include "pgrecall/cache/context.h"

#include <stdatomic.h>

#include "seed_priv.h"

#include "pgrecall/base/hash.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"

enum {
    FIRST_CHAINS = 16,
};

struct pgr_context {
    _Atomic uint32_t refs;
    struct pgr_contexts *owner;
    struct pgr_context *next; /* in its chain */
    uint64_t hash;
    uint64_t id;
    size_t len;
    uint8_t data[];
};

struct pgr_contexts {
    struct pgr_mutex lock;
    uint64_t seed;
    uint64_t next_id;
    size_t count;
    size_t chain_count;
    struct pgr_context **chains;
};

struct pgr_contexts *pgr_contexts_create(void)
{
    struct pgr_contexts *contexts = pgr_new(struct pgr_contexts);
    pgr_mutex_init(&contexts->lock);
    contexts->seed = pgr_seed_random();
    contexts->next_id = 1;
    contexts->chain_count = FIRST_CHAINS;
    contexts->chains = pgr_new_array(struct pgr_context *, FIRST_CHAINS);
    return contexts;
}

void pgr_contexts_destroy(struct pgr_contexts **contexts)
{
    struct pgr_contexts *self = *contexts;
    if (self == NULL)
        return;
    *contexts = NULL;
    PGR_ASSERT(self->count == 0); /* a context that lives on would point at freed memory */
    pgr_free(self->chains);
    pgr_mutex_fini(&self->lock);
    pgr_free(self);
}

static struct pgr_context **chain_of(const struct pgr_contexts *contexts, uint64_t hash)
{
    return &contexts->chains[hash & (contexts->chain_count - 1)];
}

static void grow(struct pgr_contexts *contexts)
{
    size_t new_count = contexts->chain_count * 2;
    struct pgr_context **fresh = pgr_try_alloc(new_count * sizeof(struct pgr_context *));
    if (fresh == NULL)
        return;
    memset(fresh, 0, new_count * sizeof(struct pgr_context *));
    for (size_t i = 0; i < contexts->chain_count; i++) {
        struct pgr_context *next;
        for (struct pgr_context *c = contexts->chains[i]; c != NULL; c = next) {
            next = c->next;
            struct pgr_context **chain = &fresh[c->hash & (new_count - 1)];
            c->next = *chain;
            *chain = c;
        }
    }
    pgr_free(contexts->chains);
    contexts->chains = fresh;
    contexts->chain_count = new_count;
}

static struct pgr_context *find(const struct pgr_contexts *contexts, uint64_t hash,
                                struct pgr_bytes bytes)
{
    for (struct pgr_context *c = *chain_of(contexts, hash); c != NULL; c = c->next) {
        if (c->hash == hash && pgr_bytes_eq(pgr_context_bytes(c), bytes))
            return c;
    }
    return NULL;
}

static struct pgr_context *add(struct pgr_contexts *contexts, uint64_t hash, struct pgr_bytes bytes)
{
    if (bytes.len > SIZE_MAX - sizeof(struct pgr_context))
        return NULL;
    struct pgr_context *context = pgr_try_alloc(sizeof(*context) + bytes.len);
    if (context == NULL)
        return NULL;
    if (contexts->count >= contexts->chain_count)
        grow(contexts);
    atomic_init(&context->refs, 1);
    context->owner = contexts;
    context->hash = hash;
    context->id = contexts->next_id++;
    context->len = bytes.len;
    if (bytes.len > 0)
        memcpy(context->data, bytes.at, bytes.len);
    struct pgr_context **chain = chain_of(contexts, hash);
    context->next = *chain;
    *chain = context;
    contexts->count++;
    return context;
}

struct pgr_context *pgr_context_intern(struct pgr_contexts *contexts, struct pgr_bytes bytes)
{
    uint64_t hash = pgr_hash128(bytes, contexts->seed).low;
    pgr_mutex_lock(&contexts->lock);
    struct pgr_context *context = find(contexts, hash, bytes);
    if (context != NULL)
        pgr_context_ref(context);
    else
        context = add(contexts, hash, bytes);
    pgr_mutex_unlock(&contexts->lock);
    return context;
}

struct pgr_context *pgr_context_ref(struct pgr_context *context)
{
    uint32_t before = atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return context;
}

static bool unref_if_shared(struct pgr_context *context)
{
    uint32_t refs = atomic_load_explicit(&context->refs, memory_order_relaxed);
    while (refs > 1) {
        if (atomic_compare_exchange_weak_explicit(&context->refs, &refs, refs - 1,
                                                  memory_order_release, memory_order_relaxed))
            return true;
    }
    return false;
}

static void forget(struct pgr_contexts *contexts, struct pgr_context *context)
{
    struct pgr_context **link = chain_of(contexts, context->hash);
    while (*link != context)
        link = &(*link)->next;
    *link = context->next;
    contexts->count--;
}

void pgr_context_unref(struct pgr_context *context)
{
    if (context == NULL || unref_if_shared(context))
        return;
    struct pgr_contexts *owner = context->owner;
    pgr_mutex_lock(&owner->lock);
    uint32_t before = atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before == 1)
        forget(owner, context);
    pgr_mutex_unlock(&owner->lock);
    if (before == 1)
        pgr_free(context);
}

uint64_t pgr_context_id(const struct pgr_context *context)
{
    return context->id;
}

struct pgr_bytes pgr_context_bytes(const struct pgr_context *context)
{
    return PGR_BYTES(context->data, context->len);
}
