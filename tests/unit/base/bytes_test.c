// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/base/bytes.h"

static void bytes_compare_by_content(void **state)
{
    assert_true(pgr_bytes_eq(PGR_BYTES(NULL, 0), PGR_BYTES_LIT("")));
    assert_true(pgr_bytes_eq(pgr_bytes_str("abc"), PGR_BYTES("abcd", 3)));
    assert_false(pgr_bytes_eq(pgr_bytes_str("abc"), pgr_bytes_str("abd")));
    assert_false(pgr_bytes_eq(pgr_bytes_str("abc"), pgr_bytes_str("ab")));
    PGR_UNUSED(state);
}

static void a_reader_reads_big_endian(void **state)
{
    static const uint8_t raw[] = {0xFF, 0x80, 0x01, 0xFE, 0xDC, 0xBA, 0x98, 'h', 'i', 0, 0, 'z'};
    struct pgr_reader r = pgr_reader_of(PGR_BYTES(raw, sizeof(raw)));
    assert_int_equal(pgr_read_u8(&r), 0xFF);
    assert_int_equal(pgr_read_u16(&r), 0x8001);
    assert_int_equal(pgr_read_u32(&r), 0xFEDCBA98);
    assert_string_equal((const char *)pgr_read_cstr(&r).at, "hi");
    assert_int_equal(pgr_read_cstr(&r).len, 0);
    assert_false(r.bad);
    assert_int_equal(pgr_read_bytes(&r, 1).at[0], 'z');
    assert_int_equal(pgr_read_bytes(&r, 0).len, 0);
    assert_false(r.bad);
    PGR_UNUSED(state);
}

/* Each read against every length that is too short for it. */
static void a_short_read_is_sticky(void **state)
{
    static const uint8_t raw[] = {1, 2, 3, 4};
    for (size_t len = 0; len < 4; len++) {
        struct pgr_reader r = pgr_reader_of(PGR_BYTES(raw, len));
        assert_int_equal(pgr_read_u32(&r), 0);
        assert_true(r.bad);
        assert_int_equal(pgr_read_u8(&r), 0);
        assert_int_equal(pgr_read_bytes(&r, 0).len, 0);
        assert_int_equal(pgr_read_cstr(&r).len, 0);
    }
    struct pgr_reader two = pgr_reader_of(PGR_BYTES(raw, 1));
    assert_int_equal(pgr_read_u16(&two), 0);
    assert_true(two.bad);
    struct pgr_reader text = pgr_reader_of(PGR_BYTES(raw, 4)); /* no NUL within */
    assert_int_equal(pgr_read_cstr(&text).len, 0);
    assert_true(text.bad);
    struct pgr_reader huge = pgr_reader_of(PGR_BYTES(raw, 4));
    assert_null(pgr_read_bytes(&huge, SIZE_MAX).at);
    assert_true(huge.bad);
    struct pgr_reader none = pgr_reader_of(PGR_BYTES(NULL, 0));
    assert_int_equal(pgr_read_cstr(&none).len, 0);
    assert_true(none.bad);
    PGR_UNUSED(state);
}

static void store_is_the_inverse_of_load(void **state)
{
    static const uint32_t values[] = {0, 1, 0x80, 0xFFFF, 0x80000000, 0xFFFFFFFF, 0x12345678};
    for (size_t i = 0; i < PGR_ARRAY_LEN(values); i++) {
        uint8_t raw[4];
        pgr_store_be32(raw, values[i]);
        assert_int_equal(pgr_load_be32(raw), values[i]);
        pgr_store_be16(raw, (uint16_t)values[i]);
        assert_int_equal(pgr_load_be16(raw), (uint16_t)values[i]);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_compare_by_content),
        cmocka_unit_test(a_reader_reads_big_endian),
        cmocka_unit_test(a_short_read_is_sticky),
        cmocka_unit_test(store_is_the_inverse_of_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
