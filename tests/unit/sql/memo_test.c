// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/sql/memo.h"
#include "stmt_priv.h"

#define AMPLE ((size_t)1 << 20)

static struct pgr_bytes name_of(size_t i, char out[32])
{
    int n = snprintf(out, 32, "select %zu", i);
    return PGR_BYTES(out, (size_t)n);
}

static void a_text_is_remembered(void **state)
{
    struct pgr_memo *memo = pgr_memo_create(AMPLE);
    struct pgr_stmt *a = pgr_stmt_create();
    struct pgr_stmt *b = pgr_stmt_create();
    struct pgr_bytes text = PGR_BYTES_LIT("select 1");
    assert_null(pgr_memo_get(memo, text));
    pgr_memo_put(memo, text, a);
    pgr_memo_put(memo, PGR_BYTES_LIT(""), b);
    assert_ptr_equal(pgr_memo_get(memo, text), a);
    assert_ptr_equal(pgr_memo_get(memo, PGR_BYTES_LIT("")), b);
    assert_null(pgr_memo_get(memo, PGR_BYTES_LIT("select 2")));
    assert_null(pgr_memo_get(memo, PGR_BYTES_LIT("select ")));
    assert_null(pgr_memo_get(memo, PGR_BYTES_LIT("select 1\0")));
    assert_int_equal(atomic_load(&a->refs), 2);
    pgr_memo_destroy(&memo);
    assert_null(memo);
    pgr_memo_destroy(&memo);
    assert_int_equal(atomic_load(&a->refs), 1);
    assert_int_equal(atomic_load(&b->refs), 1);
    pgr_stmt_unref(a);
    pgr_stmt_unref(b);
    PGR_UNUSED(state);
}

static void the_text_is_copied(void **state)
{
    struct pgr_memo *memo = pgr_memo_create(AMPLE);
    struct pgr_stmt *stmt = pgr_stmt_create();
    char text[] = "select 1";
    pgr_memo_put(memo, PGR_BYTES(text, 8), stmt);
    text[7] = '2';
    assert_ptr_equal(pgr_memo_get(memo, PGR_BYTES_LIT("select 1")), stmt);
    assert_null(pgr_memo_get(memo, PGR_BYTES_LIT("select 2")));
    pgr_memo_destroy(&memo);
    pgr_stmt_unref(stmt);
    PGR_UNUSED(state);
}

static void a_second_put_replaces(void **state)
{
    struct pgr_memo *memo = pgr_memo_create(AMPLE);
    struct pgr_stmt *a = pgr_stmt_create();
    struct pgr_stmt *b = pgr_stmt_create();
    struct pgr_bytes text = PGR_BYTES_LIT("select 1");
    pgr_memo_put(memo, text, a);
    pgr_memo_put(memo, text, a);
    assert_int_equal(atomic_load(&a->refs), 2);
    pgr_memo_put(memo, text, b);
    assert_ptr_equal(pgr_memo_get(memo, text), b);
    assert_int_equal(atomic_load(&a->refs), 1);
    pgr_memo_destroy(&memo);
    pgr_stmt_unref(a);
    pgr_stmt_unref(b);
    PGR_UNUSED(state);
}

static size_t count_known(struct pgr_memo *memo, size_t from, size_t to)
{
    size_t known = 0;
    for (size_t i = from; i < to; i++) {
        char text[32];
        known += pgr_memo_get(memo, name_of(i, text)) != NULL;
    }
    return known;
}

static void put_numbers(struct pgr_memo *memo, const struct pgr_stmt *stmt, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        char text[32];
        pgr_memo_put(memo, name_of(i, text), stmt);
    }
}

/* Twice the budget holds twice as many, and references tell how many are held. */
static void the_budget_holds(void **state)
{
    struct pgr_stmt *stmt = pgr_stmt_create();
    size_t held[2];
    for (size_t i = 0; i < 2; i++) {
        size_t budget = ((size_t)64 << 10) << i;
        struct pgr_memo *memo = pgr_memo_create(budget);
        put_numbers(memo, stmt, 0, 5000);
        held[i] = atomic_load(&stmt->refs) - 1;
        assert_true(held[i] > 0 && held[i] * pgr_stmt_bytes(stmt) <= budget);
        assert_int_equal(count_known(memo, 0, 5000), held[i]);
        assert_int_equal(count_known(memo, 5000 - held[i], 5000), held[i]);
        pgr_memo_destroy(&memo);
        assert_int_equal(atomic_load(&stmt->refs), 1);
    }
    assert_true(held[1] > held[0] * 3 / 2 && held[1] < held[0] * 3);
    pgr_stmt_unref(stmt);
    PGR_UNUSED(state);
}

static void what_is_used_stays(void **state)
{
    struct pgr_memo *memo = pgr_memo_create((size_t)64 << 10);
    struct pgr_stmt *used = pgr_stmt_create();
    struct pgr_stmt *other = pgr_stmt_create();
    pgr_memo_put(memo, PGR_BYTES_LIT("used"), used);
    pgr_memo_put(memo, PGR_BYTES_LIT("unused"), used);
    for (size_t i = 0; i < 1000; i++) {
        put_numbers(memo, other, i, i + 1);
        assert_ptr_equal(pgr_memo_get(memo, PGR_BYTES_LIT("used")), used);
    }
    assert_null(pgr_memo_get(memo, PGR_BYTES_LIT("unused")));
    pgr_memo_destroy(&memo);
    pgr_stmt_unref(used);
    pgr_stmt_unref(other);
    PGR_UNUSED(state);
}

/* A text that would take too much of the budget is not taken, and drives nothing out. */
static void a_large_text_is_dropped(void **state)
{
    const size_t budget = (size_t)64 << 10;
    struct pgr_memo *memo = pgr_memo_create(budget);
    struct pgr_stmt *stmt = pgr_stmt_create();
    char *large = pgr_alloc(budget);
    put_numbers(memo, stmt, 0, 10);
    size_t before = count_known(memo, 0, 10);
    pgr_memo_put(memo, PGR_BYTES(large, budget), stmt);
    assert_null(pgr_memo_get(memo, PGR_BYTES(large, budget)));
    assert_int_equal(count_known(memo, 0, 10), before);
    pgr_memo_put(memo, PGR_BYTES(large, 1000), stmt);
    assert_non_null(pgr_memo_get(memo, PGR_BYTES(large, 1000)));
    pgr_memo_destroy(&memo);

    memo = pgr_memo_create(0);
    pgr_memo_put(memo, PGR_BYTES_LIT("a"), stmt);
    assert_null(pgr_memo_get(memo, PGR_BYTES_LIT("a")));
    pgr_memo_destroy(&memo);
    pgr_free(large);
    pgr_stmt_unref(stmt);
    PGR_UNUSED(state);
}

/* Whatever allocation fails: at most that one text is unknown, and the table stays as it was. */
static void a_failed_allocation_drops_the_put(void **state)
{
    struct pgr_stmt *stmt = pgr_stmt_create();
    for (unsigned n = 1; n < 210; n++) {
        struct pgr_memo *memo = pgr_memo_create(AMPLE);
        pgr_mem_fail_nth(n);
        put_numbers(memo, stmt, 0, 200);
        pgr_mem_fail_nth(0);
        assert_true(count_known(memo, 0, 200) >= 199);
        put_numbers(memo, stmt, 0, 200);
        assert_int_equal(count_known(memo, 0, 200), 200);
        pgr_memo_destroy(&memo);
        assert_int_equal(atomic_load(&stmt->refs), 1);
    }
    pgr_stmt_unref(stmt);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_remembered),
        cmocka_unit_test(the_text_is_copied),
        cmocka_unit_test(a_second_put_replaces),
        cmocka_unit_test(the_budget_holds),
        cmocka_unit_test(what_is_used_stays),
        cmocka_unit_test(a_large_text_is_dropped),
        cmocka_unit_test(a_failed_allocation_drops_the_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
