// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/base/relset.h"

enum {
    FULL = 4
};

struct slots {
    size_t count;
    uint32_t at[FULL];
};

static void assert_set(const struct pgr_relset *set, const struct slots *expect)
{
    assert_int_equal(set->count, expect->count);
    for (size_t i = 0; i < expect->count; i++)
        assert_int_equal(set->slots[i], expect->at[i]);
}

static void create_sorts_and_removes_duplicates(void **state)
{
    static const struct {
        struct slots in;
        struct slots out;
    } cases[] = {
        {{0, {0}}, {0, {0}}},
        {{1, {7}}, {1, {7}}},
        {{4, {3, 1, 2, 0}}, {4, {0, 1, 2, 3}}},
        {{4, {5, 5, 5, 5}}, {1, {5}}},
        {{4, {UINT32_MAX, 0, UINT32_MAX, 0}}, {2, {0, UINT32_MAX}}},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_relset *set = pgr_relset_create(cases[i].in.at, cases[i].in.count);
        assert_set(set, &cases[i].out);
        pgr_relset_unref(set);
    }
    struct pgr_relset *none = pgr_relset_create(NULL, 0);
    assert_int_equal(none->count, 0);
    pgr_relset_unref(none);
    pgr_relset_unref(NULL);
    PGR_UNUSED(state);
}

/* Every pair of subsets of eight slots against bit arithmetic. */
static struct pgr_relset *of_bits(unsigned bits)
{
    uint32_t slots[8];
    size_t count = 0;
    for (uint32_t i = 0; i < 8; i++) {
        if (bits & 1U << i)
            slots[count++] = i * 1000;
    }
    return pgr_relset_create(slots, count);
}

static unsigned to_bits(const struct pgr_relset *set)
{
    unsigned bits = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        assert_true(i == 0 || set->slots[i - 1] < set->slots[i]);
        bits |= 1U << set->slots[i] / 1000;
    }
    return bits;
}

static void sets_agree_with_bits(void **state)
{
    struct pgr_relset *sets[256];
    for (unsigned i = 0; i < 256; i++)
        sets[i] = of_bits(i);
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            struct pgr_relset *both = pgr_relset_union(sets[a], sets[b]);
            assert_int_equal(to_bits(both), a | b);
            assert_int_equal(pgr_relset_intersects(sets[a], sets[b]), (a & b) != 0);
            pgr_relset_unref(both);
        }
        for (uint32_t slot = 0; slot < 8; slot++) {
            assert_int_equal(pgr_relset_has(sets[a], slot * 1000), (a >> slot) & 1);
            assert_false(pgr_relset_has(sets[a], slot * 1000 + 1));
        }
    }
    for (unsigned i = 0; i < 256; i++)
        pgr_relset_unref(sets[i]);
    PGR_UNUSED(state);
}

static void a_union_takes_null_for_empty(void **state)
{
    struct pgr_relset *one = of_bits(3);
    struct pgr_relset *left = pgr_relset_union(one, NULL);
    struct pgr_relset *right = pgr_relset_union(NULL, one);
    struct pgr_relset *none = pgr_relset_union(NULL, NULL);
    assert_int_equal(to_bits(left), 3);
    assert_int_equal(to_bits(right), 3);
    assert_int_equal(to_bits(none), 0);
    pgr_relset_unref(one);
    pgr_relset_unref(left);
    pgr_relset_unref(right);
    pgr_relset_unref(none);
    PGR_UNUSED(state);
}

static void a_set_lives_as_long_as_its_holders(void **state)
{
    struct pgr_relset *set = of_bits(5);
    struct pgr_relset *second = pgr_relset_ref(set);
    assert_ptr_equal(set, second);
    pgr_relset_unref(set);
    assert_int_equal(to_bits(second), 5);
    pgr_relset_unref(second);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_sorts_and_removes_duplicates),
        cmocka_unit_test(sets_agree_with_bits),
        cmocka_unit_test(a_union_takes_null_for_empty),
        cmocka_unit_test(a_set_lives_as_long_as_its_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
