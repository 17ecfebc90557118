// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/base/hist.h"
#include "pgrecall/base/mem.h"

static void an_empty_one_answers_zero(void **state)
{
    struct pgr_hist h;
    pgr_hist_init(&h);
    assert_int_equal(pgr_hist_quantile(&h, 0.5), 0);
    pgr_hist_fini(&h);
    PGR_UNUSED(state);
}

/* One big sample keeps max_us from hiding the edge of the bucket under test. */
static void any_value_is_known_to_one_percent(void **state)
{
    const uint64_t huge = (uint64_t)1 << 45;
    uint64_t value = 0;
    while (value < huge / 2) {
        struct pgr_hist h;
        pgr_hist_init(&h);
        pgr_hist_add(&h, value);
        pgr_hist_add(&h, value);
        pgr_hist_add(&h, huge);
        uint64_t got = pgr_hist_quantile(&h, 0.5);
        assert_true(got >= value);
        assert_true((got - value) * 100 <= value);
        pgr_hist_fini(&h);
        value += 1 + value / 97;
    }
    PGR_UNUSED(state);
}

static void quantiles_of_one_to_thousand(void **state)
{
    static const struct {
        double q;
        uint64_t exact;
    } cases[] = {{-1, 1},     {0, 1},       {0.001, 1}, {0.5, 500}, {0.95, 950},
                 {0.99, 990}, {0.999, 999}, {1, 1000},  {2, 1000}};
    struct pgr_hist h;
    pgr_hist_init(&h);
    for (uint64_t v = 1; v <= 1000; v++)
        pgr_hist_add(&h, v);
    assert_int_equal(h.count, 1000);
    assert_int_equal(h.sum_us, 500500);
    assert_int_equal(h.max_us, 1000);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        uint64_t got = pgr_hist_quantile(&h, cases[i].q);
        assert_in_range(got, cases[i].exact, cases[i].exact + cases[i].exact / 100);
        assert_true(got <= h.max_us);
    }
    pgr_hist_fini(&h);
    PGR_UNUSED(state);
}

static void the_largest_value_is_kept(void **state)
{
    struct pgr_hist h;
    pgr_hist_init(&h);
    pgr_hist_add(&h, UINT64_MAX);
    assert_true(pgr_hist_quantile(&h, 0.5) == UINT64_MAX);
    pgr_hist_fini(&h);
    PGR_UNUSED(state);
}

static void merge_adds_and_reset_empties(void **state)
{
    struct pgr_hist a;
    struct pgr_hist b;
    pgr_hist_init(&a);
    pgr_hist_init(&b);
    for (uint64_t v = 0; v < 500; v++) {
        pgr_hist_add(&a, v * 2);
        pgr_hist_add(&b, v * 2 + 1);
    }
    b.lost = 3;
    pgr_hist_merge(&a, &b);
    assert_int_equal(a.count, 1000);
    assert_int_equal(a.sum_us, 999 * 500);
    assert_int_equal(a.max_us, 999);
    assert_int_equal(a.lost, 3);
    assert_in_range(pgr_hist_quantile(&a, 0.5), 499, 504);
    assert_int_equal(b.count, 500);
    pgr_hist_reset(&a);
    assert_int_equal(a.count, 0);
    assert_int_equal(pgr_hist_quantile(&a, 0.99), 0);
    pgr_hist_add(&a, 7);
    assert_int_equal(pgr_hist_quantile(&a, 0.99), 7);
    pgr_hist_fini(&a);
    pgr_hist_fini(&b);
    PGR_UNUSED(state);
}

static void no_memory_loses_the_sample_only(void **state)
{
    struct pgr_hist h;
    struct pgr_hist from;
    pgr_hist_init(&h);
    pgr_hist_init(&from);
    pgr_mem_fail_nth(1);
    pgr_hist_add(&h, 5);
    assert_int_equal(h.lost, 1);
    assert_int_equal(h.count, 0);
    pgr_hist_add(&from, 5);
    pgr_hist_add(&from, 5000);
    pgr_mem_fail_nth(1);
    pgr_hist_merge(&h, &from);
    assert_int_equal(h.lost, 2);
    assert_int_equal(h.count, 1);
    assert_in_range(pgr_hist_quantile(&h, 0.5), 5000, 5050);
    pgr_hist_fini(&h);
    pgr_hist_fini(&from);
    PGR_UNUSED(state);
}

static void a_full_counter_stays_full(void **state)
{
    struct pgr_hist h;
    pgr_hist_init(&h);
    pgr_hist_add(&h, 3);
    h.octaves[0][3] = UINT32_MAX;
    pgr_hist_add(&h, 3);
    assert_true(h.octaves[0][3] == UINT32_MAX);
    assert_int_equal(h.lost, 1);
    pgr_hist_fini(&h);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_answers_zero),
        cmocka_unit_test(any_value_is_known_to_one_percent),
        cmocka_unit_test(quantiles_of_one_to_thousand),
        cmocka_unit_test(the_largest_value_is_kept),
        cmocka_unit_test(merge_adds_and_reset_empties),
        cmocka_unit_test(no_memory_loses_the_sample_only),
        cmocka_unit_test(a_full_counter_stays_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
