// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_support.h"
#include "store_walk.h"

#include "pgrecall/cache/store.h"

enum {
    KEYS = 3000,
    OPS = 100000,
    THREADS = 4,
    THREAD_OPS = 6000,
};

#define BUDGET ((uint64_t)1 << 20)

static bool put_one(struct pgr_store *store, struct small_entry options)
{
    return pgr_store_put(store, small_entry_create(pgr_store_seed(store), options));
}

static struct pgr_entry *get_one(struct pgr_store *store, uint64_t number)
{
    struct small_key key;
    small_key_init(&key, number, pgr_store_seed(store));
    return pgr_store_get(store, &key.key);
}

static bool has_one(struct pgr_store *store, uint64_t number)
{
    struct pgr_entry *entry = get_one(store, number);
    pgr_entry_unref(entry);
    return entry != NULL;
}

static struct pgr_store_stats stats_of(struct pgr_store *store)
{
    struct pgr_store_stats stats;
    pgr_store_stats(store, &stats);
    return stats;
}

static void what_is_put_is_got(void **state)
{
    struct pgr_store *store = pgr_store_create(BUDGET, 4);
    for (uint64_t i = 0; i < 100; i++)
        assert_true(put_one(store, (struct small_entry){.number = i, .reply_len = 100}));
    for (uint64_t i = 0; i < 200; i++) {
        struct pgr_entry *entry = get_one(store, i);
        assert_int_equal(entry != NULL, i < 100);
        if (entry != NULL)
            assert_int_equal(entry->reply->data[99], i & 0xff);
        pgr_entry_unref(entry);
    }
    walk_store(store);
    struct pgr_store_stats stats = stats_of(store);
    assert_true(stats.entries == 100 && stats.evictions == 0 && stats.refused == 0);
    pgr_store_clear(store);
    stats = stats_of(store);
    assert_true(stats.entries == 0 && stats.bytes == 0);
    assert_true(put_one(store, (struct small_entry){.number = 1}));
    pgr_store_destroy(&store);
    assert_null(store);
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

static void a_later_birth_replaces(void **state)
{
    static const struct {
        uint64_t first;
        uint64_t second;
        uint64_t expect;
    } cases[] = {{5, 6, 6}, {5, 5, 5}, {6, 5, 6}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_store *store = pgr_store_create(BUDGET, 1);
        put_one(store, (struct small_entry){.birth_us = cases[i].first, .reply_len = 10});
        struct pgr_entry *held = get_one(store, 0);
        bool is_put =
            put_one(store, (struct small_entry){.birth_us = cases[i].second, .reply_len = 20});
        assert_int_equal(is_put, cases[i].first <= cases[i].second);
        struct pgr_entry *now = get_one(store, 0);
        assert_true(now->birth_us == cases[i].expect && (now == held) == !is_put);
        assert_int_equal(held->reply->len, 10);
        assert_true(stats_of(store).entries == 1);
        walk_store(store);
        pgr_entry_unref(held);
        pgr_entry_unref(now);
        pgr_store_destroy(&store);
    }
    PGR_UNUSED(state);
}

static void drop_takes_exactly_that_entry(void **state)
{
    struct pgr_store *store = pgr_store_create(BUDGET, 1);
    put_one(store, (struct small_entry){.number = 1});
    struct pgr_entry *old = get_one(store, 1);
    put_one(store, (struct small_entry){.number = 1});
    pgr_store_drop(store, old);
    struct pgr_entry *now = get_one(store, 1);
    assert_non_null(now);
    pgr_store_drop(store, now);
    assert_false(has_one(store, 1));
    pgr_store_drop(store, now);
    walk_store(store);
    pgr_entry_unref(old);
    pgr_entry_unref(now);
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

static void too_large_is_refused(void **state)
{
    struct pgr_store *store = pgr_store_create(BUDGET, 4);
    size_t shard = BUDGET / 4;
    assert_false(put_one(store, (struct small_entry){.number = 1, .reply_len = shard / 4}));
    assert_true(put_one(store, (struct small_entry){.number = 2, .reply_len = shard / 4 - 4096}));
    assert_false(has_one(store, 1));
    assert_true(has_one(store, 2));
    assert_true(stats_of(store).refused == 1);
    walk_store(store);
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

static void an_evicted_entry_lives_while_held(void **state)
{
    struct pgr_store *store = pgr_store_create(64 << 10, 1);
    put_one(store, (struct small_entry){.number = 1, .reply_len = 2000});
    struct pgr_entry *held = get_one(store, 1);
    for (uint64_t i = 2; i < 200; i++)
        put_one(store, (struct small_entry){.number = i, .reply_len = 2000});
    assert_false(has_one(store, 1));
    assert_true(stats_of(store).evictions > 0);
    assert_int_equal(held->reply->data[1999], 1);
    pgr_store_destroy(&store);
    assert_int_equal(held->reply->data[0], 1);
    pgr_entry_unref(held);
    PGR_UNUSED(state);
}

static void shrinking_the_budget_acts_at_once(void **state)
{
    static const uint64_t budgets[] = {BUDGET / 2, BUDGET / 10, 5000, 1000, 300, 1, 0};
    struct pgr_store *store = pgr_store_create(BUDGET, 2);
    for (uint64_t i = 0; i < KEYS; i++)
        put_one(store, (struct small_entry){.number = i, .reply_len = i % 64});
    assert_true(stats_of(store).bytes > BUDGET * 8 / 10);
    for (size_t i = 0; i < PGR_ARRAY_LEN(budgets); i++) {
        pgr_store_set_budget(store, budgets[i]);
        walk_store(store);
        assert_true(stats_of(store).bytes <= budgets[i]);
    }
    assert_false(put_one(store, (struct small_entry){.number = 1}));
    pgr_store_set_budget(store, BUDGET);
    assert_true(put_one(store, (struct small_entry){.number = 1}));
    walk_store(store);
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

/* Where the larger index would not fit beside the old one, an entry goes and the index stays. */
static void growing_counts_old_and_new_index(void **state)
{
    struct pgr_store *store = pgr_store_create(BUDGET, 1);
    const struct pgr_index *index = &store->shards[0].index;
    uint64_t number = 0;
    do
        put_one(store, (struct small_entry){.number = ++number, .reply_len = 200});
    while (!pgr_index_is_full(index));
    size_t cap = index->cap;
    size_t charge = store->shards[0].used / number;
    size_t growth = pgr_index_growth_cost(index) + pgr_evict_ghost_cost(2 * cap);
    uint64_t enough = stats_of(store).bytes + charge + growth;

    const uint64_t slack = 64; /* blocks of one size may differ a little in what they cost */
    pgr_store_set_budget(store, enough - slack);
    assert_true(put_one(store, (struct small_entry){.number = ++number, .reply_len = 200}));
    assert_true(index->cap == cap && stats_of(store).evictions == 1);
    pgr_store_set_budget(store, enough + slack);
    assert_true(put_one(store, (struct small_entry){.number = ++number, .reply_len = 200}));
    assert_true(index->cap == 2 * cap && stats_of(store).evictions == 1);
    walk_store(store);
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

static void sweeping_finds_the_old_ones_bit_by_bit(void **state)
{
    struct pgr_store *store = pgr_store_create(BUDGET, 8);
    for (uint64_t i = 0; i < 1000; i++)
        put_one(store, (struct small_entry){.number = i, .birth_us = i});
    assert_int_equal(pgr_store_sweep(store, 500, 0), 0);
    size_t dropped = 0;
    for (int i = 0; i < 8000; i++) {
        size_t now = pgr_store_sweep(store, 500, 3);
        assert_true(now <= 3);
        dropped += now;
    }
    assert_int_equal(dropped, 500);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(has_one(store, i), i >= 500);
    /* The first call starts in the middle of a shard, whose front is then left to the next one. */
    dropped = pgr_store_sweep(store, UINT64_MAX, 1 << 20);
    walk_store(store);
    dropped += pgr_store_sweep(store, UINT64_MAX, 1 << 20);
    assert_int_equal(dropped, 500);
    assert_true(stats_of(store).entries == 0);
    walk_store(store);
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

/* Every allocation of every put is missing once; what is then refused is the only loss. */
static void missing_memory_only_refuses(void **state)
{
    for (unsigned nth = 1; nth <= 4; nth++) {
        struct pgr_store *store = pgr_store_create(64 << 10, 1);
        uint64_t refused = 0;
        for (uint64_t i = 0; i < 300; i++) {
            struct pgr_entry *entry = small_entry_create(
                pgr_store_seed(store), (struct small_entry){.number = i, .reply_len = i % 100});
            pgr_mem_fail_nth(nth);
            bool is_put = pgr_store_put(store, entry);
            pgr_mem_fail_nth(0);
            refused += !is_put;
            assert_int_equal(has_one(store, i), is_put);
            walk_store(store);
        }
        assert_true(stats_of(store).refused == refused);
        assert_int_equal(refused > 0, nth <= 2);
        pgr_store_destroy(&store);
    }
    PGR_UNUSED(state);
}

/*
 * The property: whatever is done, the budget holds after every operation, the books agree with a
 * walk, and what is got is what was put last.
 */
struct chaos {
    struct pgr_store *store;
    uint64_t random;
    uint64_t budget;
    uint64_t births;
    struct pgr_entry *last[KEYS]; /* a reference to what was put last */
};

static size_t random_size(struct chaos *c)
{
    uint64_t bits = next_random(&c->random) % 15;
    return next_random(&c->random) & ((1U << bits) - 1);
}

static void chaos_put(struct chaos *c, uint64_t number)
{
    struct pgr_entry *entry =
        small_entry_create(pgr_store_seed(c->store), (struct small_entry){
                                                         .number = number,
                                                         .birth_us = ++c->births,
                                                         .cost_us = next_random(&c->random) % 1000,
                                                         .reply_len = random_size(c),
                                                     });
    pgr_entry_unref(c->last[number]);
    c->last[number] = pgr_entry_ref(entry);
    if (!pgr_store_put(c->store, entry)) {
        /* Refused by its size before anything is replaced: forget what the store may still have. */
        struct pgr_entry *present = get_one(c->store, number);
        if (present != NULL)
            pgr_store_drop(c->store, present);
        pgr_entry_unref(present);
    }
}

static void chaos_get(struct chaos *c, uint64_t number)
{
    struct pgr_entry *entry = get_one(c->store, number);
    assert_true(entry == NULL || entry == c->last[number]);
    pgr_entry_unref(entry);
}

static void chaos_step(struct chaos *c)
{
    uint64_t dice = next_random(&c->random) % 1000;
    uint64_t number = next_random(&c->random) % (dice % 2 ? KEYS : KEYS / 20);
    if (dice < 450) {
        chaos_put(c, number);
    } else if (dice < 950) {
        chaos_get(c, number);
    } else if (dice < 980) {
        if (c->last[number] != NULL) {
            pgr_store_drop(c->store, c->last[number]);
            assert_false(has_one(c->store, number));
        }
    } else if (dice < 998) {
        pgr_store_sweep(c->store, c->births - c->births / 10, 50);
    } else if (dice == 998) {
        c->budget = 10000 + next_random(&c->random) % BUDGET;
        pgr_store_set_budget(c->store, c->budget);
    } else if (next_random(&c->random) % 20 == 0) {
        pgr_store_clear(c->store);
    }
}

static void the_budget_is_never_exceeded(void **state)
{
    static const uint32_t shards[] = {1, 4};
    for (size_t s = 0; s < PGR_ARRAY_LEN(shards); s++) {
        struct chaos c = {.random = 42 + s, .budget = BUDGET};
        c.store = pgr_store_create(BUDGET, shards[s]);
        for (int i = 0; i < OPS; i++) {
            chaos_step(&c);
            assert_true(stats_of(c.store).bytes <= c.budget);
            if (i % 251 == 0)
                walk_store(c.store);
        }
        walk_store(c.store);
        assert_true(stats_of(c.store).evictions > 1000);
        pgr_store_destroy(&c.store);
        for (size_t i = 0; i < KEYS; i++)
            pgr_entry_unref(c.last[i]);
    }
    PGR_UNUSED(state);
}

/* Popular entries survive a stream of answers that nobody asks for twice. */
static void a_scan_does_not_wash_out_what_is_popular(void **state)
{
    struct pgr_store *store = pgr_store_create(256 << 10, 1);
    for (uint64_t i = 0; i < 50; i++)
        put_one(store, (struct small_entry){.number = i, .reply_len = 500});
    for (uint64_t i = 0; i < 20000; i++) {
        put_one(store, (struct small_entry){.number = 1000 + i, .reply_len = 500});
        has_one(store, i % 50);
    }
    for (uint64_t i = 0; i < 50; i++)
        assert_true(has_one(store, i));
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

struct crowd {
    struct pgr_store *store;
    _Atomic uint32_t seats;
    _Atomic uint32_t callbacks;
};

/* Would wait for ever if a shard's lock were held while an entry ends. */
static void ask_the_store(const void *tag)
{
    struct crowd *crowd = (struct crowd *)(uintptr_t)tag;
    atomic_fetch_add(&crowd->callbacks, 1);
    if (crowd->store != NULL)
        PGR_ASSERT(stats_of(crowd->store).bytes <= BUDGET / 4);
}

static void crowd_put(struct crowd *crowd, uint64_t number, size_t len)
{
    struct pgr_entry *entry = small_entry_create(
        pgr_store_seed(crowd->store), (struct small_entry){.number = number, .reply_len = len});
    entry->tag = crowd;
    entry->tag_unref = ask_the_store;
    pgr_store_put(crowd->store, entry);
}

static void do_anything(void *arg)
{
    struct crowd *crowd = arg;
    uint64_t random = 77 + atomic_fetch_add(&crowd->seats, 1) * 1000003;
    for (int i = 0; i < THREAD_OPS; i++) {
        uint64_t number = next_random(&random) % 300;
        uint64_t dice = next_random(&random) % 100;
        if (dice < 40)
            crowd_put(crowd, number, next_random(&random) % 3000);
        else if (dice < 42)
            pgr_store_sweep(crowd->store, next_random(&random), 10);
        else if (dice < 43)
            pgr_store_set_budget(crowd->store, BUDGET / 8 + next_random(&random) % (BUDGET / 8));
        else if (dice == 43 && number == 0)
            pgr_store_clear(crowd->store);
        struct pgr_entry *entry = get_one(crowd->store, number);
        if (entry == NULL)
            continue;
        PGR_ASSERT(memcmp(entry->key, &number, sizeof(number)) == 0);
        PGR_ASSERT(entry->reply->len == 0 || entry->reply->data[0] == (number & 0xff));
        if (dice > 90)
            pgr_store_drop(crowd->store, entry);
        pgr_entry_unref(entry);
    }
}

static void threads_share_it(void **state)
{
    struct crowd crowd = {.store = pgr_store_create(BUDGET / 4, 2)};
    struct pgr_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pgr_thread_start(&threads[i], "crowd", PGR_PARSE_STACK, do_anything, &crowd), PGR_OK);
    for (int i = 0; i < THREADS; i++)
        pgr_thread_join(&threads[i]);
    walk_store(crowd.store);
    assert_true(atomic_load(&crowd.callbacks) > 0);
    struct pgr_store *store = crowd.store;
    crowd.store = NULL;
    pgr_store_destroy(&store);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_got),
        cmocka_unit_test(a_later_birth_replaces),
        cmocka_unit_test(drop_takes_exactly_that_entry),
        cmocka_unit_test(too_large_is_refused),
        cmocka_unit_test(an_evicted_entry_lives_while_held),
        cmocka_unit_test(shrinking_the_budget_acts_at_once),
        cmocka_unit_test(growing_counts_old_and_new_index),
        cmocka_unit_test(sweeping_finds_the_old_ones_bit_by_bit),
        cmocka_unit_test(missing_memory_only_refuses),
        cmocka_unit_test(the_budget_is_never_exceeded),
        cmocka_unit_test(a_scan_does_not_wash_out_what_is_popular),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
