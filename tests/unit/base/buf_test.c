// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/base/buf.h"
#include "pgrecall/base/mem.h"

static void assert_content(const struct pgr_buf *buf, const char *expect, size_t len)
{
    struct pgr_bytes bytes = pgr_buf_bytes(buf);
    assert_int_equal(bytes.len, len);
    assert_int_equal(pgr_buf_len(buf), len);
    if (len > 0)
        assert_memory_equal(bytes.at, expect, len);
}

static void every_put_writes_its_form(void **state)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 1000);
    assert_content(&buf, "", 0);
    assert_true(pgr_buf_put(&buf, NULL, 0));
    assert_true(pgr_buf_put_u8(&buf, 'Q'));
    assert_true(pgr_buf_put_u16(&buf, 0x0102));
    assert_true(pgr_buf_put_u32(&buf, 0x03040506));
    assert_true(pgr_buf_put_u64(&buf, 0x0708090A0B0C0D0EULL));
    assert_true(pgr_buf_put_cstr(&buf, "hi"));
    assert_true(pgr_buf_put_bytes(&buf, PGR_BYTES_LIT("raw")));
    assert_true(pgr_buf_printf(&buf, "%d-%s", 42, "x"));
    static const char expect[] = "Q\1\2\3\4\5\6\7\x8\x9\xA\xB\xC\xD\xEhi\0raw42-x";
    assert_content(&buf, expect, sizeof(expect) - 1);
    assert_false(buf.is_short);
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

static void the_ceiling_holds_and_is_remembered(void **state)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 5);
    assert_true(pgr_buf_put(&buf, "abc", 3));
    assert_false(pgr_buf_put(&buf, "def", 3));
    assert_content(&buf, "abc", 3);
    assert_true(buf.is_short);
    assert_true(pgr_buf_printf(&buf, "%s", "de")); /* exactly full; its NUL does not count */
    assert_content(&buf, "abcde", 5);
    assert_false(pgr_buf_printf(&buf, "%s", "f"));
    assert_false(pgr_buf_put_u8(&buf, 1));
    assert_null(pgr_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.is_short);
    pgr_buf_consume(&buf, 2);
    assert_true(buf.is_short);
    assert_true(pgr_buf_put(&buf, "fg", 2));
    assert_content(&buf, "cdefg", 5);
    pgr_buf_reset(&buf);
    assert_false(buf.is_short);
    assert_content(&buf, "", 0);
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

/* A queue of numbers whose order shows every byte lost, doubled or moved wrongly. */
static void it_is_a_queue_at_any_step(void **state)
{
    static const size_t steps[][2] = {{1, 1}, {3, 2}, {7, 7}, {100, 99}, {250, 249}, {64, 13}};
    for (size_t k = 0; k < PGR_ARRAY_LEN(steps); k++) {
        struct pgr_buf buf;
        uint8_t in = 0;
        uint8_t out = 0;
        pgr_buf_init(&buf, 900);
        for (int round = 0; round < 2000; round++) {
            uint8_t *to = pgr_buf_reserve(&buf, steps[k][0]);
            size_t put = to ? steps[k][0] : 0;
            for (size_t i = 0; i < put; i++)
                to[i] = in++;
            pgr_buf_commit(&buf, put);
            assert_true(pgr_buf_len(&buf) <= 900);
            struct pgr_bytes bytes = pgr_buf_bytes(&buf);
            size_t take = bytes.len < steps[k][1] ? bytes.len : steps[k][1];
            for (size_t i = 0; i < take; i++)
                assert_int_equal(bytes.at[i], out++);
            pgr_buf_consume(&buf, take);
        }
        assert_true(buf.cap <= 901);
        pgr_buf_fini(&buf);
    }
    PGR_UNUSED(state);
}

static void a_steady_queue_does_not_grow(void **state)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, (size_t)1 << 20);
    for (int round = 0; round < 10000; round++) {
        assert_true(pgr_buf_put(&buf, "0123456789", 10));
        pgr_buf_consume(&buf, round == 0 ? 5 : 10);
    }
    assert_content(&buf, "56789", 5);
    assert_true(buf.cap <= 512);
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

static void emptied_above_256_kib_it_gives_memory_back(void **state)
{
    static const struct {
        size_t len;
        bool is_kept;
    } cases[] = {{1000, true}, {(size_t)200 << 10, true}, {(size_t)300 << 10, false}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_buf buf;
        pgr_buf_init(&buf, (size_t)1 << 20);
        uint8_t *to = pgr_buf_reserve(&buf, cases[i].len);
        memset(to, 1, cases[i].len);
        pgr_buf_commit(&buf, cases[i].len);
        pgr_buf_consume(&buf, cases[i].len - 1);
        assert_non_null(buf.base);
        pgr_buf_consume(&buf, 1);
        assert_int_equal(buf.base != NULL, cases[i].is_kept);
        assert_true(pgr_buf_put_u8(&buf, 1));
        pgr_buf_fini(&buf);
    }
    PGR_UNUSED(state);
}

static void no_memory_changes_nothing(void **state)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 4096);
    pgr_mem_fail_nth(1);
    assert_false(pgr_buf_put_u8(&buf, 1));
    assert_true(buf.is_short);
    assert_content(&buf, "", 0);
    pgr_buf_reset(&buf);
    assert_true(pgr_buf_put(&buf, "abc", 3));
    char more[1000] = {0};
    pgr_mem_fail_nth(1);
    assert_false(pgr_buf_put(&buf, more, sizeof(more)));
    assert_content(&buf, "abc", 3);
    pgr_mem_fail_nth(1);
    assert_false(pgr_buf_printf(&buf, "%1000d", 1));
    assert_content(&buf, "abc", 3);
    assert_true(pgr_buf_put(&buf, more, sizeof(more)));
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_put_writes_its_form),
        cmocka_unit_test(the_ceiling_holds_and_is_remembered),
        cmocka_unit_test(it_is_a_queue_at_any_step),
        cmocka_unit_test(a_steady_queue_does_not_grow),
        cmocka_unit_test(emptied_above_256_kib_it_gives_memory_back),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
