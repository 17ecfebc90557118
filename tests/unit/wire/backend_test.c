// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/backend.h"

#include "decoding.h"

static void render_auth(struct pgr_bytes body, struct pgr_buf *out)
{
    uint32_t code = 4711;
    bool is_good = pgr_msg_auth_code(body, &code);
    assert_true(is_good || code == 4711);
    if (is_good)
        pgr_buf_printf(out, "%u", code);
    else
        pgr_buf_printf(out, REFUSED);
}

static void an_authentication_request_has_a_code(void **state)
{
    // clang-format off
    static const struct decoding exact[] = {
        {"ok",               RAW("\0\0\0\0"),          "0"},
        {"cleartext",        RAW("\0\0\0\3"),          "3"},
        {"MD5",              RAW("\0\0\0\5salt"),      "5"},
    };
    static const struct decoding rows[] = {
        {"SASL",             RAW("\0\0\0\x0aSCRAM-SHA-256\0\0"), "10"},
        {"SASL continue",    RAW("\0\0\0\x0br=abc"),   "11"},
        {"SASL final",       RAW("\0\0\0\x0cv=abc"),   "12"},
        {"one not known",    RAW("\0\0\0\x63??"),      "99"},
        {"highest",          RAW("\xff\xff\xff\xff"),  "4294967295"},
        {"ok with more",     RAW("\0\0\0\0x"),         REFUSED},
        {"MD5 without salt", RAW("\0\0\0\5"),          REFUSED},
        {"three bytes",      RAW("\0\0\0"),            REFUSED},
        {"empty",            RAW(""),                  REFUSED},
    };
    // clang-format on
    check_table(exact, check_exact, render_auth);
    check_table(rows, check_decoding, render_auth);
    PGR_UNUSED(state);
}

static void render_param(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_bytes name = {0};
    struct pgr_bytes value = {0};
    if (!pgr_msg_param_status(body, &name, &value)) {
        assert_null(name.at);
        assert_null(value.at);
        pgr_buf_printf(out, REFUSED);
        return;
    }
    put_text(out, name);
    pgr_buf_printf(out, "=");
    put_text(out, value);
}

static void a_parameter_status_is_two_strings(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"a setting",     RAW("TimeZone\0UTC\0"), "TimeZone=UTC"},
        {"empty value",   RAW("role\0\0"),        "role="},
        {"one string",    RAW("TimeZone\0"),      REFUSED},
        {"three strings", RAW("a\0b\0c\0"),       REFUSED},
        {"no NUL",        RAW("a\0b"),            REFUSED},
        {"empty",         RAW(""),                REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_param);
    PGR_UNUSED(state);
}

static void a_backend_key_is_a_pid_and_4_to_256_bytes(void **state)
{
    static const struct {
        size_t key_len;
        bool is_good;
    } rows[] = {{0, false}, {3, false},  {4, true},    {5, true},
                {32, true}, {256, true}, {257, false}, {9000, false}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(rows); i++) {
        uint8_t raw[4 + 9000];
        memset(raw, 'k', sizeof(raw));
        pgr_store_be32(raw, 0x01020304);
        struct pgr_bytes body = copy_to_end(PGR_BYTES(raw, 4 + rows[i].key_len));
        uint32_t pid = 0;
        struct pgr_bytes key = {0};
        assert_int_equal(pgr_msg_backend_key(body, &pid, &key), rows[i].is_good);
        assert_int_equal(pid, rows[i].is_good ? 0x01020304 : 0);
        assert_int_equal(key.len, rows[i].is_good ? rows[i].key_len : 0);
        assert_ptr_equal(key.at, rows[i].is_good ? body.at + 4 : NULL);
        free_copy(body);
    }
    PGR_UNUSED(state);
}

static void a_backend_key_without_a_whole_pid_is_refused(void **state)
{
    uint32_t pid;
    struct pgr_bytes key;
    assert_false(pgr_msg_backend_key(PGR_BYTES_LIT("\0\0\0"), &pid, &key));
    assert_false(pgr_msg_backend_key(PGR_BYTES(NULL, 0), &pid, &key));
    PGR_UNUSED(state);
}

static void render_ready(struct pgr_bytes body, struct pgr_buf *out)
{
    uint8_t status = 0;
    if (pgr_msg_ready(body, &status))
        pgr_buf_printf(out, "%c", status);
    else
        pgr_buf_printf(out, REFUSED);
}

static void ready_is_one_of_three_letters(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"idle",           RAW("I"),  "I"},
        {"in transaction", RAW("T"),  "T"},
        {"failed",         RAW("E"),  "E"},
        {"other letter",   RAW("X"),  REFUSED},
        {"NUL",            RAW("\0"), REFUSED},
        {"two letters",    RAW("II"), REFUSED},
        {"empty",          RAW(""),   REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_ready);
    PGR_UNUSED(state);
}

static void render_fields(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_bytes text;
    bool has_one = false;
    for (const char *field = "SCM"; *field != 0; field++) {
        if (!pgr_msg_error_field(body, (uint8_t)*field, &text))
            continue;
        has_one = true;
        pgr_buf_printf(out, "%c=", *field);
        put_text(out, text);
        pgr_buf_printf(out, ";");
    }
    if (!has_one)
        pgr_buf_printf(out, REFUSED);
}

static void an_error_is_fields_up_to_a_zero(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"three fields",          RAW("SERROR\0C42P01\0Mno\0\0"), "S=ERROR;C=42P01;M=no;"},
        {"fields not asked for",  RAW("SERROR\0VERROR\0Fa.c\0\0"), "S=ERROR;"},
        {"the first of two",      RAW("Cone\0Ctwo\0\0"),          "C=one;"},
        {"an empty field",        RAW("M\0\0"),                   "M=;"},
        {"no fields",             RAW("\0"),                      REFUSED},
        {"no end",                RAW("C42P01\0"),                REFUSED},
        {"text without NUL",      RAW("C42P01"),                  REFUSED},
        {"bytes behind the end",  RAW("C42P01\0\0x"),             REFUSED},
        {"a code and no text",    RAW("C42P01\0M"),               REFUSED},
        {"empty",                 RAW(""),                        REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_fields);
    PGR_UNUSED(state);
}

static void no_error_field_is_called_zero(void **state)
{
    struct pgr_bytes out = {0};
    assert_false(pgr_msg_error_field(PGR_BYTES_LIT("C42P01\0\0"), 0, &out));
    assert_null(out.at);
    PGR_UNUSED(state);
}

static void render_pair(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_bytes values[2];
    if (!pgr_msg_data_row(body, values, 2)) {
        pgr_buf_printf(out, REFUSED);
        return;
    }
    put_text(out, values[0]);
    pgr_buf_printf(out, ",");
    put_text(out, values[1]);
}

static void a_data_row_has_as_many_values_as_expected(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"two values",        RAW("\0\2\0\0\0\2ab\0\0\0\1c"),            "ab,c"},
        {"NULL and empty",    RAW("\0\2\xff\xff\xff\xff\0\0\0\0"),       "NULL,"},
        {"empty and NULL",    RAW("\0\2\0\0\0\0\xff\xff\xff\xff"),       ",NULL"},
        {"one value",         RAW("\0\1\0\0\0\2ab"),                     REFUSED},
        {"three values",      RAW("\0\3\0\0\0\0\0\0\0\0\0\0\0\0"),       REFUSED},
        {"one missing",       RAW("\0\2\0\0\0\2ab"),                     REFUSED},
        {"length -2",         RAW("\0\2\0\0\0\0\xff\xff\xff\xfe"),       REFUSED},
        {"lowest length",     RAW("\0\2\0\0\0\0\x80\0\0\0"),             REFUSED},
        {"length too long",   RAW("\0\2\0\0\0\0\0\0\0\3ab"),             REFUSED},
        {"65535 values",      RAW("\xff\xff\0\0\0\0\0\0\0\0"),           REFUSED},
        {"half a count",      RAW("\0"),                                 REFUSED},
        {"empty",             RAW(""),                                   REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_pair);
    PGR_UNUSED(state);
}

static void a_row_of_no_columns_is_a_row(void **state)
{
    assert_true(pgr_msg_data_row(PGR_BYTES_LIT("\0\0"), NULL, 0));
    assert_false(pgr_msg_data_row(PGR_BYTES_LIT("\0\0x"), NULL, 0));
    assert_false(pgr_msg_data_row(PGR_BYTES(NULL, 0), NULL, 0));
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authentication_request_has_a_code),
        cmocka_unit_test(a_parameter_status_is_two_strings),
        cmocka_unit_test(a_backend_key_is_a_pid_and_4_to_256_bytes),
        cmocka_unit_test(a_backend_key_without_a_whole_pid_is_refused),
        cmocka_unit_test(ready_is_one_of_three_letters),
        cmocka_unit_test(an_error_is_fields_up_to_a_zero),
        cmocka_unit_test(no_error_field_is_called_zero),
        cmocka_unit_test(a_data_row_has_as_many_values_as_expected),
        cmocka_unit_test(a_row_of_no_columns_is_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
