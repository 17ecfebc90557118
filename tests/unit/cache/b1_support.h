// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * b1_support.h - a cache over a pretended database of two tables, each holding one growing number,
 * and the checker of B1: no read returns less than what was known before the read began.
 *
 * "Known" is the greatest value of the table that a finished read returned to anybody, or whose
 * write was acknowledged (its end was applied). That is linearizability of a growing register.
 */
#include <stdatomic.h>

#include "entry_support.h"

#include "pgrecall/base/thread.h"
#include "pgrecall/cache/authority.h"
#include "pgrecall/cache/store.h"
#include "pgrecall/cache/versions.h"

enum table {
    TABLE_ALL, /* no table: what every read depends on */
    TABLE_A,
    TABLE_B,
    TABLES,
};

struct bench {
    struct pgr_store *store;
    struct pgr_versions *versions;
    struct pgr_authority *authority;
    struct pgr_relset *deps[TABLES];   /* of a read: the table and ALL */
    struct pgr_relset *writes[TABLES]; /* of a write: the table */
    struct pgr_mutex lock;             /* the database: guards `values` */
    uint64_t values[TABLES];
    _Atomic uint64_t known[TABLES];
    _Atomic uint64_t reads;
    _Atomic uint64_t hits;
    _Atomic uint64_t violations;
};

static inline void bench_init(struct bench *b, unsigned mutants)
{
    memset(b, 0, sizeof(*b));
    b->store = pgr_store_create(1 << 20, 2);
    b->versions = pgr_versions_create();
    pgr_versions_mutate(b->versions, mutants);
    b->authority = pgr_authority_local_create(b->store, b->versions);
    pgr_mutex_init(&b->lock);
    uint32_t all = pgr_versions_slot(b->versions, 0, 0);
    for (uint32_t i = 0; i < TABLES; i++) {
        uint32_t slots[] = {pgr_versions_slot(b->versions, 0, i), all};
        b->writes[i] = pgr_relset_create(slots, 1);
        b->deps[i] = pgr_relset_create(slots, 2);
    }
}

static inline void bench_fini(struct bench *b)
{
    for (int i = 0; i < TABLES; i++) {
        pgr_relset_unref(b->deps[i]);
        pgr_relset_unref(b->writes[i]);
    }
    pgr_mutex_fini(&b->lock);
    pgr_authority_local_destroy(&b->authority);
    pgr_store_destroy(&b->store);
    pgr_versions_destroy(&b->versions);
}

/* The cache's five verbs. */
static inline enum pgr_lookup bench_get(struct bench *b, enum table table, struct pgr_get *get)
{
    struct small_key key;
    small_key_init(&key, table, b->authority->key_seed);
    *get = (struct pgr_get){.key = key.key};
    PGR_ASSERT(b->authority->ops->get(b->authority, get) == PGR_ANSWER_NOW);
    return get->result;
}

static inline bool bench_take(struct bench *b, enum table table, struct pgr_token *token)
{
    struct pgr_take take = {.deps = b->deps[table]};
    PGR_ASSERT(b->authority->ops->take(b->authority, &take) == PGR_ANSWER_NOW);
    *token = take.token;
    return take.is_granted;
}

static inline void bench_put(struct bench *b, enum table table, struct pgr_token *token,
                             uint64_t value)
{
    struct small_key key;
    small_key_init(&key, table, b->authority->key_seed);
    struct pgr_entry_parts parts = {
        .key = key.key,
        .token = token,
        .reply = pgr_blob_copy(PGR_BYTES(&value, sizeof(value))),
    };
    b->authority->ops->put(b->authority, pgr_entry_create(&parts));
}

static inline uint64_t bench_value(const struct pgr_entry *entry)
{
    uint64_t value;
    memcpy(&value, entry->reply->data, sizeof(value));
    return value;
}

static inline void bench_begin(struct bench *b, enum table table)
{
    struct pgr_write write = {.relations = b->writes[table]};
    PGR_ASSERT(b->authority->ops->begin(b->authority, &write) == PGR_ANSWER_NOW);
}

static inline void bench_end(struct bench *b, enum table table)
{
    struct pgr_write write = {.relations = b->writes[table]};
    PGR_ASSERT(b->authority->ops->end(b->authority, &write) == PGR_ANSWER_NOW);
}

/* The database. */
static inline uint64_t bench_select(struct bench *b, enum table table)
{
    pgr_mutex_lock(&b->lock);
    uint64_t value = b->values[table];
    pgr_mutex_unlock(&b->lock);
    return value;
}

static inline uint64_t bench_commit(struct bench *b, enum table table)
{
    pgr_mutex_lock(&b->lock);
    uint64_t value = ++b->values[table];
    pgr_mutex_unlock(&b->lock);
    return value;
}

/* The checker: `floor` first, then the read, then `report`. */
static inline uint64_t bench_floor(struct bench *b, enum table table)
{
    return atomic_load(&b->known[table]);
}

static inline void bench_learn(struct bench *b, enum table table, uint64_t value)
{
    uint64_t known = atomic_load(&b->known[table]);
    while (known < value && !atomic_compare_exchange_weak(&b->known[table], &known, value))
        ;
}

static inline void bench_report(struct bench *b, enum table table, uint64_t floor, uint64_t value)
{
    atomic_fetch_add(&b->reads, 1);
    if (value < floor)
        atomic_fetch_add(&b->violations, 1);
    bench_learn(b, table, value);
}

/* A read answered by the cache if it can; false on a miss, which leaves nothing behind. */
static inline bool bench_read_hit(struct bench *b, enum table table)
{
    struct pgr_get get;
    uint64_t floor = bench_floor(b, table);
    if (bench_get(b, table, &get) != PGR_LOOKUP_HIT)
        return false;
    atomic_fetch_add(&b->hits, 1);
    bench_report(b, table, floor, bench_value(get.entry));
    pgr_entry_unref(get.entry);
    return true;
}

static inline void bench_write(struct bench *b, enum table table)
{
    bench_begin(b, table);
    uint64_t value = bench_commit(b, table);
    bench_end(b, table);
    bench_learn(b, table, value);
}
