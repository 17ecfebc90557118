// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entry_support.h"

#include "pgrecall/cache/key.h"

#define LIT(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

/* Pairs that a careless encoding would confuse: every row differs from every other. */
static const struct pgr_key_parts distinct[] = {
    {.context_id = 1, .protocol = 'Q', .text = LIT("select 1")},
    {.context_id = 2, .protocol = 'Q', .text = LIT("select 1")},
    {.context_id = 1, .protocol = 'X', .text = LIT("select 1")},
    {.context_id = 1, .protocol = 'Q', .text = LIT("select 1 ")},
    {.context_id = 1, .protocol = 'Q', .text = LIT("select 1\0")},
    {.context_id = 1, .protocol = 'Q', .text = LIT("")},
    {.context_id = 1, .protocol = 'X', .text = LIT("")},
    {.context_id = 1, .protocol = 'X', .text = LIT("ab")},
    {.context_id = 1, .protocol = 'X', .text = LIT("a"), .oids = LIT("b")},
    {.context_id = 1, .protocol = 'X', .oids = LIT("ab")},
    {.context_id = 1, .protocol = 'X', .formats = LIT("ab")},
    {.context_id = 1, .protocol = 'X', .params = LIT("ab")},
    {.context_id = 1, .protocol = 'X', .results = LIT("ab")},
    {.context_id = 1, .protocol = 'X', .params = LIT("a"), .results = LIT("b")},
    {.context_id = 1, .protocol = 'X', .formats = LIT("a"), .params = LIT("b")},
    {.context_id = 1, .protocol = 'X', .oids = LIT("a"), .formats = LIT("b")},
    /* lengths of one part inside the bytes of another */
    {.context_id = 1, .protocol = 'X', .text = LIT("a\0\0\0\1b")},
    {.context_id = 1, .protocol = 'X', .text = LIT("a"), .oids = LIT("\0\0\0\1b")},
    {.context_id = 1, .protocol = 'X', .text = LIT("a\0\0\0\0")},
    {.context_id = 1, .protocol = 'X', .text = LIT("\0\0\0\0")},
    {.context_id = 1, .protocol = 'X', .oids = LIT("\0\0\0\0")},
    {.context_id = UINT64_MAX, .protocol = 'X', .text = LIT("a")},
    {.context_id = UINT64_MAX - 1, .protocol = 'X', .text = LIT("a")},
};

static void different_parts_give_different_keys(void **state)
{
    struct pgr_key keys[PGR_ARRAY_LEN(distinct)];
    struct pgr_buf bufs[PGR_ARRAY_LEN(distinct)];
    for (size_t i = 0; i < PGR_ARRAY_LEN(distinct); i++) {
        pgr_buf_init(&bufs[i], PGR_KEY_MAX);
        assert_true(pgr_key_build(&bufs[i], &distinct[i], 5, &keys[i]));
        for (size_t j = 0; j < i; j++) {
            assert_false(pgr_bytes_eq(keys[i].bytes, keys[j].bytes));
            assert_false(keys[i].hash.low == keys[j].hash.low &&
                         keys[i].hash.high == keys[j].hash.high);
        }
    }
    for (size_t i = 0; i < PGR_ARRAY_LEN(distinct); i++)
        pgr_buf_fini(&bufs[i]);
    PGR_UNUSED(state);
}

static void bytes_are_as_specified(void **state)
{
    static const struct pgr_key_parts parts = {
        .context_id = 0x0102030405060708,
        .protocol = 'X',
        .text = LIT("select $1"),
        .oids = LIT("\0\0\0\27"),
        .formats = LIT("\0\1"),
        .params = LIT("\0\0\0\4\0\0\0\7"),
        .results = LIT("\0\0"),
    };
    static const char expect[] = "\1X\1\2\3\4\5\6\7\10"
                                 "\0\0\0\11select $1"
                                 "\0\0\0\4\0\0\0\27"
                                 "\0\0\0\2\0\1"
                                 "\0\0\0\10\0\0\0\4\0\0\0\7"
                                 "\0\0\0\2\0\0";
    struct pgr_buf buf;
    struct pgr_key key;
    pgr_buf_init(&buf, PGR_KEY_MAX);
    pgr_buf_put_cstr(&buf, "left over");
    assert_true(pgr_key_build(&buf, &parts, 9, &key));
    assert_int_equal(key.bytes.len, sizeof(expect) - 1);
    assert_memory_equal(key.bytes.at, expect, key.bytes.len);
    struct pgr_hash128 hash = pgr_hash128(key.bytes, 9);
    assert_true(hash.low == key.hash.low && hash.high == key.hash.high);
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

/* Reads the parts back: what can be decoded cannot be ambiguous. */
static struct pgr_key_parts decode(struct pgr_bytes bytes)
{
    struct pgr_reader r = pgr_reader_of(bytes);
    struct pgr_key_parts out = {0};
    assert_int_equal(pgr_read_u8(&r), 1);
    out.protocol = pgr_read_u8(&r);
    out.context_id = (uint64_t)pgr_read_u32(&r) << 32;
    out.context_id |= pgr_read_u32(&r);
    struct pgr_bytes *list[] = {&out.text, &out.oids, &out.formats, &out.params, &out.results};
    for (size_t i = 0; i < PGR_ARRAY_LEN(list); i++)
        *list[i] = pgr_read_bytes(&r, pgr_read_u32(&r));
    assert_false(r.bad);
    assert_int_equal(r.rest.len, 0);
    return out;
}

/* Few distinct bytes and short parts, so that look-alikes are frequent. */
static struct pgr_bytes random_part(uint64_t *random, const uint8_t *pool)
{
    size_t len = next_random(random) % 9;
    return PGR_BYTES(pool + next_random(random) % 32, len);
}

static void random_parts_are_read_back(void **state)
{
    uint8_t pool[64];
    uint64_t random = 88172645463325252;
    struct pgr_buf buf;
    pgr_buf_init(&buf, PGR_KEY_MAX);
    for (int run = 0; run < 20000; run++) {
        for (size_t i = 0; i < sizeof(pool); i++)
            pool[i] = (uint8_t)(next_random(&random) % 3);
        struct pgr_key_parts in = {
            .context_id = next_random(&random),
            .protocol = next_random(&random) % 2 ? 'Q' : 'X',
            .text = random_part(&random, pool),
            .oids = random_part(&random, pool),
            .formats = random_part(&random, pool),
            .params = random_part(&random, pool),
            .results = random_part(&random, pool),
        };
        struct pgr_key key;
        assert_true(pgr_key_build(&buf, &in, 0, &key));
        struct pgr_key_parts out = decode(key.bytes);
        assert_true(out.context_id == in.context_id && out.protocol == in.protocol);
        assert_true(pgr_bytes_eq(out.text, in.text) && pgr_bytes_eq(out.oids, in.oids));
        assert_true(pgr_bytes_eq(out.formats, in.formats) && pgr_bytes_eq(out.params, in.params));
        assert_true(pgr_bytes_eq(out.results, in.results));
    }
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

static void ceiling_is_exact(void **state)
{
    static uint8_t zeros[PGR_KEY_MAX];
    const size_t fixed = 30;
    static const struct {
        size_t max;
        size_t text_len;
        size_t params_len;
        bool is_built;
    } cases[] = {
        {PGR_KEY_MAX, PGR_KEY_MAX - 30, 0, true},
        {PGR_KEY_MAX, PGR_KEY_MAX - 29, 0, false},
        {PGR_KEY_MAX, PGR_KEY_MAX - 40, 10, true},
        {PGR_KEY_MAX, PGR_KEY_MAX - 40, 11, false},
        {PGR_KEY_MAX * 2, PGR_KEY_MAX, 0, false},
        {PGR_KEY_MAX * 2, PGR_KEY_MAX - 29, 0, false},
        {PGR_KEY_MAX * 2, PGR_KEY_MAX - 30, 0, true},
        {PGR_KEY_MAX, 0, SIZE_MAX, false},
        {PGR_KEY_MAX, SIZE_MAX, SIZE_MAX, false},
        {100, 70, 0, true},
        {100, 71, 0, false},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_buf buf;
        pgr_buf_init(&buf, cases[i].max);
        struct pgr_key_parts parts = {
            .text = {zeros, cases[i].text_len},
            .params = {zeros, cases[i].params_len},
        };
        struct pgr_key key = {.hash = {77, 77}};
        assert_int_equal(pgr_key_build(&buf, &parts, 0, &key), cases[i].is_built);
        if (cases[i].is_built)
            assert_int_equal(key.bytes.len, fixed + cases[i].text_len + cases[i].params_len);
        else
            assert_true(key.hash.low == 77 && key.bytes.at == NULL);
        pgr_buf_fini(&buf);
    }
    PGR_UNUSED(state);
}

static void a_failed_build_does_not_spoil_the_next(void **state)
{
    static uint8_t zeros[200];
    struct pgr_buf buf;
    struct pgr_key key;
    pgr_buf_init(&buf, 64);
    struct pgr_key_parts large = {.text = {zeros, sizeof(zeros)}};
    struct pgr_key_parts small = {.text = {zeros, 8}};
    assert_false(pgr_key_build(&buf, &large, 0, &key));
    assert_true(pgr_key_build(&buf, &small, 0, &key));
    assert_int_equal(key.bytes.len, 38);
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_parts_give_different_keys),
        cmocka_unit_test(bytes_are_as_specified),
        cmocka_unit_test(random_parts_are_read_back),
        cmocka_unit_test(ceiling_is_exact),
        cmocka_unit_test(a_failed_build_does_not_spoil_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
