// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/sql/lex.h"

#define VALUE(s) s, sizeof(s) - 1

// clang-format off
static const struct {
    const char *value;
    size_t len;
    bool is_found;
} dates[] = {
    /* as it stands */
    {VALUE("now"), true},
    {VALUE("NOW"), true},
    {VALUE("Today"), true},
    {VALUE("tomorrow 10:00"), true},
    {VALUE("yesterDAY"), true},
    {VALUE(" now "), true},
    {VALUE("\vnow"), true},
    {VALUE("now2"), true},
    {VALUE("x-now"), true},
    {VALUE("now\xc3\xa4"), true},
    {VALUE("{2020-01-01,now}"), true},
    {VALUE("[today,tomorrow)"), true},
    {VALUE("(1,\"now\")"), true},
    {VALUE("what we know now is little"), true},
    {VALUE(""), false},
    {VALUE("no"), false},
    {VALUE("no w"), false},
    {VALUE("know"), false},
    {VALUE("nowhere"), false},
    {VALUE("snow"), false},
    {VALUE("todays"), false},
    {VALUE("yesterdays news"), false},
    {VALUE("nowwwwwwwwwwwwwwwwwww"), false},
    {VALUE("xxxxxxxxxxxxxxxxnow"), false},
    {VALUE("[0.1,0.2,0.3]"), false},
    {VALUE("2024-01-01 00:00:00+00"), false},
    {VALUE("C:\\data\\x"), false},
    {VALUE("\\x6e6f77"), false}, /* bytea */
    {VALUE("it's"), false},
    /* arrays, records and ranges undo backslashes */
    {VALUE("{\\now}"), true},
    {VALUE("  {n\\ow}"), true},
    {VALUE("(a\\b)"), true},
    {VALUE("[a\\b)"), true},
    {VALUE("\v{a\\b}"), true},
    {VALUE("{a,b}"), false},
    {VALUE("a{\\b}"), false},
    /* … and double quotes in the middle of an element */
    {VALUE("(n\"o\"w)"), true},
    {VALUE("[n\"o\"w,)"), true},
    {VALUE("(\"n\"ow,1)"), true},
    {VALUE("x\"now\""), true},
    {VALUE("(\"no\",\"w\")"), false},
    {VALUE("{\"no\":\"w\"}"), false},
    /* tokens */
    {VALUE("'now'"), true},
    {VALUE("E'now'"), true},
    {VALUE("N'now'"), true},
    {VALUE("$$now$$"), true},
    {VALUE("$a$now$a$"), true},
    {VALUE("E'\\nnow'"), true},
    {VALUE("E'\\tToday'"), true},
    {VALUE("E'n\\x6fw'"), true},
    {VALUE("E'\\156\\157\\167'"), true},
    {VALUE("E'n\\u006fw'"), true},
    {VALUE("E'n\\U0000006Fw'"), true},
    {VALUE("E'\\x6eow'"), true},
    {VALUE("E'n\\ow'"), true},
    {VALUE("U&'n\\006fw'"), true},
    {VALUE("u&'n!006fw'"), true},
    {VALUE("U&'n"), true},
    {VALUE("'no'\n'w'"), true},
    {VALUE("'n'\r\n  'o'\n'w'"), true},
    {VALUE("'no' -- c\n'w'"), true},
    {VALUE("E'{n\\\\ow}'"), true},
    {VALUE("E' \\x7bn\\\\ow}'"), true},
    {VALUE("'{n\\ow}'"), true},
    {VALUE("$a${n\\ow}$a$"), true},
    {VALUE("$$ (n\\ow)$$"), true},
    {VALUE("'\"n\\u006fw\"'"), true},
    {VALUE("E'(x,\"n\\x6fw\")'"), true},
    {VALUE("E'x\"n\\x6fw\"'"), true},
    {VALUE("'no' 'w'"), false},
    {VALUE("'no'\n-'w'"), false},
    {VALUE("E'\\\\d+'"), false},
    {VALUE("E'a\\nb'"), false},
    {VALUE("E'\\now'"), true}, /* as it stands */
    {VALUE("E'ab\\"), false},
    {VALUE("E'\\x"), false},
    {VALUE("'"), false},
    {VALUE("$"), false},
    {VALUE("$a"), false},
    {VALUE("U"), false},
    {VALUE("\\"), false},
    /* binary: a text of an array behind its length */
    {VALUE("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\3now"), true},
    {VALUE("\0\0\0Anow                "), true},
    {VALUE("\0\0AAnow                "), true},
    {VALUE("\0\0\0\4know"), true}, /* too much rather than too little */
    {VALUE("\0\0\0\6unknow"), true},
    {VALUE("\0\0\0\7unknown"), false},
    {VALUE("\0\0\0\3abc"), false},
};
// clang-format on

static void date_words_are_found(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(dates); i++) {
        struct pgr_bytes value = PGR_BYTES(dates[i].value, dates[i].len);
        /* At the end of an allocation: reading on is then seen. */
        uint8_t *copy = pgr_alloc(value.len + 1);
        memcpy(copy + 1, value.at, value.len);
        if (pgr_lex_has_date_word(PGR_BYTES(copy + 1, value.len)) != dates[i].is_found)
            fail_msg("%zu: <%.*s>", i, (int)value.len, (const char *)value.at);
        pgr_free(copy);
    }
    PGR_UNUSED(state);
}

/* Wherever the word stands and whatever byte that is no letter stands around it. */
static void any_byte_but_a_letter_ends_a_word(void **state)
{
    for (unsigned c = 0; c < 256; c++) {
        char value[] = {'.', (char)c, 'n', 'O', 'w', (char)c, '.'};
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        assert_int_equal(pgr_lex_has_date_word(PGR_BYTES(value, sizeof(value))), !is_letter);
    }
    PGR_UNUSED(state);
}

static void escaped_words_are_found_in_every_spelling(void **state)
{
    static const char *const formats[] = {"\\x%02x", "\\%03o", "\\u%04x", "\\U%08x"};
    for (size_t f = 0; f < PGR_ARRAY_LEN(formats); f++) {
        for (unsigned mask = 1; mask < 32; mask++) {
            struct pgr_bytes word = pgr_bytes_str("toDay");
            char value[80];
            int n = snprintf(value, sizeof(value), "E'");
            for (size_t i = 0; i < word.len; i++)
                n += snprintf(value + n, sizeof(value) - (size_t)n,
                              mask >> i & 1 ? formats[f] : "%c", word.at[i]);
            n += snprintf(value + n, sizeof(value) - (size_t)n, "'");
            if (!pgr_lex_has_date_word(pgr_bytes_str(value)))
                fail_msg("%s", value);
        }
    }
    PGR_UNUSED(state);
}

static void runs_are_measured(void **state)
{
    static const struct {
        const char *text;
        size_t run;
    } cases[] = {
        {"", 0},
        {"select 1", 0},
        {"a+b", 1},
        {"a<->b", 3},
        {"~!@#^&|`?+-*%<>=/", 17},
        {"'====' ==", 4},
        {"== ===", 3},
        {"/*/*/*", 6},
        {"\xff=\xff", 1},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++)
        assert_int_equal(pgr_lex_operator_run(pgr_bytes_str(cases[i].text)), cases[i].run);
    for (unsigned c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        bool is_operator = c != 0 && strchr("~!@#^&|`?+-*%<>=/", (int)c) != NULL;
        assert_int_equal(pgr_lex_operator_run(PGR_BYTES(&byte, 1)), is_operator);
    }
    PGR_UNUSED(state);
}

static void the_first_word_is_found(void **state)
{
    static const struct {
        const char *text;
        const char *word;
    } cases[] = {
        {"", ""},
        {"SELECT 1", "select"},
        {" -- a\n/* b */ Begin;", "begin"},
        {"commit", "commit"},
        {"savepoint_is_longer", "savepoint_is_lo"},
        {"fifteen_letters", "fifteen_letters"},
        {"\"select\" 1", ""},
        {"(select 1)", ""},
        {";begin", ""},
        {"1begin", ""},
        {"E'a'", ""},
        {"\vbegin", ""},
        {"/* begin", ""},
        {"b\xc3\xa4g", "b\xc3\xa4g"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char word[16];
        memset(word, '#', sizeof(word));
        pgr_lex_first_word(pgr_bytes_str(cases[i].text), word);
        assert_string_equal(word, cases[i].word);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date_words_are_found),
        cmocka_unit_test(any_byte_but_a_letter_ends_a_word),
        cmocka_unit_test(escaped_words_are_found_in_every_spelling),
        cmocka_unit_test(runs_are_measured),
        cmocka_unit_test(the_first_word_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
