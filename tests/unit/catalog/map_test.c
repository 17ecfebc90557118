// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "map_priv.h"
#include "pgrecall/base/mem.h"

enum {
    MANY = 5000
};

static char names[MANY][16];

static int make_names(void **state)
{
    PGR_UNUSED(state);
    for (int i = 0; i < MANY; i++)
        snprintf(names[i], sizeof(names[i]), "name%d", i);
    return 0;
}

static void an_empty_map_has_nothing(void **state)
{
    PGR_UNUSED(state);
    struct pgr_name_map map = {0};
    assert_null(pgr_name_map_get(&map, "", "x"));
    pgr_name_map_fini(&map);
}

static void what_was_put_is_found(void **state)
{
    PGR_UNUSED(state);
    struct pgr_name_map map = {0};
    for (int i = 0; i < MANY; i++) {
        assert_true(pgr_name_map_put(&map, "a", names[i], names[i]));
        assert_true(pgr_name_map_put(&map, "b", names[i], &names[i][1]));
    }
    assert_int_equal(map.count, 2 * MANY);
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(pgr_name_map_get(&map, "a", names[i]), names[i]);
        assert_ptr_equal(pgr_name_map_get(&map, "b", names[i]), &names[i][1]);
        assert_null(pgr_name_map_get(&map, "c", names[i]));
        assert_null(pgr_name_map_get(&map, names[i], "a"));
    }
    pgr_name_map_fini(&map);
}

static void an_equal_key_takes_the_new_value(void **state)
{
    PGR_UNUSED(state);
    struct pgr_name_map map = {0};
    char same[] = "name1";
    assert_true(pgr_name_map_put(&map, "", names[1], &map));
    assert_true(pgr_name_map_put(&map, "", same, names));
    assert_int_equal(map.count, 1);
    assert_ptr_equal(pgr_name_map_get(&map, "", "name1"), names);
    pgr_name_map_fini(&map);
}

static void a_map_that_cannot_grow_keeps_what_it_has(void **state)
{
    PGR_UNUSED(state);
    struct pgr_name_map map = {0};
    int put = 0;
    int failures = 0;
    while (put < MANY) {
        pgr_mem_fail_nth(failures % 2 == 0 ? 1 : 0);
        if (pgr_name_map_put(&map, "", names[put], names[put]))
            put++;
        else
            failures++;
        if (failures % 2 == 1) {
            pgr_mem_fail_nth(0);
            assert_true(pgr_name_map_put(&map, "", names[put], names[put]));
            put++;
            failures++;
        }
    }
    pgr_mem_fail_nth(0);
    assert_true(failures > 10);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(pgr_name_map_get(&map, "", names[i]), names[i]);
    pgr_name_map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(an_equal_key_takes_the_new_value),
        cmocka_unit_test(a_map_that_cannot_grow_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, make_names, NULL);
}
