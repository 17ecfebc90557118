// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>

#include "json_priv.h"
#include "pgrecall/base/buf.h"
#include "pgrecall/base/mem.h"

#define ARENA_MAX ((size_t)1 << 20)

/* The value after `at` in a walk through all of the tree; closes what it leaves. */
static const struct pgr_json *leave(const struct pgr_json *at, struct pgr_buf *out)
{
    while (at->next == NULL && at->parent != NULL) {
        at = at->parent;
        pgr_buf_put_u8(out, at->kind == PGR_JSON_OBJECT ? '}' : ']');
    }
    if (at->next != NULL)
        pgr_buf_put_u8(out, ',');
    return at->next;
}

/* Writes a tree as one line: words for scalars, <text> for strings. */
static void put_value(const struct pgr_json *at, struct pgr_buf *out)
{
    if (at->key != NULL)
        pgr_buf_printf(out, "%s:", at->key);
    switch (at->kind) {
    case PGR_JSON_NULL:
        pgr_buf_printf(out, "null");
        break;
    case PGR_JSON_BOOL:
        pgr_buf_printf(out, "%s", at->number ? "true" : "false");
        break;
    case PGR_JSON_NUMBER:
        pgr_buf_printf(out, "%" PRId64, at->number);
        break;
    case PGR_JSON_STRING:
        pgr_buf_printf(out, "<%s>", at->text);
        break;
    case PGR_JSON_ARRAY:
        pgr_buf_printf(out, "[%s", at->first ? "" : "]");
        break;
    case PGR_JSON_OBJECT:
        pgr_buf_printf(out, "{%s", at->first ? "" : "}");
        break;
    }
}

static void put_tree(const struct pgr_json *root, struct pgr_buf *out)
{
    const struct pgr_json *at = root;
    while (at != NULL) {
        put_value(at, out);
        const struct pgr_json *first = pgr_json_first(at);
        at = first ? first : leave(at, out);
    }
}

static enum pgr_err read_text(const void *text, size_t len, size_t max, struct pgr_buf *out)
{
    struct pgr_arena arena;
    struct pgr_json *root;
    char *copy = pgr_alloc(len + 1);
    memcpy(copy, text, len);
    pgr_arena_init(&arena, max);
    enum pgr_err err = pgr_json_read(copy, len, &arena, &root);
    if (err == PGR_OK && out != NULL)
        put_tree(root, out);
    pgr_arena_fini(&arena);
    pgr_free(copy);
    return err;
}

static const struct {
    const char *text;
    const char *tree;
} values[] = {
    {"null", "null"},
    {" true ", "true"},
    {"\t\r\nfalse\n", "false"},
    {"0", "0"},
    {"-12", "-12"},
    {"1.5", "1"},
    {"2e3", "2"},
    {"2E-3", "2"},
    {"3.25e+1", "3"},
    {"9223372036854775807", "9223372036854775807"},
    {"9223372036854775808", "9223372036854775807"},
    {"-99999999999999999999999", "-9223372036854775807"},
    {"\"\"", "<>"},
    {"\"a b\"", "<a b>"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "<\"\\/\b\f\n\r\t>"},
    {"\"\\u003c\\u003E\"", "<<>>"},
    {"\"\\u00e9\\u20AC\"", "<\xc3\xa9\xe2\x82\xac>"},
    {"\"\\ud83d\\ude00\"", "<\xed\xa0\xbd\xed\xb8\x80>"},
    {"\"\xff\xc0\x80\xe2\"", "<\xff\xc0\x80\xe2>"},
    {"\"\x01\n\"", "<\x01\n>"},
    {"[]", "[]"},
    {"{}", "{}"},
    {"[ ]", "[]"},
    {"[1,2]", "[1,2]"},
    {"[ 1 , [ ] , { } ]", "[1,[],{}]"},
    {"{\"a\":1}", "{a:1}"},
    {"{ \"a\" : { \"b\" : [ null ] } , \"c\" : \"d\" }", "{a:{b:[null]},c:<d>}"},
    {"[[[[1]]],{\"x\":[{}]}]", "[[[[1]]],{x:[{}]}]"},
    {"{\"a\":1,\"a\":2}", "{a:1,a:2}"},
};

static void values_are_read(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(values); i++) {
        struct pgr_buf out;
        pgr_buf_init(&out, ARENA_MAX);
        assert_int_equal(read_text(values[i].text, strlen(values[i].text), ARENA_MAX, &out),
                         PGR_OK);
        pgr_buf_put_u8(&out, 0);
        assert_string_equal(pgr_buf_bytes(&out).at, values[i].tree);
        pgr_buf_fini(&out);
    }
    PGR_UNUSED(state);
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "nul",
                                        "nulll",
                                        "tru",
                                        "True",
                                        "+1",
                                        "-",
                                        "1.",
                                        "1e",
                                        "1e+",
                                        ".5",
                                        "\"",
                                        "\"a",
                                        "\"\\\"",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"\\u12g4\"",
                                        "\"\\u0000\"",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        "[1",
                                        "[1,",
                                        "[1,]",
                                        "[,1]",
                                        "[1 2]",
                                        "[1}",
                                        "{1}",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "{\"a\":1 \"b\":2}",
                                        "{a:1}",
                                        "{\"a\" 1}",
                                        "1 2",
                                        "[] []",
                                        "{]",
                                        "[}",
                                        "{\"a\":1]",
                                        "'a'",
                                        "\\",
                                        ",",
                                        ":",
                                        "[1]]",
                                        "{}}"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(texts); i++)
        assert_int_equal(read_text(texts[i], strlen(texts[i]), ARENA_MAX, NULL), PGR_ERR_INVALID);
    assert_int_equal(read_text("\"a\0b\"", 5, ARENA_MAX, NULL), PGR_ERR_INVALID);
    assert_int_equal(read_text("\"\\\0\"", 4, ARENA_MAX, NULL), PGR_ERR_INVALID);
    PGR_UNUSED(state);
}

/* A container is whole only at its last byte. */
static void every_prefix_of_a_container_is_refused(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(values); i++) {
        if (values[i].text[0] != '[' && values[i].text[0] != '{')
            continue;
        for (size_t len = 0; len < strlen(values[i].text); len++)
            assert_int_equal(read_text(values[i].text, len, ARENA_MAX, NULL), PGR_ERR_INVALID);
    }
    PGR_UNUSED(state);
}

static void any_byte_may_stand_anywhere(void **state)
{
    static const char text[] = "{\"a\":[1,\"\\u0041\",null]}";
    for (size_t at = 0; at < sizeof text - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            copy[at] = (char)byte;
            enum pgr_err err = read_text(copy, sizeof text - 1, ARENA_MAX, NULL);
            assert_true(err == PGR_OK || err == PGR_ERR_INVALID);
        }
    }
    PGR_UNUSED(state);
}

static void depth_costs_no_stack(void **state)
{
    const size_t depth = 1000000;
    char *text = pgr_alloc(depth * 2 + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    assert_int_equal(read_text(text, depth * 2, (size_t)256 << 20, NULL), PGR_OK);
    assert_int_equal(read_text(text, depth * 2 - 1, (size_t)256 << 20, NULL), PGR_ERR_INVALID);
    assert_int_equal(read_text(text, depth * 2, ARENA_MAX, NULL), PGR_ERR_LIMIT);
    pgr_free(text);
    PGR_UNUSED(state);
}

static void memory_that_fails_is_told(void **state)
{
    char text[2 * 4096 + 3] = "[";
    for (size_t i = 0; i < 4096; i++)
        memcpy(text + 1 + 2 * i, "1,", 2);
    memcpy(text + 1 + 2 * 4096, "1]", 2);
    unsigned n = 0;
    enum pgr_err err;
    do {
        pgr_mem_fail_nth(++n);
        err = read_text(text, sizeof text, ARENA_MAX, NULL);
        pgr_mem_fail_nth(0);
        assert_true(err == PGR_ERR_NOMEM || err == PGR_OK);
    } while (err != PGR_OK);
    assert_true(n > 5);
    PGR_UNUSED(state);
}

static void questions_to_what_is_not_there_have_answers(void **state)
{
    char text[] = "{\"a\":[1,2],\"b\":\"x\",\"c\":true,\"d\":[3]}";
    struct pgr_arena arena;
    struct pgr_json *root;
    pgr_arena_init(&arena, ARENA_MAX);
    assert_int_equal(pgr_json_read(text, sizeof text - 1, &arena, &root), PGR_OK);
    const struct pgr_json *a = pgr_json_get(root, "a");
    assert_int_equal(pgr_json_count(a), 2);
    assert_null(pgr_json_only(a));
    assert_int_equal(pgr_json_number(pgr_json_only(pgr_json_get(root, "d"))), 3);
    assert_string_equal(pgr_json_text(pgr_json_get(root, "b")), "x");
    assert_int_equal(pgr_json_number(pgr_json_get(root, "c")), 1);
    assert_null(pgr_json_get(root, "e"));
    assert_null(pgr_json_get(a, "a"));
    assert_null(pgr_json_get(NULL, "a"));
    assert_null(pgr_json_first(pgr_json_get(root, "b")));
    assert_null(pgr_json_first(NULL));
    assert_null(pgr_json_text(a));
    assert_null(pgr_json_text(NULL));
    assert_int_equal(pgr_json_number(pgr_json_get(root, "b")), 0);
    assert_int_equal(pgr_json_count(NULL), 0);
    assert_false(pgr_json_is(NULL, PGR_JSON_NULL));
    pgr_arena_fini(&arena);
    PGR_UNUSED(state);
}

static void an_arena_ends_at_its_ceiling(void **state)
{
    struct pgr_arena arena;
    pgr_arena_init(&arena, 4096);
    assert_null(pgr_arena_alloc(&arena, SIZE_MAX));
    assert_true(arena.is_full);
    pgr_arena_fini(&arena);
    assert_false(arena.is_full);
    size_t total = 0;
    while (pgr_arena_alloc(&arena, 100) != NULL)
        total += 100;
    assert_true(arena.is_full && total > 2000 && total <= 4096 && arena.taken <= 4096);
    pgr_arena_fini(&arena);
    assert_string_equal(pgr_arena_copy(&arena, "abc", 2), "ab");
    assert_string_equal(pgr_arena_copy(&arena, NULL, 0), "");
    assert_int_equal((uintptr_t)pgr_arena_alloc(&arena, 1) % 16, 0);
    pgr_arena_fini(&arena);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(every_prefix_of_a_container_is_refused),
        cmocka_unit_test(any_byte_may_stand_anywhere),
        cmocka_unit_test(depth_costs_no_stack),
        cmocka_unit_test(memory_that_fails_is_told),
        cmocka_unit_test(questions_to_what_is_not_there_have_answers),
        cmocka_unit_test(an_arena_ends_at_its_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
