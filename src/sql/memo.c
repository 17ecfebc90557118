// SPDX-License-Identifier: PostgreSQL
/*
 * A hash table of chains and one ring in the order of use. The hash is seeded by where the memo
 * happens to lie, so that texts chosen by a client do not all meet in one bucket.
 */
#include "pgrecall/sql/memo.h"

#include "pgrecall/base/hash.h"
#include "pgrecall/base/list.h"
#include "pgrecall/base/mem.h"
#include "stmt_priv.h"

#define BUCKETS_MIN ((size_t)64)
/* One text shall not drive out all the others. */
#define SHARE_OF_ONE ((size_t)4)

struct entry {
    struct pgr_list by_use;
    struct entry *next; /* in the chain */
    uint64_t hash;
    size_t cost;
    struct pgr_stmt *stmt;
    size_t text_len;
    uint8_t text[];
};

struct pgr_memo {
    size_t max_bytes;
    size_t bytes;
    uint64_t seed;
    size_t count;
    size_t bucket_count; /* a power of two */
    struct entry **buckets;
    struct pgr_list by_use; /* the first is the next to go */
};

static uint64_t hash_of(const struct pgr_memo *memo, struct pgr_bytes text)
{
    return pgr_hash128(text, memo->seed).low;
}

/* The link that points at the entry of the text, or at the NULL that ends its chain. */
static struct entry **find_link(struct pgr_memo *memo, struct pgr_bytes text, uint64_t hash)
{
    struct entry **link = &memo->buckets[hash & (memo->bucket_count - 1)];
    for (; *link != NULL; link = &(*link)->next) {
        struct entry *entry = *link;
        if (entry->hash == hash && pgr_bytes_eq(PGR_BYTES(entry->text, entry->text_len), text))
            break;
    }
    return link;
}

static void remove_at(struct pgr_memo *memo, struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    pgr_list_remove(&entry->by_use);
    memo->bytes -= entry->cost;
    memo->count--;
    pgr_stmt_unref(entry->stmt);
    pgr_free(entry);
}

static void remove_oldest(struct pgr_memo *memo)
{
    struct entry *entry = pgr_container_of(memo->by_use.next, struct entry, by_use);
    remove_at(memo, find_link(memo, PGR_BYTES(entry->text, entry->text_len), entry->hash));
}

/* Chains stay short; if the larger table cannot be had they grow instead. */
static void grow(struct pgr_memo *memo)
{
    size_t count = memo->bucket_count * 2;
    struct entry **buckets = pgr_try_alloc(count * sizeof(struct entry *));
    if (buckets == NULL)
        return;
    memset(buckets, 0, count * sizeof(struct entry *));
    pgr_list_foreach (node, &memo->by_use) {
        struct entry *entry = pgr_container_of(node, struct entry, by_use);
        struct entry **head = &buckets[entry->hash & (count - 1)];
        entry->next = *head;
        *head = entry;
    }
    pgr_free(memo->buckets);
    memo->buckets = buckets;
    memo->bytes += (count - memo->bucket_count) * sizeof(struct entry *);
    memo->bucket_count = count;
}

struct pgr_memo *pgr_memo_create(size_t max_bytes)
{
    struct pgr_memo *memo = pgr_new(struct pgr_memo);
    memo->max_bytes = max_bytes;
    memo->seed = (uint64_t)(uintptr_t)memo;
    memo->bucket_count = BUCKETS_MIN;
    memo->buckets = pgr_new_array(struct entry *, BUCKETS_MIN);
    memo->bytes = sizeof(*memo) + BUCKETS_MIN * sizeof(struct entry *);
    pgr_list_init(&memo->by_use);
    return memo;
}

void pgr_memo_destroy(struct pgr_memo **memo)
{
    if (*memo == NULL)
        return;
    while (!pgr_list_is_empty(&(*memo)->by_use))
        remove_oldest(*memo);
    pgr_free((*memo)->buckets);
    pgr_free(*memo);
    *memo = NULL;
}

const struct pgr_stmt *pgr_memo_get(struct pgr_memo *memo, struct pgr_bytes text)
{
    struct entry *entry = *find_link(memo, text, hash_of(memo, text));
    if (entry == NULL)
        return NULL;
    pgr_list_remove(&entry->by_use);
    pgr_list_push_back(&memo->by_use, &entry->by_use);
    return entry->stmt;
}

/* A new entry in no chain and no ring, or NULL if it is too large or memory is short. */
static struct entry *make_entry(struct pgr_memo *memo, struct pgr_bytes text,
                                const struct pgr_stmt *stmt)
{
    size_t room = memo->max_bytes / SHARE_OF_ONE;
    size_t held = pgr_stmt_bytes(stmt);
    if (held > room || text.len > room - held || sizeof(struct entry) > room - held - text.len)
        return NULL;
    struct entry *entry = pgr_try_alloc(sizeof(*entry) + text.len);
    if (entry == NULL)
        return NULL;
    entry->cost = pgr_mem_usable(entry) + held;
    entry->hash = hash_of(memo, text);
    entry->text_len = text.len;
    if (text.len > 0)
        memcpy(entry->text, text.at, text.len);
    entry->stmt = pgr_stmt_ref(stmt);
    return entry;
}

void pgr_memo_put(struct pgr_memo *memo, struct pgr_bytes text, const struct pgr_stmt *stmt)
{
    struct entry *entry = make_entry(memo, text, stmt);
    struct entry **link = find_link(memo, text, hash_of(memo, text));
    if (*link != NULL)
        remove_at(memo, link);
    if (entry == NULL)
        return;
    link = find_link(memo, text, entry->hash);
    entry->next = *link;
    *link = entry;
    pgr_list_push_back(&memo->by_use, &entry->by_use);
    memo->bytes += entry->cost;
    if (++memo->count > memo->bucket_count)
        grow(memo);
    while (memo->bytes > memo->max_bytes && !pgr_list_is_empty(&memo->by_use))
        remove_oldest(memo);
}
