// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/cache/entry.h"

#include "charge_priv.h"

#include "pgrecall/base/mem.h"

void pgr_token_fini(struct pgr_token *token)
{
    pgr_relset_unref(token->deps);
    pgr_free(token->words);
    *token = (struct pgr_token){0};
}

/* What is shared with others (context, relation set, statement) is not this entry's to count. */
static size_t charge_of(struct pgr_entry *entry)
{
    return pgr_charge_of(entry) + pgr_charge_of(entry->reply) + pgr_charge_of(entry->token.words);
}

static void take_parts(struct pgr_entry *entry, struct pgr_entry_parts *parts)
{
    entry->token = *parts->token;
    *parts->token = (struct pgr_token){0};
    entry->reply = parts->reply;
    parts->reply = NULL;
    entry->tag = parts->tag;
    parts->tag = NULL;
    entry->context = parts->context ? pgr_context_ref(parts->context) : NULL;
}

struct pgr_entry *pgr_entry_create(struct pgr_entry_parts *parts)
{
    size_t key_len = parts->key.bytes.len;
    if (key_len > PGR_KEY_MAX)
        return NULL;
    struct pgr_entry *entry = pgr_try_alloc(sizeof(*entry) + key_len);
    if (entry == NULL)
        return NULL;
    *entry = (struct pgr_entry){
        .description_len = parts->description_len,
        .rows = parts->rows,
        .birth_us = parts->birth_us,
        .cost_us = parts->cost_us,
        .tag_unref = parts->tag_unref,
        .hash = parts->key.hash,
        .key_len = key_len,
    };
    atomic_init(&entry->refs, 1);
    if (key_len > 0)
        memcpy(entry->key, parts->key.bytes.at, key_len);
    take_parts(entry, parts);
    entry->charge = charge_of(entry);
    return entry;
}

struct pgr_entry *pgr_entry_ref(struct pgr_entry *entry)
{
    uint32_t before = atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return entry;
}

static void destroy(struct pgr_entry *entry)
{
    if (entry->tag != NULL && entry->tag_unref != NULL)
        entry->tag_unref(entry->tag);
    pgr_context_unref(entry->context);
    pgr_token_fini(&entry->token);
    pgr_blob_unref(entry->reply);
    pgr_free(entry);
}

void pgr_entry_unref(struct pgr_entry *entry)
{
    if (entry == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&entry->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before == 1)
        destroy(entry);
}
