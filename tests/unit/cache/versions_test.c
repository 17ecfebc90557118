// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_support.h"
#include "versions_priv.h"

#include "pgrecall/base/thread.h"

enum {
    THREADS = 4,
    ROUNDS = 5000,
    STUCK = 65535,
};

static struct pgr_relset *set_of(uint32_t a, uint32_t b)
{
    uint32_t slots[] = {a, b};
    return pgr_relset_create(slots, 2);
}

static void names_have_slots_of_their_own(void **state)
{
    struct pgr_versions *versions = pgr_versions_create();
    enum {
        COUNT = 10000
    };
    uint32_t *slots = pgr_new_array(uint32_t, COUNT);
    uint8_t *is_taken = pgr_new_array(uint8_t, 2 * COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        slots[i] = pgr_versions_slot(versions, i % 3, i / 3);
        assert_true(slots[i] < 2 * COUNT);
        assert_false(is_taken[slots[i]]);
        is_taken[slots[i]] = 1;
    }
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(pgr_versions_slot(versions, i % 3, i / 3), slots[i]);
    struct pgr_relset *last = set_of(slots[COUNT - 1], slots[0]);
    pgr_versions_begin(versions, last);
    pgr_versions_end(versions, last);
    assert_true(pgr_versions_word(versions, slots[COUNT - 1]) == 2 * PGR_WORD_VERSION);
    assert_true(pgr_versions_word(versions, slots[1]) == 0);
    pgr_relset_unref(last);
    pgr_free(slots);
    pgr_free(is_taken);
    pgr_versions_destroy(&versions);
    assert_null(versions);
    pgr_versions_destroy(&versions);
    PGR_UNUSED(state);
}

/* Beyond the limit all share one slot: too many misses, but no write unnoticed. */
static void beyond_the_limit_slots_are_shared(void **state)
{
    struct pgr_versions *versions = pgr_versions_create_limited(4);
    uint32_t slots[6];
    for (uint32_t i = 0; i < 6; i++)
        slots[i] = pgr_versions_slot(versions, 1, i);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(pgr_versions_slot(versions, 1, i), slots[i]);
    assert_int_equal(slots[3], slots[4]);
    assert_int_equal(slots[4], slots[5]);
    for (int i = 0; i < 3; i++)
        assert_true(slots[i] != slots[3]);
    struct pgr_relset *read = set_of(slots[5], slots[5]);
    struct pgr_relset *write = set_of(slots[4], slots[4]);
    uint64_t word;
    assert_true(pgr_versions_token(versions, read, &word));
    pgr_versions_begin(versions, write);
    pgr_versions_end(versions, write);
    assert_false(pgr_versions_match(versions, read, &word));
    pgr_relset_unref(read);
    pgr_relset_unref(write);
    pgr_versions_destroy(&versions);
    PGR_UNUSED(state);
}

struct table {
    struct pgr_versions *versions;
    struct pgr_relset *read;  /* slots 1 and 2 */
    struct pgr_relset *write; /* slots 2 and 3 */
    struct pgr_relset *other; /* slots 3 and 4 */
};

static void table_init(struct table *t)
{
    t->versions = pgr_versions_create();
    for (uint32_t oid = 0; oid < 4; oid++)
        assert_int_equal(pgr_versions_slot(t->versions, 7, oid), oid + 1);
    t->read = set_of(1, 2);
    t->write = set_of(2, 3);
    t->other = set_of(3, 4);
}

static void table_fini(struct table *t)
{
    pgr_relset_unref(t->read);
    pgr_relset_unref(t->write);
    pgr_relset_unref(t->other);
    pgr_versions_destroy(&t->versions);
}

static void a_write_outdates_for_ever(void **state)
{
    struct table t;
    table_init(&t);
    uint64_t words[2];
    uint64_t during[2];
    uint64_t after[2];
    assert_true(pgr_versions_token(t.versions, t.read, words));
    pgr_versions_begin(t.versions, t.other);
    assert_true(pgr_versions_match(t.versions, t.read, words)); /* not its relations */
    pgr_versions_begin(t.versions, t.write);
    assert_false(pgr_versions_match(t.versions, t.read, words));
    assert_int_equal(pgr_versions_judge(t.versions, t.read, words), PGR_VERSIONS_IN_FLIGHT);
    assert_false(pgr_versions_token(t.versions, t.read, during));
    pgr_versions_end(t.versions, t.write);
    assert_int_equal(pgr_versions_judge(t.versions, t.read, words), PGR_VERSIONS_OUTDATED);
    assert_false(pgr_versions_match(t.versions, t.read, words));
    assert_true(pgr_versions_token(t.versions, t.read, after));
    assert_true(pgr_versions_match(t.versions, t.read, after));
    pgr_versions_end(t.versions, t.other);
    assert_true(pgr_versions_match(t.versions, t.read, after));
    table_fini(&t);
    PGR_UNUSED(state);
}

/* Two writes at once: quiet only when both have ended, in whatever order. */
static void writes_overlap(void **state)
{
    struct table t;
    table_init(&t);
    uint64_t words[2];
    pgr_versions_begin(t.versions, t.write);
    pgr_versions_begin(t.versions, t.write);
    pgr_versions_end(t.versions, t.write);
    assert_false(pgr_versions_token(t.versions, t.read, words));
    pgr_versions_end(t.versions, t.write);
    assert_true(pgr_versions_token(t.versions, t.read, words));
    assert_true(pgr_versions_word(t.versions, 2) == 4 * PGR_WORD_VERSION);
    table_fini(&t);
    PGR_UNUSED(state);
}

static void an_overflow_sticks(void **state)
{
    struct table t;
    table_init(&t);
    uint64_t words[2];
    for (int i = 0; i < STUCK - 1; i++)
        pgr_versions_begin(t.versions, t.write);
    assert_true(pgr_versions_word(t.versions, 2) == (PGR_WORD_VERSION + 1) * (STUCK - 1));
    pgr_versions_end(t.versions, t.write); /* one below the limit everything still works */
    pgr_versions_begin(t.versions, t.write);
    pgr_versions_begin(t.versions, t.write);
    uint64_t stuck = pgr_versions_word(t.versions, 2);
    assert_true((stuck & PGR_WORD_IN_FLIGHT) == STUCK);
    pgr_versions_begin(t.versions, t.write);
    assert_true(pgr_versions_word(t.versions, 2) == stuck); /* no carry into the version */
    for (int i = 0; i < STUCK + 1; i++)
        pgr_versions_end(t.versions, t.write);
    assert_true(pgr_versions_word(t.versions, 2) == stuck);
    assert_false(pgr_versions_token(t.versions, t.read, words));
    assert_true(pgr_versions_word(t.versions, 1) == 0);
    table_fini(&t);
    PGR_UNUSED(state);
}

static void mutants_leave_out_what_they_say(void **state)
{
    static const struct {
        unsigned mutants;
        uint64_t at_begin;
        uint64_t at_end;
        bool is_granted_in_flight;
    } cases[] = {
        {0, PGR_WORD_VERSION + 1, 2 * PGR_WORD_VERSION, false},
        {PGR_MUTANT_NO_BEGIN_BUMP, 1, PGR_WORD_VERSION, false},
        {PGR_MUTANT_NO_END_BUMP, PGR_WORD_VERSION + 1, PGR_WORD_VERSION, false},
        {PGR_MUTANT_NO_INFLIGHT_TEST, PGR_WORD_VERSION + 1, 2 * PGR_WORD_VERSION, true},
        {PGR_MUTANT_NO_BEGIN_BUMP | PGR_MUTANT_NO_END_BUMP, 1, 0, false},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct table t;
        table_init(&t);
        uint64_t words[2];
        pgr_versions_mutate(t.versions, cases[i].mutants);
        pgr_versions_begin(t.versions, t.write);
        assert_true(pgr_versions_word(t.versions, 2) == cases[i].at_begin);
        assert_int_equal(pgr_versions_token(t.versions, t.read, words),
                         cases[i].is_granted_in_flight);
        pgr_versions_end(t.versions, t.write);
        assert_true(pgr_versions_word(t.versions, 2) == cases[i].at_end);
        table_fini(&t);
    }
    PGR_UNUSED(state);
}

static void write_much(void *arg)
{
    struct table *t = arg;
    uint64_t words[2];
    for (int i = 0; i < ROUNDS; i++) {
        pgr_versions_begin(t->versions, t->write);
        PGR_ASSERT(!pgr_versions_token(t->versions, t->read, words));
        pgr_versions_end(t->versions, t->write);
        uint32_t slot = pgr_versions_slot(t->versions, 9, (uint32_t)i);
        PGR_ASSERT(pgr_versions_word(t->versions, slot) == 0);
    }
}

static void threads_lose_no_count(void **state)
{
    struct table t;
    table_init(&t);
    struct pgr_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pgr_thread_start(&threads[i], "write", PGR_PARSE_STACK, write_much, &t),
                         PGR_OK);
    for (int i = 0; i < THREADS; i++)
        pgr_thread_join(&threads[i]);
    assert_true(pgr_versions_word(t.versions, 2) == 2ULL * THREADS * ROUNDS * PGR_WORD_VERSION);
    table_fini(&t);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_slots_of_their_own),
        cmocka_unit_test(beyond_the_limit_slots_are_shared),
        cmocka_unit_test(a_write_outdates_for_ever),
        cmocka_unit_test(writes_overlap),
        cmocka_unit_test(an_overflow_sticks),
        cmocka_unit_test(mutants_leave_out_what_they_say),
        cmocka_unit_test(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
