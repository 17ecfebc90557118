// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pgrecall/base/thread.h"
#include "pgrecall/metrics/counters.h"

static void sums_run_over_all_workers(void **state)
{
    struct pgr_counters a = {0};
    struct pgr_counters b = {0};
    struct pgr_counters *all[] = {&a, &b};
    pgr_count_add(&a, PGR_COUNTER_stores, 3);
    pgr_count_add(&b, PGR_COUNTER_stores, 4);
    pgr_count_add(&b, PGR_COUNTER_bytes_client, UINT64_MAX / 2);
    assert_true(pgr_counters_sum(all, 2, PGR_COUNTER_stores) == 7);
    assert_true(pgr_counters_sum(all, 1, PGR_COUNTER_stores) == 3);
    assert_true(pgr_counters_sum(all, 0, PGR_COUNTER_stores) == 0);
    assert_true(pgr_counters_sum(all, 2, PGR_COUNTER_bytes_client) == UINT64_MAX / 2);
    assert_true(pgr_counters_sum(all, 2, PGR_COUNTER_cancels) == 0);
    PGR_UNUSED(state);
}

static void every_counter_has_its_own_name(void **state)
{
    assert_string_equal(pgr_counter_name(PGR_COUNTER_sessions_opened), "sessions_opened");
    assert_string_equal(pgr_counter_name(PGR_COUNTER_protocol_surprises), "protocol_surprises");
    for (int i = 0; i < PGR_COUNTER_COUNT; i++) {
        for (int k = 0; k < i; k++)
            assert_string_not_equal(pgr_counter_name((enum pgr_counter)i),
                                    pgr_counter_name((enum pgr_counter)k));
    }
    PGR_UNUSED(state);
}

#define ADDS 20000

static void add_many(void *arg)
{
    for (int i = 0; i < ADDS; i++)
        pgr_count_add(arg, PGR_COUNTER_probes, 1);
}

static void concurrent_adds_are_all_counted(void **state)
{
    struct pgr_counters shared = {0};
    struct pgr_counters *all[] = {&shared};
    struct pgr_thread threads[3];
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        assert_int_equal(
            pgr_thread_start(&threads[i], "adder", (size_t)256 << 10, add_many, &shared), PGR_OK);
    assert_true(pgr_counters_sum(all, 1, PGR_COUNTER_probes) <= 3 * ADDS);
    for (size_t i = 0; i < PGR_ARRAY_LEN(threads); i++)
        pgr_thread_join(&threads[i]);
    assert_true(pgr_counters_sum(all, 1, PGR_COUNTER_probes) == 3 * ADDS);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_run_over_all_workers),
        cmocka_unit_test(every_counter_has_its_own_name),
        cmocka_unit_test(concurrent_adds_are_all_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
