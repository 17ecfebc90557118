// SPDX-License-Identifier: PostgreSQL
#include "decoding.h"
#include "pgrecall/wire/backend.h"

/* The whole message that comes out, or REFUSED for "goes on as it is". */
static void render_strike(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_buf message;
    pgr_buf_init(&message, 1000);
    if (pgr_auth_strike_plus(body, &message)) {
        put_text(out, pgr_buf_bytes(&message));
    } else {
        assert_int_equal(pgr_buf_len(&message), 0);
        pgr_buf_printf(out, REFUSED);
    }
    assert_false(message.is_short);
    pgr_buf_fini(&message);
}

static void mechanisms_bound_to_the_channel_are_struck(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"as PostgreSQL offers them", RAW("\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
                                "R<00><00><00><17><00><00><00><0a>SCRAM-SHA-256<00><00>"},
        {"the other way round", RAW("\0\0\0\x0a" "A\0" "B-PLUS\0\0"),
                                "R<00><00><00><0b><00><00><00><0a>A<00><00>"},
        {"in between",          RAW("\0\0\0\x0a" "A\0" "B-PLUS\0" "C\0\0"),
                                "R<00><00><00><0d><00><00><00><0a>A<00>C<00><00>"},
        {"two of them",         RAW("\0\0\0\x0a" "A-PLUS\0" "B\0" "C-PLUS\0\0"),
                                "R<00><00><00><0b><00><00><00><0a>B<00><00>"},
        {"nothing else",        RAW("\0\0\0\x0a" "A-PLUS\0\0"),
                                "R<00><00><00><09><00><00><00><0a><00>"},
        {"the suffix alone",    RAW("\0\0\0\x0a" "-PLUS\0\0"),
                                "R<00><00><00><09><00><00><00><0a><00>"},
        {"none",                RAW("\0\0\0\x0aSCRAM-SHA-256\0\0"),         REFUSED},
        {"PLUS inside",         RAW("\0\0\0\x0a" "A-PLUS-B\0\0"),           REFUSED},
        {"in small letters",    RAW("\0\0\0\x0a" "A-plus\0\0"),             REFUSED},
        {"shorter",             RAW("\0\0\0\x0aPLUS\0\0"),                  REFUSED},
        {"no mechanism",        RAW("\0\0\0\x0a\0"),                        REFUSED},
        {"another request",     RAW("\0\0\0\x0b" "A-PLUS\0\0"),             REFUSED},
        {"no end",              RAW("\0\0\0\x0a" "A-PLUS\0"),               REFUSED},
        {"no NUL",              RAW("\0\0\0\x0a" "A-PLUS"),                 REFUSED},
        {"bytes after the end", RAW("\0\0\0\x0a" "A-PLUS\0\0x"),            REFUSED},
        {"half a code",         RAW("\0\0"),                                REFUSED},
        {"empty",               RAW(""),                                    REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_strike);
    PGR_UNUSED(state);
}

static void a_full_buffer_takes_nothing_and_says_so(void **state)
{
    static const struct pgr_bytes body = RAW("\0\0\0\x0a"
                                             "A\0"
                                             "B-PLUS\0\0");
    for (size_t max = 0; max <= 12; max++) {
        struct pgr_buf out;
        pgr_buf_init(&out, max);
        assert_true(pgr_auth_strike_plus(body, &out));
        assert_int_equal(out.is_short, max < 12);
        assert_int_equal(pgr_buf_len(&out), max < 12 ? 0 : 12);
        pgr_buf_fini(&out);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mechanisms_bound_to_the_channel_are_struck),
        cmocka_unit_test(a_full_buffer_takes_nothing_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
