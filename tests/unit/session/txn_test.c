// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_database.h"
#include "txn_priv.h"

static struct pgr_versions *versions;
static struct pgr_databases databases;
static struct pgr_database *database;

static int setup(void **state)
{
    PGR_UNUSED(state);
    versions = pgr_versions_create();
    fake_databases_init(&databases, versions);
    database = pgr_databases_get(&databases, "db");
    return 0;
}

static int teardown(void **state)
{
    PGR_UNUSED(state);
    fake_databases_fini(&databases);
    pgr_versions_destroy(&versions);
    return 0;
}

static void add(struct pgr_txn *txn, unsigned flags, const uint32_t *slots, size_t count)
{
    struct pgr_relset *writes = slots ? pgr_relset_create(slots, count) : NULL;
    struct pgr_effects effects = {.flags = flags, .writes = writes};
    pgr_txn_add(txn, &effects, pgr_database_epoch(database));
    pgr_relset_unref(writes);
}

/* "-" nothing, "A" everything, else the slots. */
static void expect_set(const struct pgr_txn *txn, const uint32_t *slots, size_t count)
{
    const struct pgr_relset *set = pgr_txn_write_set(txn, database);
    if (slots == NULL) {
        assert_null(set);
        return;
    }
    assert_non_null(set);
    assert_int_equal(set->count, count);
    assert_memory_equal(set->slots, slots, count * sizeof(slots[0]));
    pgr_relset_unref(set);
}

static void w_grows_and_ends(void **state)
{
    struct pgr_txn txn = {.status = 'I'};
    PGR_UNUSED(state);
    expect_set(&txn, NULL, 0);
    add(&txn, 0, NULL, 0);
    expect_set(&txn, NULL, 0);
    add(&txn, 0, (uint32_t[]){7, 5}, 2);
    expect_set(&txn, (uint32_t[]){5, 7}, 2);
    add(&txn, 0, NULL, 0);
    add(&txn, 0, (uint32_t[]){6, 7}, 2);
    expect_set(&txn, (uint32_t[]){5, 6, 7}, 3);
    pgr_txn_end(&txn);
    expect_set(&txn, NULL, 0);
}

static void everything_is_the_databases_own_set(void **state)
{
    static const unsigned flags[] = {PGR_EFFECT_WRITES_ALL, PGR_EFFECT_DEFINITION,
                                     PGR_EFFECT_DEFINITION | PGR_EFFECT_WRITES_ALL};
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(flags); i++) {
        struct pgr_txn txn = {.status = 'I'};
        add(&txn, 0, (uint32_t[]){9}, 1);
        add(&txn, flags[i], NULL, 0);
        const struct pgr_relset *set = pgr_txn_write_set(&txn, database);
        assert_ptr_equal(set, pgr_database_all(database));
        pgr_relset_unref(set);
        assert_true(txn.writes_definition == ((flags[i] & PGR_EFFECT_DEFINITION) != 0));
        pgr_txn_end(&txn);
        assert_false(txn.writes_all);
        assert_false(txn.writes_definition);
    }
}

/* Too many relations to count one by one are everything. */
static void large_sets_are_everything(void **state)
{
    struct pgr_txn txn = {.status = 'I'};
    PGR_UNUSED(state);
    for (uint32_t slot = 1; slot <= PGR_RELSET_MAX; slot++)
        add(&txn, 0, &slot, 1);
    assert_false(txn.writes_all);
    add(&txn, 0, (uint32_t[]){1}, 1);
    assert_false(txn.writes_all);
    add(&txn, 0, (uint32_t[]){PGR_RELSET_MAX + 1}, 1);
    assert_true(txn.writes_all);
    pgr_txn_end(&txn);
    assert_false(txn.writes_all);
}

static void locks_last_as_long_as_they_do(void **state)
{
    struct pgr_txn txn = {.status = 'I'};
    PGR_UNUSED(state);
    pgr_txn_note_locks(&txn, 0);
    assert_false(txn.holds_lock || txn.holds_session_lock);
    pgr_txn_note_locks(&txn, PGR_EFFECT_LOCKS | PGR_EFFECT_SESSION_LOCK);
    assert_true(txn.holds_lock && txn.holds_session_lock);
    pgr_txn_end(&txn);
    assert_false(txn.holds_lock);
    assert_true(txn.holds_session_lock);
    pgr_txn_note_locks(&txn, 0);
    assert_true(txn.holds_session_lock);
    /* one statement that locks and unlocks: in which order is not known */
    pgr_txn_note_locks(&txn, PGR_EFFECT_UNLOCKS | PGR_EFFECT_SESSION_LOCK);
    assert_true(txn.holds_session_lock);
    pgr_txn_note_locks(&txn, PGR_EFFECT_UNLOCKS);
    assert_false(txn.holds_session_lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(w_grows_and_ends),
        cmocka_unit_test(everything_is_the_databases_own_set),
        cmocka_unit_test(large_sets_are_everything),
        cmocka_unit_test(locks_last_as_long_as_they_do),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
