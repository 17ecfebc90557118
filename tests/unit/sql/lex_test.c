// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pg_scan.h"
#include "pgrecall/base/mem.h"

/* One letter a token kind, in the order of the enum. */
static const char letters[] = ".scIQSNPO,!";

/* "I[select] N[1]": what the text is cut into; white space is left out. */
static void describe(struct pgr_bytes text, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (;;) {
        struct pgr_lexeme token = pgr_lex_next(&text);
        if (token.kind == PGR_TOKEN_END)
            return;
        if (token.kind == PGR_TOKEN_SPACE)
            continue;
        int n = snprintf(out + used, cap - used, "%s%c[%.*s]", used ? " " : "", letters[token.kind],
                         (int)token.text.len, (const char *)token.text.at);
        assert_true(n > 0 && (size_t)n < cap - used);
        used += (size_t)n;
    }
}

// clang-format off
static const struct {
    const char *text;
    const char *tokens;
} cuts[] = {
    {"", ""},
    {"select 1", "I[select] N[1]"},
    {"SELECT\t\r\n\fa", "I[SELECT] I[a]"},
    {"a\vb", "I[a] ![\vb]"},
    {"\xc3\xa4z_$9 \xff", "I[\xc3\xa4z_$9] I[\xff]"},
    {"\"a\"\"b\"c", "Q[\"a\"\"b\"] I[c]"},
    {"U&\"d\\0061\" u&\"x\"", "Q[U&\"d\\0061\"] Q[u&\"x\"]"},
    {"u&1", "I[u] O[&] N[1]"},
    {"u & 'x'", "I[u] O[&] S['x']"},
    /* numbers */
    {"1 1.5 .5 1. 1.e5 1e5 1E-5 1e+5", "N[1] N[1.5] N[.5] N[1.] N[1.e5] N[1e5] N[1E-5] N[1e+5]"},
    {"1..2", "N[1] ,[..] N[2]"},
    {"1.5..2", "N[1.5] ,[..] N[2]"},
    {"1...5", "N[1] ,[..] N[.5]"},
    {"1.5.6", "N[1.5] N[.6]"},
    {"a.1", "I[a] N[.1]"},
    {"a.b..c", "I[a] ,[.] I[b] ,[..] I[c]"},
    {"123abc", "N[123] I[abc]"},
    {"0x1F 1_000", "N[0] I[x1F] N[1] I[_000]"},
    {"1e", "N[1] I[e]"},
    {"1e+", "N[1] I[e] O[+]"},
    {"1e+a", "N[1] I[e] O[+] I[a]"},
    {"-1", "O[-] N[1]"},
    /* strings */
    {"'a' 'b'", "S['a'] S['b']"},
    {"'a''b'", "S['a''b']"},
    {"'a\\'", "S['a\\']"},
    {"'a'\n'b'", "S['a'\n'b']"},
    {"'a' -- c\n  'b'", "S['a' -- c\n  'b']"},
    {"'a'\n-- c\n-- d\r'b'", "S['a'\n-- c\n-- d\r'b']"},
    {"'a' /* c */\n'b'", "S['a'] c[/* c */] S['b']"},
    {"'a'\n- 'b'", "S['a'] O[-] S['b']"},
    {"'a'\n-- c", "S['a'] c[-- c]"},
    {"'a'\n'b", "![\'a'\n'b]"},
    {"'a'\n''", "S['a'\n'']"},
    {"'a'\n\v'b'", "S['a'] ![\v'b']"},
    {"E'a\\'b' e'\\\\'", "S[E'a\\'b'] S[e'\\\\']"},
    {"E'a'\n'b\\'c'", "S[E'a'\n'b\\'c']"},
    {"'a'\n'b\\'c'", "S['a'\n'b\\'] I[c] ![']"},
    {"E'a'''", "S[E'a''']"},
    {"E'\\", "![E'\\]"},
    {"e 'a'", "I[e] S['a']"},
    {"ee'a'", "I[ee] S['a']"},
    {"B'01' x'1F' N'a' n'b'", "S[B'01'] S[x'1F'] S[N'a'] S[n'b']"},
    {"B'0''1'", "S[B'0'] S['1']"},
    {"X'0'\n'1'", "S[X'0'\n'1']"},
    {"U&'d\\0061' UESCAPE '!'", "S[U&'d\\0061'] I[UESCAPE] S['!']"},
    {"U&'a''b'", "S[U&'a''b']"},
    {"'a", "!['a]"},
    {"\"a", "![\"a]"},
    {"'a\xff\x80'", "S['a\xff\x80']"},
    /* dollars */
    {"$$a'b$$", "S[$$a'b$$]"},
    {"$t$a$$b$t$c", "S[$t$a$$b$t$] I[c]"},
    {"$a$x$b$a$", "S[$a$x$b$a$]"},
    {"$a$x$ab$a$", "S[$a$x$ab$a$]"},
    {"$T$x$t$", "![$T$x$t$]"},
    {"$\xc3\xa4$x$\xc3\xa4$", "S[$\xc3\xa4$x$\xc3\xa4$]"},
    {"a$b$c$b$", "I[a$b$c$b$]"},
    {"$1 $23", "P[$1] P[$23]"},
    {"$1$$x$$", "P[$1] S[$$x$$]"},
    {"$1a", "P[$1] I[a]"},
    {"$ 1", "![$ 1]"},
    {"$t", "![$t]"},
    {"$t1 $", "![$t1 $]"},
    {"$$", "![$$]"},
    {"$a$$a", "![$a$$a]"},
    {"$$$$", "S[$$$$]"},
    {"$$$", "![$$$]"},
    /* comments */
    {"-- a\nb", "c[-- a] I[b]"},
    {"-- a\rb", "c[-- a] I[b]"},
    {"--", "c[--]"},
    {"/* a */b", "c[/* a */] I[b]"},
    {"/* a /* b */ c */d", "c[/* a /* b */ c */] I[d]"},
    {"/*/ a */b", "c[/*/ a */] I[b]"},
    {"/***/a", "c[/***/] I[a]"},
    {"/*/*/a*/b*/c", "c[/*/*/a*/b*/] I[c]"},
    {"/* a /* b */", "![/* a /* b */]"},
    {"/*", "![/*]"},
    {"/* ' \" $$ -- */a", "c[/* ' \" $$ -- */] I[a]"},
    {"/*+ hint */a", "c[/*+ hint */] I[a]"},
    /* operators */
    {"a=-1", "I[a] O[=] O[-] N[1]"},
    {"a<>b!=c<=d>=e=>f", "I[a] O[<>] I[b] O[!=] I[c] O[<=] I[d] O[>=] I[e] ,[=>] I[f]"},
    {"=>+1", ",[=>] O[+] N[1]"},
    {"=>=", "O[=>=]"},
    {"a<->b", "I[a] O[<->] I[b]"},
    {"a <=>-1", "I[a] O[<=>] O[-] N[1]"},
    {"a ?-b", "I[a] O[?-] I[b]"},
    {"a@-1", "I[a] O[@-] N[1]"},
    {"a->>'b'", "I[a] O[->>] S['b']"},
    {"a#>>b", "I[a] O[#>>] I[b]"},
    {"+-+-1", "O[+] O[-] O[+] O[-] N[1]"},
    {"*--c", "O[*] c[--c]"},
    {"+--c", "O[+] c[--c]"},
    {"=+--c", "O[=] O[+] c[--c]"},
    {"@+--c", "O[@+] c[--c]"},
    {"a*/*c*/b", "I[a] O[*] c[/*c*/] I[b]"},
    {"a+/*c*/b", "I[a] O[+] c[/*c*/] I[b]"},
    {"*/", "O[*/]"},
    {"a|b`c", "I[a] O[|] I[b] O[`] I[c]"},
    {"%%--", "O[%%] c[--]"},
    /* punctuation */
    {"a::int[1:2]", "I[a] ,[::] I[int] ,[[] N[1] ,[:] N[2] ,[]]"},
    {"a:=1;", "I[a] ,[:=] N[1] ,[;]"},
    {":::", ",[::] ,[:]"},
    {"::=", ",[::] O[=]"},
    {"(a,b)", ",[(] I[a] ,[,] I[b] ,[)]"},
    {"{a", "![{a]"},
    {"\\d", "![\\d]"},
    {"a\001", "I[a] ![\001]"},
};
// clang-format on

static void texts_are_cut_as_listed(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cuts); i++) {
        char tokens[512];
        describe(pgr_bytes_str(cuts[i].text), tokens, sizeof(tokens));
        if (strcmp(tokens, cuts[i].tokens) != 0)
            fail_msg("%s\n is %s\n not %s", cuts[i].text, tokens, cuts[i].tokens);
    }
    PGR_UNUSED(state);
}

/* Every prefix of every text too: that is where unterminated tokens are. */
static void postgres_cuts_alike(void **state)
{
    size_t compared = 0;
    for (size_t i = 0; i < PGR_ARRAY_LEN(cuts); i++) {
        for (size_t len = strlen(cuts[i].text); len > 0; len--) {
            char *text = pgr_strndup(cuts[i].text, len);
            bool is_refused;
            char message[160];
            if (!pg_scan_agrees(text, &is_refused, message))
                fail_msg("%s\n %s", text, message);
            compared += !is_refused;
            pgr_free(text);
        }
    }
    assert_true(compared > 300);
    PGR_UNUSED(state);
}

/* All texts of four characters from an alphabet in which most rules meet. */
static void postgres_cuts_short_texts_alike(void **state)
{
    static const char alphabet[] = "'\"\\$aEu&1.e+-*/=?:\n ";
    const size_t n = sizeof(alphabet) - 1;
    for (size_t i = 0; i < n * n * n * n; i++) {
        char text[5] = {alphabet[i % n], alphabet[i / n % n], alphabet[i / n / n % n],
                        alphabet[i / n / n / n], '\0'};
        char message[160];
        if (!pg_scan_agrees(text, NULL, message))
            fail_msg("%s\n %s", text, message);
    }
    PGR_UNUSED(state);
}

static void tokens_cover_any_bytes(void **state)
{
    uint32_t random = 12345;
    for (size_t round = 0; round < 20000; round++) {
        uint8_t raw[24];
        for (size_t i = 0; i < sizeof(raw); i++) {
            random = random * 1103515245 + 12345;
            uint32_t pick = random >> 16;
            raw[i] = pick % 3 ? (uint8_t) "'\"$/*-+E\n;(x?"[pick / 3 % 13] : (uint8_t)(pick / 3);
        }
        struct pgr_bytes rest = PGR_BYTES(raw, sizeof(raw));
        const uint8_t *at = raw;
        for (;;) {
            struct pgr_lexeme token = pgr_lex_next(&rest);
            assert_ptr_equal(token.text.at, at);
            at += token.text.len;
            assert_ptr_equal(rest.at, at);
            if (token.kind == PGR_TOKEN_END)
                break;
            assert_true(token.text.len > 0);
        }
        assert_ptr_equal(at, raw + sizeof(raw));
    }
    PGR_UNUSED(state);
}

static void an_operator_of_any_length_is_cut(void **state)
{
    /* Signs fall one by one up to 15 of them; more are one token, and a comment still ends them. */
    for (size_t n = 2; n < 300; n++) {
        char text[400];
        memset(text, '+', n);
        memcpy(text + n, n % 2 ? "--x" : "-/*x*/", n % 2 ? 4 : 7);
        char message[160];
        if (!pg_scan_agrees(text, NULL, message))
            fail_msg("%s\n %s", text, message);
        struct pgr_bytes signs = pgr_bytes_str(text);
        size_t expect = n + (n % 2 ? 0 : 1) < 16 ? 1 : n + (n % 2 ? 0 : 1);
        assert_int_equal(pgr_lex_next(&signs).text.len, expect);
    }

    /* The longest that PostgreSQL takes, with its one unusual character in front or at the end. */
    char longest[64];
    memset(longest, '-', sizeof(longest));
    for (size_t i = 0; i < 63; i++)
        longest[i] = i % 2 ? '<' : '-';
    longest[63] = '\0';
    char message[160];
    assert_true(pg_scan_agrees(longest, NULL, message));
    longest[62] = '@';
    assert_true(pg_scan_agrees(longest, NULL, message));
    struct pgr_bytes rest = pgr_bytes_str(longest);
    assert_int_equal(pgr_lex_next(&rest).text.len, 63);
    PGR_UNUSED(state);
}

/* Shapes that cost the square of their length where a lexer looks back or ahead too far. */
static void large_hostile_texts_are_cut(void **state)
{
    static const char *const pieces[] = {"+",   "/*",     "=+", "'' ",  "''\n", "'\n'--", "$a",
                                         "$a$", "$a$$b$", "(",  "''--", "1e",   "1.",     "U&"};
    const size_t len = (size_t)1 << 20;
    char *text = pgr_alloc(len + 1);
    for (size_t i = 0; i < PGR_ARRAY_LEN(pieces); i++) {
        size_t n = strlen(pieces[i]);
        for (size_t at = 0; at < len; at++)
            text[at] = pieces[i][at % n];
        struct pgr_bytes rest = PGR_BYTES(text, len);
        size_t covered = 0;
        while (rest.len > 0)
            covered += pgr_lex_next(&rest).text.len;
        assert_int_equal(covered, len);
    }
    pgr_free(text);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_as_listed),
        cmocka_unit_test(postgres_cuts_alike),
        cmocka_unit_test(postgres_cuts_short_texts_alike),
        cmocka_unit_test(tokens_cover_any_bytes),
        cmocka_unit_test(an_operator_of_any_length_is_cut),
        cmocka_unit_test(large_hostile_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
