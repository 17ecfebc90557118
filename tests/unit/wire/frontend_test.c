// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/frontend.h"

#include "decoding.h"

static void put_refused(struct pgr_buf *out)
{
    pgr_buf_printf(out, REFUSED);
}

static void render_query(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_msg_query msg;
    if (!pgr_msg_query_parse(body, &msg)) {
        put_refused(out);
        return;
    }
    assert_int_equal(msg.text.at[msg.text.len], 0); /* also a C string */
    put_text(out, msg.text);
}

static void a_query_is_one_string(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"a query",       RAW("select 1\0"),    "select 1"},
        {"empty text",    RAW("\0"),            ""},
        {"no body",       RAW(""),              REFUSED},
        {"no NUL",        RAW("select 1"),      REFUSED},
        {"two strings",   RAW("select 1\0x\0"), REFUSED},
        {"NUL twice",     RAW("select 1\0\0"),  REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_query);
    PGR_UNUSED(state);
}

static void render_parse(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_msg_parse msg;
    if (!pgr_msg_parse_parse(body, &msg)) {
        put_refused(out);
        return;
    }
    put_text(out, msg.name);
    pgr_buf_printf(out, "|");
    put_text(out, msg.text);
    pgr_buf_printf(out, "|%u|", msg.oid_count);
    put_text(out, msg.oids);
    assert_int_equal(msg.oids.len, msg.oid_count * 4u);
}

static void a_parse_is_two_strings_and_oids(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"unnamed, no types",    RAW("\0select 1\0\0\0"),                "|select 1|0|"},
        {"named, one type",      RAW("s1\0q\0\0\1\0\0\0\x17"),           "s1|q|1|<00><00><00><17>"},
        {"two types",            RAW("\0q\0\0\2AAAABBBB"),               "|q|2|AAAABBBB"},
        {"no count",             RAW("\0q\0"),                           REFUSED},
        {"half a count",         RAW("\0q\0\0"),                         REFUSED},
        {"count above the rest", RAW("\0q\0\0\2AAAABBB"),                REFUSED},
        {"count of 65535",       RAW("\0q\0\xff\xff" "AAAA"),            REFUSED},
        {"count below the rest", RAW("\0q\0\0\1AAAABBBB"),               REFUSED},
        {"one string",           RAW("select 1\0"),                      REFUSED},
        {"text without NUL",     RAW("\0select 1"),                      REFUSED},
        {"empty",                RAW(""),                                REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_parse);
    PGR_UNUSED(state);
}

static void render_bind(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_msg_bind msg;
    if (!pgr_msg_bind_parse(body, &msg)) {
        put_refused(out);
        return;
    }
    put_text(out, msg.portal);
    pgr_buf_printf(out, "|");
    put_text(out, msg.statement);
    pgr_buf_printf(out, "|%u ", msg.format_count);
    put_text(out, msg.formats);
    pgr_buf_printf(out, "|%u ", msg.param_count);
    put_text(out, msg.params);
    pgr_buf_printf(out, "|%u ", msg.result_count);
    put_text(out, msg.results);
}

static void a_bind_is_names_formats_values_and_formats(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"nothing to bind",   RAW("\0\0\0\0\0\0\0\0"),                      "||0 |0 |0 "},
        {"portal, statement", RAW("p\0s\0\0\0\0\0\0\0"),                    "p|s|0 |0 |0 "},
        {"one of each",       RAW("\0s\0\0\1FF\0\1\0\0\0\2hi\0\1RR"),
                              "|s|1 FF|1 <00><00><00><02>hi|1 RR"},
        {"NULL and empty",    RAW("\0\0\0\0\0\2\xff\xff\xff\xff\0\0\0\0\0\0"),
                              "||0 |2 <ff><ff><ff><ff><00><00><00><00>|0 "},
        {"format counts that do not fit are PostgreSQL's to refuse",
                              RAW("\0\0\0\3FFFFFF\0\1\0\0\0\1x\0\2RRRR"),
                              "||3 FFFFFF|1 <00><00><00><01>x|2 RRRR"},
        {"length -2",         RAW("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"),      REFUSED},
        {"lowest length",     RAW("\0\0\0\0\0\1\x80\0\0\0\0\0"),            REFUSED},
        {"highest length",    RAW("\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"),      REFUSED},
        {"length one past the end", RAW("\0\0\0\0\0\1\0\0\0\5ab\0\0"),      REFUSED},
        {"length that eats the result formats", RAW("\0\0\0\0\0\1\0\0\0\4ab\0\0"), REFUSED},
        {"65535 parameters",  RAW("\0\0\0\0\xff\xff\0\0\0\0\0\0"),          REFUSED},
        {"65535 formats",     RAW("\0\0\xff\xff\0\0\0\0"),                  REFUSED},
        {"65535 results",     RAW("\0\0\0\0\0\0\xff\xff\0\0"),              REFUSED},
        {"more parameters than values", RAW("\0\0\0\0\0\2\0\0\0\1x\0\0"),   REFUSED},
        {"portal without NUL", RAW("p"),                                    REFUSED},
        {"statement without NUL", RAW("p\0s"),                              REFUSED},
        {"empty",             RAW(""),                                      REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_bind);
    PGR_UNUSED(state);
}

static void a_bind_of_65535_nulls_is_read(void **state)
{
    struct pgr_buf body;
    struct pgr_msg_bind msg;
    pgr_buf_init(&body, 1 << 20);
    pgr_buf_put(&body, "\0\0\0\0", 4);
    pgr_buf_put_u16(&body, UINT16_MAX);
    for (unsigned i = 0; i < UINT16_MAX; i++)
        pgr_buf_put_u32(&body, UINT32_MAX);
    pgr_buf_put_u16(&body, 0);
    assert_true(pgr_msg_bind_parse(pgr_buf_bytes(&body), &msg));
    assert_int_equal(msg.param_count, UINT16_MAX);
    assert_int_equal(msg.params.len, UINT16_MAX * (size_t)4);
    pgr_buf_fini(&body);
    PGR_UNUSED(state);
}

static void render_target(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_msg_target msg;
    if (!pgr_msg_target_parse(body, &msg)) {
        put_refused(out);
        return;
    }
    pgr_buf_printf(out, "%c ", msg.kind);
    put_text(out, msg.name);
}

static void a_target_is_a_kind_and_a_name(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"statement",         RAW("Ss1\0"), "S s1"},
        {"unnamed statement", RAW("S\0"),   "S "},
        {"unnamed portal",    RAW("P\0"),   "P "},
        {"portal",            RAW("Pc\0"),  "P c"},
        {"other kind",        RAW("Qc\0"),  REFUSED},
        {"kind 0",            RAW("\0c\0"), REFUSED},
        {"no name",           RAW("S"),     REFUSED},
        {"no NUL",            RAW("Ss1"),   REFUSED},
        {"empty",             RAW(""),      REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_target);
    PGR_UNUSED(state);
}

static void render_execute(struct pgr_bytes body, struct pgr_buf *out)
{
    struct pgr_msg_execute msg;
    if (!pgr_msg_execute_parse(body, &msg)) {
        put_refused(out);
        return;
    }
    put_text(out, msg.portal);
    pgr_buf_printf(out, "|%u", msg.max_rows);
}

static void an_execute_is_a_portal_and_a_limit(void **state)
{
    // clang-format off
    static const struct decoding rows[] = {
        {"all rows",             RAW("\0\0\0\0\0"),           "|0"},
        {"a limit",              RAW("c\0\0\0\0\x64"),        "c|100"},
        {"highest limit",        RAW("\0\x7f\xff\xff\xff"),   "|2147483647"},
        {"-1 is all rows",       RAW("\0\xff\xff\xff\xff"),   "|0"},
        {"lowest is all rows",   RAW("\0\x80\0\0\0"),         "|0"},
        {"three bytes of limit", RAW("\0\0\0\0"),             REFUSED},
        {"no NUL",               RAW("cccccc"),               REFUSED},
        {"empty",                RAW(""),                     REFUSED},
    };
    // clang-format on
    check_table(rows, check_exact, render_execute);
    PGR_UNUSED(state);
}

static void what_is_refused_leaves_the_result_alone(void **state)
{
    struct pgr_msg_query query = {.text = PGR_BYTES_LIT("kept")};
    assert_false(pgr_msg_query_parse(PGR_BYTES_LIT("x"), &query));
    assert_int_equal(query.text.len, 4);
    struct pgr_msg_parse parse = {.oid_count = 7};
    assert_false(pgr_msg_parse_parse(PGR_BYTES_LIT("\0q\0\0\1"), &parse));
    assert_int_equal(parse.oid_count, 7);
    struct pgr_msg_bind bind = {.param_count = 7};
    assert_false(pgr_msg_bind_parse(PGR_BYTES_LIT("\0\0\0\0\0\0\0"), &bind));
    assert_int_equal(bind.param_count, 7);
    struct pgr_msg_target target = {.kind = 'k'};
    assert_false(pgr_msg_target_parse(PGR_BYTES_LIT("Sx"), &target));
    assert_int_equal(target.kind, 'k');
    struct pgr_msg_execute execute = {.max_rows = 7};
    assert_false(pgr_msg_execute_parse(PGR_BYTES_LIT("\0\0\0"), &execute));
    assert_int_equal(execute.max_rows, 7);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_one_string),
        cmocka_unit_test(a_parse_is_two_strings_and_oids),
        cmocka_unit_test(a_bind_is_names_formats_values_and_formats),
        cmocka_unit_test(a_bind_of_65535_nulls_is_read),
        cmocka_unit_test(a_target_is_a_kind_and_a_name),
        cmocka_unit_test(an_execute_is_a_portal_and_a_limit),
        cmocka_unit_test(what_is_refused_leaves_the_result_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
