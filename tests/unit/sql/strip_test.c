// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgrecall/sql/lex.h"

// clang-format off
static const struct {
    const char *text;
    const char *stripped;
} cases[] = {
    {"", ""},
    {" \t\r\n\f", ""},
    {";", ""},
    {" ; -- a\n ; /* b */ ", ""},
    {"-- only a comment", ""},
    {"select 1", "select 1"},
    {"  select 1 ;\n", "select 1"},
    {"select 1;;; ", "select 1"},
    {"select 1; -- a\n; /* b /* c */ */", "select 1"},
    {"/* a */ -- b\n select 1", "select 1"},
    {"select /* inside */ 1 -- c", "select /* inside */ 1"},
    {"select 1; select 2;", "select 1; select 2"},
    /* a leading semicolon is an empty statement of the text, a trailing one is dropped with it */
    {"; select 1;", "; select 1"},
    /* sqlcommenter and Feast */
    {"SELECT x FROM t /*traceparent='00-aa-bb-01'*/", "SELECT x FROM t"},
    {"\n    SELECT x\n    FROM t\n    ", "SELECT x\n    FROM t"},
    /* \v is white space only from server 16 */
    {"\vselect 1", "\vselect 1"},
    {"select 1 \v", "select 1 \v"},
    {"select 1;\v;", "select 1;\v;"},
    /* a byte above 0x7f in a comment may be an error: it stays, and what is inside of it */
    {"/* \xc3\xa4 */ select 1", "/* \xc3\xa4 */ select 1"},
    {"/* a */ /* \xff */ /* b */ select 1", "/* \xff */ /* b */ select 1"},
    {"select 1 -- a\n-- \xff\n -- b\n;", "select 1 -- a\n-- \xff"},
    /* hints stay, and the comments before the first of them */
    {"/*+ SeqScan(t) */ select 1 ", "/*+ SeqScan(t) */ select 1"},
    {" /* a */ /*+ SeqScan(t) */ select 1 -- b", "/* a */ /*+ SeqScan(t) */ select 1"},
    {" /* a */ select /*+ SeqScan(t) */ 1 /* b */", "/* a */ select /*+ SeqScan(t) */ 1"},
    {"select 1 /* a */ /*+ b */ /* c */;", "select 1 /* a */ /*+ b */"},
    {"/* a /*+ b */ */ select 1", "select 1"},
    {"-- /*+ a */\nselect 1", "select 1"},
    {"select '/*+ a */' -- b", "select '/*+ a */'"},
    /* unterminated */
    {"select 1 /* a", "select 1 /* a"},
    {" /* a", "/* a"},
    {"select 'a; -- b ", "select 'a; -- b "},
    {"select \"a ;", "select \"a ;"},
    {"select $a$ ; ", "select $a$ ; "},
    /* comment marks that are none */
    {"select '-- a'", "select '-- a'"},
    {"select 'a' -- b\n 'c' -- d", "select 'a' -- b\n 'c'"},
    {"select $$ ; -- a $$ ; -- b", "select $$ ; -- a $$"},
    {"select E'\\'' -- a'", "select E'\\''"},
    {"select 1 --", "select 1"},
    {"select a @--b", "select a @"},
};
// clang-format on

static void what_matters_stays(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_bytes text = pgr_bytes_str(cases[i].text);
        struct pgr_bytes got = pgr_lex_strip(text);
        if (!pgr_bytes_eq(got, pgr_bytes_str(cases[i].stripped)))
            fail_msg("<%s>\n is <%.*s>\n not <%s>", cases[i].text, (int)got.len,
                     (const char *)got.at, cases[i].stripped);
        assert_true(got.at >= text.at && got.at + got.len <= text.at + text.len);
    }
    PGR_UNUSED(state);
}

static void stripping_again_changes_nothing(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        for (size_t len = 0; len <= strlen(cases[i].text); len++) {
            struct pgr_bytes once = pgr_lex_strip(PGR_BYTES(cases[i].text, len));
            struct pgr_bytes twice = pgr_lex_strip(once);
            assert_true(pgr_bytes_eq(once, twice));
        }
    }
    PGR_UNUSED(state);
}

/* What stays has the tokens that the text has, but for comments and the semicolons at its end. */
static void no_token_is_lost(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_bytes before = pgr_bytes_str(cases[i].text);
        struct pgr_bytes after = pgr_lex_strip(before);
        const uint8_t *end = after.at + after.len;
        while (before.len > 0) {
            struct pgr_lexeme token = pgr_lex_next(&before);
            bool is_inside = after.len > 0 && token.text.at >= after.at && token.text.at < end;
            bool is_plain = token.kind == PGR_TOKEN_SPACE || token.kind == PGR_TOKEN_COMMENT ||
                            (token.text.len == 1 && token.text.at[0] == ';');
            assert_true(is_inside || is_plain);
        }
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matters_stays),
        cmocka_unit_test(stripping_again_changes_nothing),
        cmocka_unit_test(no_token_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
