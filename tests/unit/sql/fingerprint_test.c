// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pgrecall/base/hash.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/sql/lex.h"

// clang-format off
static const struct {
    const char *text;
    const char *normal;
} cases[] = {
    {"", ""},
    {" -- nothing\n;;", ""},
    {"SELECT  1", "select ?"},
    {"select 2 -- x", "select ?"},
    {"/* a */select/* b */3;", "select ?"},
    {"select a", "select a"},
    {"select \"A\"", "select \"A\""},
    {"select U&\"d\\0061\"", "select U&\"d\\0061\""},
    {"Select \xc3\x84", "select \xc3\x84"},
    {"; select 1;; select 2;", "select ?; select ?"},
    /* values */
    {"select $1, 'a', E'a\\'', B'1', x'1', N'a', $$a$$, 1.5e5", "select ?, ?, ?, ?, ?, ?, ?, ?"},
    {"select 0x1F, 1_000, 1_000.000_1", "select ?, ?, ?"},
    {"select 1a", "select ?"},
    {"select 'a'\n'b'", "select ?"},
    {"select null, true", "select null, true"},
    {"select a from t where b is null", "select a from t where b is null"},
    {"select date '2020-01-01', interval '1 day'", "select date ?, interval ?"},
    {"select U&'a' uescape '!'", "select ? uescape ?"},
    /* signs */
    {"select -1", "select ?"},
    {"select - 1", "select ?"},
    {"select +1, - -1", "select ?, - ?"},
    {"select a -1, a - 1, a-1", "select a - ?, a - ?, a - ?"},
    {"select $1 -1, 'a' -1, (a) -1, a[1] -1, \"a\" -1", "select ? - ?, ? - ?, (a) - ?, a[?] - ?, \"a\" - ?"},
    {"select a = -1 and b <-1", "select a = ? and b < ?"},
    {"select f(-1), (-1), a[-1]", "select f(?), (?), a[?]"},
    {"select case a when -1 then -2 else -3 end - 1", "select case a when ? then ? else ? end - ?"},
    {"where a between -1 and -2 limit -1", "where a between ? and ? limit ?"},
    {"select -$1, -a", "select - ?, - a"},
    {"select -1::int", "select ?::int"},
    /* spacing */
    {"select a . b , c::INT [ ] from s . t as x where ( a=1 )", "select a.b, c::int[] from s.t as x where (a = ?)"},
    {"select count ( * ), t.* from t", "select count(*), t.* from t"},
    {"select a in (1) and (b)", "select a in (?) and (b)"},
    {"select v<->'[1,2]'::vector from t order by 1", "select v <-> ?::vector from t order by ?"},
    {"f(a=>1, b := 2)", "f(a => ?, b := ?)"},
    {"select a[1:2]", "select a[? : ?]"},
    /* lists */
    {"a in (1)", "a in (?)"},
    {"a in (1, 2, 3)", "a in (?)"},
    {"a in ($1,$2,-3,null,'a',true)", "a in (?)"},
    {"a in ($1::int, $2::INT, $3 :: int)", "a in (?::int)"},
    {"a in ($1::int, $2::text, $3::text)", "a in (?::int, ?::text)"},
    {"a in (1::numeric(10,2), 2::numeric(10,2))", "a in (?::numeric(?))"},
    {"a in ('a'::character varying, 'b'::character varying)", "a in (?::character varying)"},
    {"a = any(array[1,2,3])", "a = any (array[?])"},
    {"array[[1,2],[3,4]]", "array[[?], [?]]"},
    {"a = any('{1,2}'::int[])", "a = any (?::int[])"},
    {"f(a, 1, 2)", "f(a, ?, ?)"},
    {"f(1, 2, a)", "f(?, a)"},
    {"f(1, a, 2)", "f(?, a, ?)"},
    {"f()", "f()"},
    {"(a, b)", "(a, b)"},
    {"in (select a from t where b in (1, 2))", "in (select a from t where b in (?))"},
    {"in (select 1 where a in (1, 2))", "in (select ? where a in (?))"},
    {"(1, 2), (3, 4)", "(?)"},
    {"((1, 2), (3, 4), (-5, null))", "((?))"},
    {"(a, b) in (($1::int, $2::text), ($3::int, $4::text))", "(a, b) in ((?::int, ?::text))"},
    {"f(1), (2)", "f(?), (?)"},
    {"(1), (a), (2), (3)", "(?), (a), (?)"},
    {"(1), (2", "(?), (?"},
    {"(1,", "(?,"},
    {"(1, 2,", "(?,"},
    {"(1, 2, 'a", "(?, <broken>"},
    {"(1::numeric(10", "(?::numeric(?"},
    {"(1, 2]", "(?]"},
    {"1)", "?)"},
    /* rows */
    {"insert into t values (1)", "insert into t values (?)"},
    {"insert into t (a,b) values (1,'a'),(2,'b')", "insert into t(a, b) values (?)"},
    {"insert into t values (now(), 1), (default, f(2)) returning a", "insert into t values (now(), ?) returning a"},
    {"insert into t values (a, (1)), (b, ((2))) , (3", "insert into t values (a, (?))"},
    {"with x as (values (1),(2)), y as (select 3) select 1", "with x as (values (?)), y as (select ?) select ?"},
    {"select * from (values (1,a),(2,b)) v(a,b), (select 1) w", "select * from (values (?, a)) v(a, b), (select ?) w"},
    {"select values, (1)", "select values, (?)"},
    /* savepoints */
    {"SAVEPOINT sa_savepoint_1", "savepoint ?"},
    {"release savepoint \"s140_x1\"; select savepoint", "release savepoint ?; select savepoint"},
    {"ROLLBACK TO SAVEPOINT _pg3_1", "rollback to savepoint ?"},
    {"rollback to x; rollback", "rollback to ?; rollback"},
    {"rollback work and no chain", "rollback work and no chain"},
    {"rollback prepared 'x'", "rollback prepared ?"},
    /* broken */
    {"select 'secret", "select <broken>"},
    {"select a\v, 1", "select a <broken>"},
    {"select /* a", "select <broken>"},
    {"\\d", "<broken>"},
};
// clang-format on

static uint64_t print_of(const char *text)
{
    return pgr_lex_fingerprint(pgr_bytes_str(text), NULL, 0, NULL);
}

static void texts_normalise_as_listed(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char normal[512];
        size_t len = 99;
        uint64_t hash =
            pgr_lex_fingerprint(pgr_bytes_str(cases[i].text), normal, sizeof(normal), &len);
        if (!pgr_bytes_eq(PGR_BYTES(normal, len), pgr_bytes_str(cases[i].normal)))
            fail_msg("<%s>\n is <%.*s>\n not <%s>", cases[i].text, (int)len, normal,
                     cases[i].normal);
        assert_int_equal(hash, pgr_hash64(pgr_bytes_str(cases[i].normal)));
        assert_int_equal(hash, print_of(cases[i].text));
    }
    PGR_UNUSED(state);
}

/* Types differ where their normal texts do. */
static void different_types_have_different_fingerprints(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(strcmp(cases[i].normal, cases[j].normal) == 0,
                             print_of(cases[i].text) == print_of(cases[j].text));
    PGR_UNUSED(state);
}

/* The normal text is a text of its own type, and a prefix of a text never reads past its end. */
static void prefixes_are_normalised(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        for (size_t len = 0; len <= strlen(cases[i].text); len++) {
            char *text = pgr_alloc(len ? len : 1);
            memcpy(text, cases[i].text, len);
            char normal[512];
            size_t normal_len;
            (void)pgr_lex_fingerprint(PGR_BYTES(text, len), normal, sizeof(normal), &normal_len);
            pgr_free(text);
            assert_true(normal_len < sizeof(normal));
            assert_null(memmem(normal, normal_len, "secret", 6));
        }
    }
    PGR_UNUSED(state);
}

static void the_normal_text_is_cut_at_a_character(void **state)
{
    const char *text = "select \"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"";
    static const size_t expect[] = {8, 9, 9, 11, 11, 11, 14, 14, 14, 14, 18, 19, 19};
    for (size_t i = 0; i < PGR_ARRAY_LEN(expect); i++) {
        char normal[32];
        size_t len;
        memset(normal, '#', sizeof(normal));
        uint64_t hash = pgr_lex_fingerprint(pgr_bytes_str(text), normal, 8 + i, &len);
        assert_int_equal(len, expect[i]);
        assert_memory_equal(normal, text, len);
        assert_int_equal(normal[8 + i], '#');
        assert_int_equal(hash, print_of(text));
    }
    PGR_UNUSED(state);
}

static char *repeat(const char *head, const char *piece, const char *tail, size_t count)
{
    size_t n = strlen(piece);
    char *text = pgr_alloc(strlen(head) + n * count + strlen(tail) + 1);
    memcpy(text, head, strlen(head));
    for (size_t i = 0; i < count; i++)
        memcpy(text + strlen(head) + i * n, piece, n);
    memcpy(text + strlen(head) + n * count, tail, strlen(tail));
    return text;
}

/* Above a block the hash is chained: every part still counts. */
static void long_texts_count_to_their_end(void **state)
{
    static const size_t counts[] = {1000, 1022, 1023, 1024, 1025, 5000};
    for (size_t i = 0; i < PGR_ARRAY_LEN(counts); i++) {
        char *a = repeat("select ", "aaa ", "x", counts[i]);
        char *b = repeat("select ", "aaa ", "y", counts[i]);
        char *c = repeat("select b ", "aaa ", "x", counts[i]);
        char *d = repeat("SELECT\n", "AAA\t", "X ;", counts[i]);
        char *e = repeat("select ", "aaa ", "x", counts[i] + 1);
        assert_true(print_of(a) == print_of(d));
        assert_true(print_of(a) != print_of(b));
        assert_true(print_of(a) != print_of(c));
        assert_true(print_of(a) != print_of(e));
        pgr_free(a);
        pgr_free(b);
        pgr_free(c);
        pgr_free(d);
        pgr_free(e);
    }
    PGR_UNUSED(state);
}

static void lists_of_any_length_are_one_type(void **state)
{
    static const struct {
        const char *head;
        const char *piece;
        const char *tail;
    } lists[] = {
        {"select a from t where b in (", "1, ", "2)"},
        {"select a from t where b in (", "$1::varchar(10), ", "''::varchar(10))"},
        {"insert into t values ", "(1, now(), array[1,2]), ", "(2, f(), null)"},
        {"insert into t values ", "(1, 'a'), ", "(-2, $1)"},
        {"select a where (a, b) in (", "(1::int, $1), ", "(2::int, 'x'))"},
        {"select array[", "-1.5,", "1]"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(lists); i++) {
        char *two = repeat(lists[i].head, lists[i].piece, lists[i].tail, 1);
        char *many = repeat(lists[i].head, lists[i].piece, lists[i].tail, 20000);
        char *more = repeat(lists[i].head, lists[i].piece, ")", 3);
        if (i != 2)
            assert_true(print_of(two) != print_of(more));
        assert_true(print_of(two) == print_of(many));
        pgr_free(two);
        pgr_free(many);
        pgr_free(more);
    }
    PGR_UNUSED(state);
}

/* Shapes that cost the square of their length where a look-ahead is repeated. */
static void large_hostile_texts_are_normalised(void **state)
{
    static const char *const pieces[] = {
        "(",       "(1",    "((1),",      "(1,a),",     "(1),(2,", "- ",      "-/**/",
        "1::a(1)", "(1::a", "(1::a(1),",  "values (",   "[1,",     "),(",     "(1,2::a),",
        "1_a.",    "1.",    "(1),(1,2),", "(1 1 1 1 ,", "(1::a[",  "(x 1(1)", "values(1),(",
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(pieces); i++) {
        char *text = repeat("", pieces[i], "", ((size_t)1 << 18) / strlen(pieces[i]));
        assert_true(print_of(text) == print_of(text));
        pgr_free(text);
    }
    /* Neighbours are compared, not everyone with the first, which is long here. */
    char *first = repeat("('", "abcd", "'", 100000);
    char *text = repeat(first, ", 1::a, 1", ")", 50000);
    assert_true(print_of(text) != print_of(first));
    pgr_free(first);
    pgr_free(text);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_normalise_as_listed),
        cmocka_unit_test(different_types_have_different_fingerprints),
        cmocka_unit_test(prefixes_are_normalised),
        cmocka_unit_test(the_normal_text_is_cut_at_a_character),
        cmocka_unit_test(long_texts_count_to_their_end),
        cmocka_unit_test(lists_of_any_length_are_one_type),
        cmocka_unit_test(large_hostile_texts_are_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
