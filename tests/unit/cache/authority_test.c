// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "b1_support.h"

static void answers_of_each_state(void **state)
{
    struct bench b;
    bench_init(&b, 0);
    struct pgr_get get;
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_MISS);
    assert_null(get.entry);

    struct pgr_token token;
    assert_true(bench_take(&b, TABLE_A, &token));
    bench_put(&b, TABLE_A, &token, 41);
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_HIT);
    assert_true(bench_value(get.entry) == 41);
    pgr_entry_unref(get.entry);
    assert_int_equal(bench_get(&b, TABLE_B, &get), PGR_LOOKUP_MISS);

    bench_begin(&b, TABLE_B); /* another table's write */
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_HIT);
    pgr_entry_unref(get.entry);
    bench_end(&b, TABLE_B);

    bench_begin(&b, TABLE_A);
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_IN_FLIGHT);
    assert_null(get.entry);
    assert_false(bench_take(&b, TABLE_A, &token));
    assert_null(token.deps);
    bench_end(&b, TABLE_A);
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_MISS);
    bench_fini(&b);
    PGR_UNUSED(state);
}

static void all_outdates_everything(void **state)
{
    struct bench b;
    bench_init(&b, 0);
    struct pgr_token token;
    struct pgr_get get;
    assert_true(bench_take(&b, TABLE_A, &token));
    bench_put(&b, TABLE_A, &token, 1);
    bench_begin(&b, TABLE_ALL);
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_IN_FLIGHT);
    bench_end(&b, TABLE_ALL);
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_MISS);
    bench_fini(&b);
    PGR_UNUSED(state);
}

static void what_is_outdated_leaves_the_store(void **state)
{
    struct bench b;
    bench_init(&b, 0);
    struct pgr_token token;
    struct pgr_get get;
    struct pgr_store_stats stats;
    assert_true(bench_take(&b, TABLE_A, &token));
    bench_put(&b, TABLE_A, &token, 1);
    bench_write(&b, TABLE_A);
    pgr_store_stats(b.store, &stats);
    assert_true(stats.entries == 1); /* a write costs the same whatever it outdates */
    assert_int_equal(bench_get(&b, TABLE_A, &get), PGR_LOOKUP_MISS);
    pgr_store_stats(b.store, &stats);
    assert_true(stats.entries == 0);

    assert_true(bench_take(&b, TABLE_A, &token));
    bench_write(&b, TABLE_A);
    bench_put(&b, TABLE_A, &token, 1); /* overtaken: not stored at all */
    pgr_store_stats(b.store, &stats);
    assert_true(stats.entries == 0);
    bench_fini(&b);
    PGR_UNUSED(state);
}

static void a_token_without_memory_is_not_granted(void **state)
{
    struct bench b;
    bench_init(&b, 0);
    struct pgr_token token;
    pgr_mem_fail_nth(1);
    assert_false(bench_take(&b, TABLE_A, &token));
    assert_true(token.deps == NULL && token.words == NULL);
    assert_true(bench_take(&b, TABLE_A, &token));
    pgr_token_fini(&token);
    bench_fini(&b);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_each_state),
        cmocka_unit_test(all_outdates_everything),
        cmocka_unit_test(what_is_outdated_leaves_the_store),
        cmocka_unit_test(a_token_without_memory_is_not_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
