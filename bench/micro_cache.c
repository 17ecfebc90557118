// SPDX-License-Identifier: PostgreSQL
/*
 * bench_cache [threads] [operations per thread]: what the cache room costs per operation.
 *
 * Keys are skewed (the square of a uniform number), so that about half of all look-ups go to a
 * quarter of the keys, and the store is smaller than what is asked for: hits, misses and evictions
 * all take part.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pgrecall/base/clock.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/cache/authority.h"
#include "pgrecall/cache/store.h"
#include "pgrecall/cache/versions.h"

enum {
    KEYS = 50000,
    REPLY_LEN = 2000,
    DEPS = 3,
    STACK = 1 << 20,
    MAX_THREADS = 64,
};

#define BUDGET ((uint64_t)64 << 20)

struct shared {
    struct pgr_store *store;
    struct pgr_versions *versions;
    struct pgr_authority *authority;
    struct pgr_relset *deps;
    uint64_t operations;
};

struct worker {
    struct pgr_thread thread;
    struct shared *shared;
    uint64_t random;
    uint64_t hits;
    struct pgr_buf buf;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t skewed_key(uint64_t *random)
{
    uint64_t uniform = next_random(random) % KEYS;
    return uniform * uniform / KEYS;
}

static void build_key(struct worker *w, uint64_t number, struct pgr_key *key)
{
    uint8_t params[8];
    pgr_store_be32(params, 4);
    pgr_store_be32(params + 4, (uint32_t)number);
    struct pgr_key_parts parts = {
        .context_id = 1,
        .protocol = 'X',
        .text = PGR_BYTES_LIT("select name, embedding from features where entity_id = $1"),
        .params = PGR_BYTES(params, sizeof(params)),
    };
    PGR_ASSERT(pgr_key_build(&w->buf, &parts, w->shared->authority->key_seed, key));
}

static void store_answer(struct worker *w, const struct pgr_key *key)
{
    struct pgr_authority *authority = w->shared->authority;
    struct pgr_take take = {.deps = w->shared->deps};
    authority->ops->take(authority, &take);
    struct pgr_blob *reply = pgr_blob_create(REPLY_LEN);
    if (!take.is_granted || reply == NULL) {
        pgr_blob_unref(reply);
        pgr_token_fini(&take.token);
        return;
    }
    memset(reply->data, 1, REPLY_LEN);
    struct pgr_entry_parts parts = {
        .key = *key, .token = &take.token, .reply = reply, .cost_us = 300};
    struct pgr_entry *entry = pgr_entry_create(&parts);
    PGR_ASSERT(entry != NULL);
    authority->ops->put(authority, entry);
}

/* One read: key, look-up, and on a miss everything that stores an answer. */
static void read_once(struct worker *w)
{
    struct pgr_authority *authority = w->shared->authority;
    struct pgr_get get;
    build_key(w, skewed_key(&w->random), &get.key);
    authority->ops->get(authority, &get);
    if (get.result == PGR_LOOKUP_HIT) {
        w->hits++;
        pgr_entry_unref(get.entry);
    } else {
        store_answer(w, &get.key);
    }
}

static void work(void *arg)
{
    struct worker *w = arg;
    for (uint64_t i = 0; i < w->shared->operations; i++)
        read_once(w);
}

static double per_operation(uint64_t began_us, uint64_t operations)
{
    uint64_t took = pgr_clock_now_us(&pgr_clock_monotonic) - began_us;
    return (double)took * 1000.0 / (double)operations;
}

static void measure_reads(struct shared *shared, unsigned threads)
{
    struct worker *workers = pgr_new_array(struct worker, threads);
    uint64_t began = pgr_clock_now_us(&pgr_clock_monotonic);
    for (unsigned i = 0; i < threads; i++) {
        workers[i].shared = shared;
        workers[i].random = 1000003 * (i + 1);
        pgr_buf_init(&workers[i].buf, PGR_KEY_MAX);
        PGR_ASSERT(pgr_thread_start(&workers[i].thread, "bench", STACK, work, &workers[i]) ==
                   PGR_OK);
    }
    uint64_t hits = 0;
    for (unsigned i = 0; i < threads; i++) {
        pgr_thread_join(&workers[i].thread);
        pgr_buf_fini(&workers[i].buf);
        hits += workers[i].hits;
    }
    uint64_t all = shared->operations * threads;
    struct pgr_store_stats stats;
    pgr_store_stats(shared->store, &stats);
    printf("read (key, get, put on miss)  %8.0f ns a read, all threads together\n",
           per_operation(began, all));
    printf("  hits %.1f %%, %" PRIu64 " entries, %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64
           " evictions\n",
           100.0 * (double)hits / (double)all, stats.entries, stats.bytes, BUDGET, stats.evictions);
    pgr_free(workers);
}

static void measure_writes(struct shared *shared)
{
    uint64_t began = pgr_clock_now_us(&pgr_clock_monotonic);
    for (uint64_t i = 0; i < shared->operations; i++) {
        pgr_versions_begin(shared->versions, shared->deps);
        pgr_versions_end(shared->versions, shared->deps);
    }
    printf("write (begin, end of %d)       %8.0f ns\n", DEPS,
           per_operation(began, shared->operations));
}

static uint64_t number_or(int argc, char **argv, int at, uint64_t otherwise)
{
    return at < argc ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    uint64_t threads = number_or(argc, argv, 1, 2);
    struct shared shared = {.operations = number_or(argc, argv, 2, 1000000)};
    if (threads < 1 || threads > MAX_THREADS || shared.operations < 1) {
        fprintf(stderr, "usage: bench_cache [threads, at most %d] [operations]\n", MAX_THREADS);
        return 2;
    }
    uint32_t slots[DEPS];
    shared.store = pgr_store_create(BUDGET, 64);
    shared.versions = pgr_versions_create();
    for (uint32_t i = 0; i < DEPS; i++)
        slots[i] = pgr_versions_slot(shared.versions, 0, i);
    shared.deps = pgr_relset_create(slots, DEPS);
    shared.authority = pgr_authority_local_create(shared.store, shared.versions);
    measure_reads(&shared, (unsigned)threads);
    measure_writes(&shared);
    pgr_authority_local_destroy(&shared.authority);
    pgr_relset_unref(shared.deps);
    pgr_store_destroy(&shared.store);
    pgr_versions_destroy(&shared.versions);
    return 0;
}
