// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/base/mem.h"

static void alloc_is_zeroed_and_never_null(void **state)
{
    uint8_t *p = pgr_alloc(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    assert_true(pgr_mem_usable(p) >= 100);
    pgr_free(p);
    void *nothing = pgr_alloc(0);
    assert_non_null(nothing);
    pgr_free(nothing);
    nothing = pgr_alloc_array(0, 8);
    assert_non_null(nothing);
    pgr_free(nothing);
    pgr_free(NULL);
    assert_int_equal(pgr_mem_usable(NULL), 0);
    PGR_UNUSED(state);
}

static void arrays_grow_with_their_content(void **state)
{
    int *array = pgr_new_array(int, 2);
    array[1] = 5;
    array = pgr_realloc_array(array, 1000, sizeof(*array));
    assert_int_equal(array[1], 5);
    array[999] = 1;
    pgr_free(array);
    PGR_UNUSED(state);
}

static void the_nth_try_fails_once(void **state)
{
    for (unsigned n = 1; n <= 3; n++) {
        pgr_mem_fail_nth(n);
        for (unsigned i = 1; i <= 5; i++) {
            void *p = i % 2 ? pgr_try_alloc(8) : pgr_try_realloc(NULL, 8);
            assert_int_equal(p == NULL, i == n);
            pgr_free(p);
        }
    }
    pgr_mem_fail_nth(1);
    pgr_mem_fail_nth(0);
    void *p = pgr_try_alloc(0);
    assert_non_null(p);
    pgr_free(p);
    PGR_UNUSED(state);
}

static void a_failed_realloc_keeps_the_old(void **state)
{
    char *p = pgr_try_alloc(4);
    memcpy(p, "abc", 4);
    pgr_mem_fail_nth(1);
    assert_null(pgr_try_realloc(p, 1000));
    assert_string_equal(p, "abc");
    pgr_free(p);
    PGR_UNUSED(state);
}

static void strings_are_copied(void **state)
{
    assert_null(pgr_strdup(NULL));
    char *a = pgr_strdup("abc");
    char *b = pgr_strndup("abcdef", 4);
    char *c = pgr_asprintf("%s-%d", "x", 7);
    assert_string_equal(a, "abc");
    assert_string_equal(b, "abcd");
    assert_string_equal(c, "x-7");
    pgr_free(a);
    pgr_free(b);
    pgr_free(c);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_zeroed_and_never_null),
        cmocka_unit_test(arrays_grow_with_their_content),
        cmocka_unit_test(the_nth_try_fails_once),
        cmocka_unit_test(a_failed_realloc_keeps_the_old),
        cmocka_unit_test(strings_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
