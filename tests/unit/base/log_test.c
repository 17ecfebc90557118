// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "pgrecall/base/log.h"

static const uint64_t when = 1795374000123ULL; /* 2026-11-22T19:00:00.123Z */

static void values_are_quoted_only_when_needed(void **state)
{
    static const struct {
        const char *value;
        const char *logfmt;
        const char *json;
    } cases[] = {
        {"plain", "plain", "\"plain\""},
        {"", "\"\"", "\"\""},
        {"two words", "\"two words\"", "\"two words\""},
        {"a=b", "\"a=b\"", "\"a=b\""},
        {"say \"x\"", "\"say \\\"x\\\"\"", "\"say \\\"x\\\"\""},
        {"back\\slash", "\"back\\\\slash\"", "\"back\\\\slash\""},
        {"one\ntwo\r\tz", "\"one\\ntwo\\u000d\\tz\"", "\"one\\ntwo\\u000d\\tz\""},
        {"\x1b[31m", "\"\\u001b[31m\"", "\"\\u001b[31m\""},
        {"\x7f", "\"\\u007f\"", "\"\\u007f\""},
        {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F", "\"gr\xC3\xBC\xC3\x9F\""},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},
        {"nel\xC2\x85", "\"nel\\u0085\"", "\"nel\\u0085\""},
        {"\xE2\x80\xA8", "\"\\u2028\"", "\"\\u2028\""},
        {"bad\xFF", "\"bad\\ufffd\"", "\"bad\\ufffd\""},
        {"\xC0\xAF", "\"\\ufffd\\ufffd\"", "\"\\ufffd\\ufffd\""},
        {"\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xF4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
         "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"cut\xE2\x82", "\"cut\\ufffd\\ufffd\"", "\"cut\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char out[512];
        char expect[512];
        const struct pgr_field field = pgr_f_str("key", cases[i].value);
        size_t len =
            pgr_log_render(PGR_LOG_LOGFMT, PGR_LOG_INFO, "it", &field, 1, when, out, sizeof(out));
        snprintf(expect, sizeof(expect), "ts=2026-11-22T19:00:00.123Z level=info event=it key=%s\n",
                 cases[i].logfmt);
        assert_string_equal(out, expect);
        assert_int_equal(len, strlen(out));
        pgr_log_render(PGR_LOG_JSON, PGR_LOG_INFO, "it", &field, 1, when, out, sizeof(out));
        snprintf(expect, sizeof(expect),
                 "{\"ts\":\"2026-11-22T19:00:00.123Z\",\"level\":\"info\",\"event\":\"it\","
                 "\"key\":%s}\n",
                 cases[i].json);
        assert_string_equal(out, expect);
    }
    PGR_UNUSED(state);
}

static void every_kind_has_its_form(void **state)
{
    const struct pgr_field fields[] = {
        pgr_f_int("i", -5),     pgr_f_int("min", INT64_MIN), pgr_f_dec("d", 1234),
        pgr_f_dec("neg", -7),   pgr_f_hex("h", 0xABC),       pgr_f_str("absent", NULL),
        pgr_f_str("last", "x"),
    };
    char out[512];
    pgr_log_render(PGR_LOG_LOGFMT, PGR_LOG_ERROR, "kinds", fields, PGR_ARRAY_LEN(fields), 0, out,
                   sizeof(out));
    assert_string_equal(out, "ts=1970-01-01T00:00:00.000Z level=error event=kinds i=-5 "
                             "min=-9223372036854775808 d=1.234 neg=-0.007 h=0000000000000abc "
                             "last=x\n");
    pgr_log_render(PGR_LOG_JSON, PGR_LOG_WARNING, "kinds", fields, PGR_ARRAY_LEN(fields), 0, out,
                   sizeof(out));
    assert_string_equal(out, "{\"ts\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warning\","
                             "\"event\":\"kinds\",\"i\":-5,\"min\":-9223372036854775808,"
                             "\"d\":1.234,\"neg\":-0.007,\"h\":\"0000000000000abc\","
                             "\"last\":\"x\"}\n");
    PGR_UNUSED(state);
}

static size_t count_of(const char *text, char c)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == c;
    return n;
}

/* At every room from the least: one line, marked, JSON still closed, nothing beyond the room. */
static void a_long_line_is_cut_and_says_so(void **state)
{
    char value[301];
    memset(value, 'v', 300);
    value[300] = '\0';
    const struct pgr_field fields[] = {pgr_f_str("a", "q \n"), pgr_f_int("number", 1234567890),
                                       pgr_f_str("b", value), pgr_f_int("c", 5)};
    char whole[1024];
    for (int format = PGR_LOG_LOGFMT; format <= PGR_LOG_JSON; format++) {
        size_t full = pgr_log_render((enum pgr_log_format)format, PGR_LOG_INFO, "e", fields, 4,
                                     when, whole, sizeof(whole));
        for (size_t cap = 128; cap < full + 40; cap++) {
            char *out = test_malloc(cap); /* exactly: the sanitizer and cmocka watch the edge */
            size_t len = pgr_log_render((enum pgr_log_format)format, PGR_LOG_INFO, "e", fields, 4,
                                        when, out, cap);
            assert_int_equal(len, strlen(out));
            assert_true(len < cap);
            assert_int_equal(count_of(out, '\n'), 1);
            assert_int_equal(out[len - 1], '\n');
            bool is_whole = strcmp(out, whole) == 0;
            assert_int_equal(strstr(out, "\xE2\x80\xA6") != NULL, !is_whole);
            if (format == PGR_LOG_JSON) {
                assert_int_equal(out[len - 2], '}');
                assert_int_equal(count_of(out, '"') % 2, 0);
            }
            test_free(out);
        }
    }
    PGR_UNUSED(state);
}

static void level_and_format_of_the_sink_count(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int real = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    pgr_log(PGR_LOG_DEBUG, "unseen", pgr_f_int("n", 1));
    pgr_log(PGR_LOG_INFO, "bare");
    pgr_log_set_level(PGR_LOG_DEBUG);
    pgr_log_set_format(PGR_LOG_JSON);
    pgr_log(PGR_LOG_DEBUG, "seen", pgr_f_int("n", 2), pgr_f_str("s", "x"));
    pgr_log_set_level(PGR_LOG_INFO);
    pgr_log_set_format(PGR_LOG_LOGFMT);
    dup2(real, STDERR_FILENO);
    close(real);
    close(ends[1]);
    char text[1024] = "";
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_null(strstr(text, "unseen"));
    assert_non_null(strstr(text, " level=info event=bare\n{\"ts\":"));
    assert_non_null(strstr(text, "\"event\":\"seen\",\"n\":2,\"s\":\"x\"}\n"));
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_only_when_needed),
        cmocka_unit_test(every_kind_has_its_form),
        cmocka_unit_test(a_long_line_is_cut_and_says_so),
        cmocka_unit_test(level_and_format_of_the_sink_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
