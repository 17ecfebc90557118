// SPDX-License-Identifier: PostgreSQL
/*
 * B1 is linearizable, and this checker would notice if it were not (correctness.md B1, G22).
 *
 * Twice: over all interleavings of a few actors' steps, which is exhaustive, repeatable and needs
 * no luck; and with real threads, where the words are really shared. The same mutants are found by
 * both.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "b1_support.h"

/* Who takes part in one interleaving: each step is atomic, the order of one actor's steps fixed. */
enum step {
    STEP_DONE, /* the actor has no further one */
    STEP_BEGIN,
    STEP_COMMIT,
    STEP_END,
    STEP_TAKE,
    STEP_SELECT,
    STEP_PUT,
    STEP_HIT,    /* a whole read that the cache answers, or none */
    STEP_DIRECT, /* a whole read past the cache */
};

enum {
    ACTORS_MAX = 6,
    STEPS_MAX = 4,
};

typedef enum step script[ACTORS_MAX][STEPS_MAX];

struct actor {
    size_t next;
    uint64_t floor;
    uint64_t value;
    bool has_token;
    struct pgr_token token;
};

struct play {
    struct bench *bench;
    const enum step (*script)[STEPS_MAX];
    struct actor actors[ACTORS_MAX];
    size_t order[ACTORS_MAX * STEPS_MAX];
    size_t len;
    uint64_t runs;
};

static void take_step(struct bench *b, struct actor *actor, enum step step)
{
    switch (step) {
    case STEP_DONE:
        break;
    case STEP_BEGIN:
        bench_begin(b, TABLE_A);
        break;
    case STEP_COMMIT:
        actor->value = bench_commit(b, TABLE_A);
        break;
    case STEP_END:
        bench_end(b, TABLE_A);
        bench_learn(b, TABLE_A, actor->value);
        break;
    case STEP_TAKE:
        actor->floor = bench_floor(b, TABLE_A);
        actor->has_token = bench_take(b, TABLE_A, &actor->token);
        break;
    case STEP_SELECT:
        actor->value = bench_select(b, TABLE_A);
        break;
    case STEP_PUT:
        bench_report(b, TABLE_A, actor->floor, actor->value);
        if (actor->has_token)
            bench_put(b, TABLE_A, &actor->token, actor->value);
        break;
    case STEP_HIT:
        bench_read_hit(b, TABLE_A);
        break;
    case STEP_DIRECT:
        bench_report(b, TABLE_A, bench_floor(b, TABLE_A), bench_select(b, TABLE_A));
        break;
    }
}

/* Plays the order from the beginning; an answer of the present value is already remembered. */
static void play_order(struct play *play)
{
    memset(play->actors, 0, sizeof(play->actors));
    pgr_store_clear(play->bench->store);
    struct actor before = {0};
    for (enum step step = STEP_TAKE; step <= STEP_PUT; step++)
        take_step(play->bench, &before, step);
    for (size_t i = 0; i < play->len; i++) {
        struct actor *actor = &play->actors[play->order[i]];
        take_step(play->bench, actor, play->script[play->order[i]][actor->next++]);
    }
    play->runs++;
}

static void play_all_orders(struct play *play, size_t next[])
{
    bool is_complete = true;
    for (size_t i = 0; i < ACTORS_MAX; i++) {
        if (next[i] == STEPS_MAX || play->script[i][next[i]] == STEP_DONE)
            continue;
        is_complete = false;
        play->order[play->len++] = i;
        next[i]++;
        play_all_orders(play, next);
        next[i]--;
        play->len--;
    }
    if (is_complete)
        play_order(play);
}

/* Violations over all interleavings; the runs are checked so that none is skipped by mistake. */
static uint64_t explore(const script actors, unsigned mutants, uint64_t expect_runs)
{
    struct bench b;
    size_t next[ACTORS_MAX] = {0};
    bench_init(&b, mutants);
    struct play play = {.bench = &b, .script = actors};
    play_all_orders(&play, next);
    assert_true(play.runs == expect_runs);
    assert_true(atomic_load(&b.hits) > 0);
    uint64_t violations = atomic_load(&b.violations);
    bench_fini(&b);
    return violations;
}

#define WRITER                                                                                     \
    {                                                                                              \
        STEP_BEGIN, STEP_COMMIT, STEP_END                                                          \
    }
#define LATE_WRITER                                                                                \
    {                                                                                              \
        STEP_COMMIT, STEP_BEGIN, STEP_END                                                          \
    }
#define READER                                                                                     \
    {                                                                                              \
        STEP_TAKE, STEP_SELECT, STEP_PUT                                                           \
    }

static const script one_writer = {WRITER, READER, {STEP_DIRECT}, {STEP_HIT}, {STEP_HIT}};
static const script two_writers = {WRITER, WRITER, READER, {STEP_HIT}};
static const script late_writer = {LATE_WRITER, READER, {STEP_DIRECT}, {STEP_HIT}};

enum {
    ONE_WRITER_RUNS = 10080,  /* 9! / (3! 3!) */
    TWO_WRITERS_RUNS = 16800, /* 10! / (3! 3! 3!) */
    LATE_WRITER_RUNS = 1120,  /* 8! / (3! 3!) */
};

static void every_interleaving_is_linearizable(void **state)
{
    assert_true(explore(one_writer, 0, ONE_WRITER_RUNS) == 0);
    assert_true(explore(two_writers, 0, TWO_WRITERS_RUNS) == 0);
    PGR_UNUSED(state);
}

static const unsigned pairs[] = {
    PGR_MUTANT_NO_BEGIN_BUMP | PGR_MUTANT_NO_END_BUMP,
    PGR_MUTANT_NO_END_BUMP | PGR_MUTANT_NO_INFLIGHT_TEST,
};

static void every_pair_of_mutants_is_found(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(pairs); i++) {
        assert_true(explore(one_writer, pairs[i], ONE_WRITER_RUNS) > 0);
        assert_true(explore(two_writers, pairs[i], TWO_WRITERS_RUNS) > 0);
    }
    PGR_UNUSED(state);
}

/* A writer that lets the message go before it begins: the new value may be seen, then the old. */
static void a_late_begin_is_found(void **state)
{
    assert_true(explore(late_writer, 0, LATE_WRITER_RUNS) > 0);
    PGR_UNUSED(state);
}

/* Which rules stand alone and which only in pairs, so that nobody takes one for superfluous. */
static void either_bump_is_redundant_alone(void **state)
{
    assert_true(explore(one_writer, PGR_MUTANT_NO_BEGIN_BUMP, ONE_WRITER_RUNS) == 0);
    assert_true(explore(one_writer, PGR_MUTANT_NO_END_BUMP, ONE_WRITER_RUNS) == 0);
    assert_true(explore(one_writer, PGR_MUTANT_NO_INFLIGHT_TEST, ONE_WRITER_RUNS) > 0);
    PGR_UNUSED(state);
}

enum {
    WRITERS = 2,
    READERS = 3,
    READS = 20000,
    MUTANT_READS = 2000000, /* far more than it takes: one violation ends the run */
};

struct crowd {
    struct bench bench;
    uint64_t reads;
    bool stops_at_violation;
    _Atomic uint64_t seats;
};

static bool is_over(struct crowd *crowd)
{
    struct bench *b = &crowd->bench;
    return atomic_load(&b->reads) >= crowd->reads ||
           (crowd->stops_at_violation && atomic_load(&b->violations) > 0);
}

/* Now and then lets others run exactly where it hurts. */
static void pause_sometimes(uint64_t *random)
{
    if (next_random(random) % 4 == 0)
        sched_yield();
}

static enum table some_table(uint64_t *random)
{
    return next_random(random) % 4 == 0 ? TABLE_B : TABLE_A;
}

static void write_on(void *arg)
{
    struct crowd *crowd = arg;
    struct bench *b = &crowd->bench;
    uint64_t random = 11 + atomic_fetch_add(&crowd->seats, 1);
    while (!is_over(crowd)) {
        enum table table = some_table(&random);
        /* Every few writes do not know what they change. */
        enum table announced = next_random(&random) % 8 == 0 ? TABLE_ALL : table;
        bench_begin(b, announced);
        pause_sometimes(&random);
        uint64_t value = bench_commit(b, table);
        pause_sometimes(&random);
        bench_end(b, announced);
        bench_learn(b, table, value);
        for (uint64_t i = next_random(&random) % 8; i > 0; i--)
            sched_yield();
    }
}

static void read_and_put(struct bench *b, enum table table, uint64_t *random)
{
    struct pgr_token token;
    uint64_t floor = bench_floor(b, table);
    bool has_token = bench_take(b, table, &token);
    pause_sometimes(random);
    uint64_t value = bench_select(b, table);
    pause_sometimes(random);
    if (has_token)
        bench_put(b, table, &token, value);
    bench_report(b, table, floor, value);
}

static void read_on(void *arg)
{
    struct crowd *crowd = arg;
    uint64_t random = 1013 + atomic_fetch_add(&crowd->seats, 1);
    while (!is_over(crowd)) {
        enum table table = some_table(&random);
        if (next_random(&random) % 16 == 0 || !bench_read_hit(&crowd->bench, table))
            read_and_put(&crowd->bench, table, &random);
    }
}

static void run_crowd(struct crowd *crowd)
{
    struct pgr_thread threads[WRITERS + READERS];
    for (int i = 0; i < WRITERS + READERS; i++)
        assert_int_equal(pgr_thread_start(&threads[i], i < WRITERS ? "writer" : "reader",
                                          PGR_PARSE_STACK, i < WRITERS ? write_on : read_on, crowd),
                         PGR_OK);
    for (int i = 0; i < WRITERS + READERS; i++)
        pgr_thread_join(&threads[i]);
}

static void threads_are_linearizable(void **state)
{
    struct crowd crowd = {.reads = READS};
    bench_init(&crowd.bench, 0);
    run_crowd(&crowd);
    assert_true(atomic_load(&crowd.bench.hits) > 0);
    assert_true(atomic_load(&crowd.bench.known[TABLE_A]) > 0);
    assert_true(atomic_load(&crowd.bench.violations) == 0);
    bench_fini(&crowd.bench);
    PGR_UNUSED(state);
}

static void threads_find_the_mutants_too(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(pairs); i++) {
        struct crowd crowd = {.reads = MUTANT_READS, .stops_at_violation = true};
        bench_init(&crowd.bench, pairs[i]);
        run_crowd(&crowd);
        assert_true(atomic_load(&crowd.bench.violations) > 0);
        bench_fini(&crowd.bench);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_interleaving_is_linearizable),
        cmocka_unit_test(every_pair_of_mutants_is_found),
        cmocka_unit_test(a_late_begin_is_found),
        cmocka_unit_test(either_bump_is_redundant_alone),
        cmocka_unit_test(threads_are_linearizable),
        cmocka_unit_test(threads_find_the_mutants_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
