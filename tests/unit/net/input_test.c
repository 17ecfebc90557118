// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "input_priv.h"
#include "pgrecall/base/mem.h"

static uint8_t shared[PGR_INPUT_CAP];

/* Reads up to len bytes whose values count on; returns how many there was room for. */
static size_t feed(struct pgr_input *input, size_t len, uint8_t *next)
{
    uint8_t *at;
    size_t room;
    if (!pgr_input_has_room(input))
        return 0;
    assert_int_equal(pgr_input_room(input, shared, &at, &room), PGR_OK);
    assert_true(room > 0);
    size_t n = len < room ? len : room;
    for (size_t i = 0; i < n; i++)
        at[i] = (*next)++;
    pgr_input_commit(input, n);
    return n;
}

static void check_and_consume(struct pgr_input *input, size_t len, uint8_t *next)
{
    struct pgr_bytes bytes = pgr_input_bytes(input);
    assert_true(len <= bytes.len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes.at[i], (*next)++);
    pgr_input_consume(input, len);
}

static void what_is_consumed_at_once_takes_no_memory(void **state)
{
    struct pgr_input input = {0};
    uint8_t in = 0;
    uint8_t out = 0;
    pgr_mem_fail_nth(1);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(feed(&input, 1000, &in), 1000);
        check_and_consume(&input, 1000, &out);
        assert_int_equal(pgr_input_settle(&input), PGR_OK);
        assert_null(input.base);
    }
    pgr_mem_fail_nth(0);
    pgr_input_fini(&input);
    PGR_UNUSED(state);
}

/* However much is read and left over, the bytes come in order and none is lost. */
static void it_is_a_queue_at_any_step(void **state)
{
    static const size_t steps[][2] = {{1, 1},       {1, 0},         {100, 7},      {5000, 4999},
                                      {70000, 100}, {65536, 65535}, {30000, 20000}};
    for (size_t k = 0; k < PGR_ARRAY_LEN(steps); k++) {
        struct pgr_input input = {0};
        uint8_t in = 0;
        uint8_t out = 0;
        for (int round = 0; round < 300; round++) {
            feed(&input, steps[k][0], &in);
            size_t len = pgr_input_bytes(&input).len;
            check_and_consume(&input, len < steps[k][1] ? len : steps[k][1], &out);
            assert_int_equal(pgr_input_settle(&input), PGR_OK);
            memset(shared, 0xEE, sizeof(shared));
        }
        check_and_consume(&input, pgr_input_bytes(&input).len, &out);
        assert_int_equal(in, out);
        pgr_input_fini(&input);
    }
    PGR_UNUSED(state);
}

static void it_is_full_at_64_kib_or_at_what_is_wanted(void **state)
{
    static const struct {
        size_t want;
        size_t cap;
    } cases[] = {{0, PGR_INPUT_CAP},
                 {5, PGR_INPUT_CAP},
                 {100000, 100000},
                 {PGR_INPUT_MAX + 1, PGR_INPUT_MAX}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_input input = {0};
        uint8_t in = 0;
        uint8_t out = 0;
        pgr_input_want(&input, cases[i].want);
        while (feed(&input, 9999, &in) > 0)
            assert_int_equal(pgr_input_settle(&input), PGR_OK);
        assert_int_equal(pgr_input_bytes(&input).len, cases[i].cap);
        pgr_input_consume(&input, 1);
        out++;
        assert_true(pgr_input_has_room(&input));
        check_and_consume(&input, cases[i].cap - 1, &out);
        assert_null(input.base);
        assert_int_equal(input.want, 0);
        pgr_input_fini(&input);
    }
    PGR_UNUSED(state);
}

static void a_wish_survives_the_consumption_of_the_header(void **state)
{
    struct pgr_input input = {0};
    uint8_t in = 0;
    uint8_t out = 0;
    feed(&input, 5, &in);
    pgr_input_want(&input, 200000);
    check_and_consume(&input, 5, &out);
    assert_int_equal(pgr_input_settle(&input), PGR_OK);
    while (feed(&input, 60000, &in) > 0)
        continue;
    assert_int_equal(pgr_input_bytes(&input).len, 200000);
    check_and_consume(&input, 200000, &out);
    pgr_input_fini(&input);
    PGR_UNUSED(state);
}

static void short_memory_is_said(void **state)
{
    struct pgr_input input = {0};
    uint8_t in = 0;
    uint8_t *at;
    size_t room;
    feed(&input, 10, &in);
    pgr_mem_fail_nth(1);
    assert_int_equal(pgr_input_settle(&input), PGR_ERR_NOMEM);
    pgr_input_want(&input, 100000);
    pgr_mem_fail_nth(1);
    assert_int_equal(pgr_input_room(&input, shared, &at, &room), PGR_ERR_NOMEM);
    pgr_input_fini(&input);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_consumed_at_once_takes_no_memory),
        cmocka_unit_test(it_is_a_queue_at_any_step),
        cmocka_unit_test(it_is_full_at_64_kib_or_at_what_is_wanted),
        cmocka_unit_test(a_wish_survives_the_consumption_of_the_header),
        cmocka_unit_test(short_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
