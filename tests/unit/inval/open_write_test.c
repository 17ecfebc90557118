// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_authority.h"
#include "fake_database.h"
#include "pgrecall/cache/store.h"
#include "pgrecall/inval/open_write.h"
#include "pump.h"

struct bench {
    struct pgr_loop *loop;
    struct pgr_store *store;
    struct pgr_versions *versions;
    struct pgr_authority *local;
    struct fake_authority authority;
    struct pgr_databases databases;
    struct pgr_database *database;
    struct pgr_funnel funnel;
    struct pgr_relset *writes; /* public.t */
    int done;
};

static void setup(struct bench *b)
{
    *b = (struct bench){.loop = pgr_loop_create(&pgr_clock_monotonic)};
    b->store = pgr_store_create((uint64_t)1 << 20, 1);
    b->versions = pgr_versions_create();
    b->local = pgr_authority_local_create(b->store, b->versions);
    fake_authority_init(&b->authority, b->local);
    fake_databases_init(&b->databases, b->versions);
    b->database = pgr_databases_get(&b->databases, "db");
    pgr_funnel_init(&b->funnel, b->loop, &b->authority.base);
    uint32_t slot = fake_database_slot(b->database, FAKE_OID_T);
    b->writes = pgr_relset_create(&slot, 1);
}

static void teardown(struct bench *b)
{
    pgr_funnel_fini(&b->funnel);
    pgr_loop_destroy(&b->loop);
    assert_int_equal(b->writes->refs, 1);
    pgr_relset_unref(b->writes);
    fake_databases_fini(&b->databases);
    fake_authority_fini(&b->authority);
    pgr_authority_local_destroy(&b->local);
    pgr_versions_destroy(&b->versions);
    pgr_store_destroy(&b->store);
}

static bool is_in_flight(const struct bench *b)
{
    uint64_t word;
    return !pgr_versions_token(b->versions, b->writes, &word);
}

static void on_done(void *arg)
{
    struct bench *b = arg;
    b->done++;
}

static struct pgr_open_write *begin(struct bench *b, enum pgr_answer expected)
{
    enum pgr_answer answer;
    struct pgr_open_write *w = pgr_open_write_begin(&b->funnel, b->database,
                                                    pgr_relset_ref(b->writes), &answer, on_done, b);
    assert_int_equal(answer, expected);
    return w;
}

static void answered_at_once(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_open_write *w = begin(&b, PGR_ANSWER_NOW);
    assert_true(is_in_flight(&b));
    assert_int_equal(pgr_open_write_end(w, on_done, &b), PGR_ANSWER_NOW);
    assert_false(is_in_flight(&b));
    assert_int_equal(b.done, 0);
    teardown(&b);
}

static void answered_later(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    b.authority.later = FAKE_BEGIN | FAKE_END;
    struct pgr_open_write *w = begin(&b, PGR_ANSWER_LATER);
    assert_int_equal(b.done, 0);
    fake_authority_answer(&b.authority, FAKE_BEGIN);
    assert_int_equal(b.done, 1);
    assert_true(is_in_flight(&b));
    assert_int_equal(pgr_open_write_end(w, on_done, &b), PGR_ANSWER_LATER);
    assert_true(is_in_flight(&b));
    fake_authority_answer(&b.authority, FAKE_END);
    assert_int_equal(b.done, 2);
    assert_false(is_in_flight(&b));
    teardown(&b);
}

/* The client goes on at once; the relations stay in flight until the catalog was read again. */
static void definition_ends_with_the_reload(void **state)
{
    PGR_UNUSED(state);
    for (int is_later = 0; is_later < 2; is_later++) {
        struct bench b;
        setup(&b);
        struct pgr_open_write *w = begin(&b, PGR_ANSWER_NOW);
        pgr_open_write_define(w);
        assert_true(pgr_database_is_changing(b.database)); /* nothing written is resolved now */
        b.authority.later = is_later ? FAKE_END : 0;
        assert_int_equal(pgr_open_write_end(w, on_done, &b), PGR_ANSWER_NOW);
        pump_some(b.loop);
        assert_true(is_in_flight(&b));
        fake_database_answer(b.database, 0); /* on the control loop … */
        assert_true(is_in_flight(&b));
        pump_some(b.loop); /* … and then on the worker's */
        if (is_later)
            fake_authority_answer(&b.authority, FAKE_END);
        assert_false(is_in_flight(&b));
        assert_int_equal(b.done, 0); /* nobody waited */
        assert_false(pgr_database_is_changing(b.database));
        teardown(&b);
    }
}

static void orphan_ends_with_its_backend(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    pgr_open_write_orphan(begin(&b, PGR_ANSWER_NOW), 77);
    pump_some(b.loop);
    assert_true(is_in_flight(&b));
    fake_database_answer(b.database, 77);
    pump_some(b.loop);
    assert_false(is_in_flight(&b));
    teardown(&b);
}

static void orphaned_definition_waits_for_both(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_open_write *w = begin(&b, PGR_ANSWER_NOW);
    pgr_open_write_define(w);
    pgr_open_write_orphan(w, 77);
    assert_int_equal(fake_database_awaited(b.database, 0), 0);
    fake_database_answer(b.database, 77);
    pump_some(b.loop);
    assert_true(is_in_flight(&b));
    assert_int_equal(fake_database_awaited(b.database, 0), 1); /* read after the backend ended */
    fake_database_answer(b.database, 0);
    pump_some(b.loop);
    assert_false(is_in_flight(&b));
    teardown(&b);
}

/* Its begin is still under way when its backend is known to be gone. */
static void end_does_not_overtake_begin(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    b.authority.later = FAKE_BEGIN;
    pgr_open_write_orphan(begin(&b, PGR_ANSWER_LATER), 77);
    fake_database_answer(b.database, 77);
    pump_some(b.loop);
    assert_int_equal(b.authority.asked[FAKE_END], 0);
    fake_authority_answer(&b.authority, FAKE_BEGIN);
    assert_int_equal(b.done, 1); /* whoever began it is told all the same */
    assert_int_equal(b.authority.asked[FAKE_END], 1);
    assert_false(is_in_flight(&b));
    teardown(&b);
}

/* Several sets on one relation: it is free when the last has ended. */
static void sets_overlap(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_open_write *first = begin(&b, PGR_ANSWER_NOW);
    struct pgr_open_write *second = begin(&b, PGR_ANSWER_NOW);
    assert_int_equal(pgr_open_write_end(first, on_done, &b), PGR_ANSWER_NOW);
    assert_true(is_in_flight(&b));
    assert_int_equal(pgr_open_write_end(second, on_done, &b), PGR_ANSWER_NOW);
    assert_false(is_in_flight(&b));
    teardown(&b);
}

/* A process that ends does not wait for what the control thread has not settled. */
static void unsettled_ones_are_freed_at_the_end(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    struct pgr_open_write *definition = begin(&b, PGR_ANSWER_NOW);
    pgr_open_write_define(definition);
    assert_int_equal(pgr_open_write_end(definition, on_done, &b), PGR_ANSWER_NOW);
    pgr_open_write_orphan(begin(&b, PGR_ANSWER_NOW), 77);
    b.database->call_count = 0; /* their callers are gone with the process */
    teardown(&b);
}

/* G22: the mutant that begins only at the end is seen to leave a gap. */
static void late_begin_is_no_begin(void **state)
{
    struct bench b;
    PGR_UNUSED(state);
    setup(&b);
    b.funnel.begins_late = true;
    struct pgr_open_write *w = begin(&b, PGR_ANSWER_NOW);
    assert_false(is_in_flight(&b));
    assert_int_equal(pgr_open_write_end(w, on_done, &b), PGR_ANSWER_NOW);
    assert_int_equal(b.authority.asked[FAKE_BEGIN], 1);
    assert_int_equal(b.authority.asked[FAKE_END], 1);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answered_at_once),
        cmocka_unit_test(answered_later),
        cmocka_unit_test(definition_ends_with_the_reload),
        cmocka_unit_test(orphan_ends_with_its_backend),
        cmocka_unit_test(orphaned_definition_waits_for_both),
        cmocka_unit_test(end_does_not_overtake_begin),
        cmocka_unit_test(sets_overlap),
        cmocka_unit_test(unsettled_ones_are_freed_at_the_end),
        cmocka_unit_test(late_begin_is_no_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
