// SPDX-License-Identifier: PostgreSQL
/* Texts that are made to hurt: each is answered, within the guards, with what is known of it. */
#include "analysis.h"

/* head, then `part` until the text is `len` long or would pass it, then tail. */
struct bomb {
    const char *title;
    size_t len;
    const char *head;
    const char *part;
    const char *tail;
    const char *line;
};

#define KIB ((size_t)1 << 10)

static const struct bomb bombs[] = {
    {"a sum of 120 KiB", 120 * KIB, "SELECT 1", "+1", "", "unparsed (other) TOO_LONG"},
    {"a sum of 64 KiB", 64 * KIB, "SELECT 1", "+1", "", "select (other) o:+"},
    {"a sum in a short space", 63 * KIB, "SELECT 1", " + 1", " FROM t",
     "select (batch load) r:t o:+"},
    {"comment openers", 100 * KIB, "", "/*", "", "unparsed (other) TOO_LONG"},
    {"fewer comment openers", 60 * KIB, "", "/*", "", "unparsed (other) OPERATOR_RUN"},
    {"a run of 257 operator characters", 265, "SELECT ", "+", "1", "unparsed (other) OPERATOR_RUN"},
    {"a run of 256 operator characters", 264, "SELECT 1", "+", "", "unparsed (other) UNPARSED"},
    {"runs with gaps", 64 * KIB, "SELECT ", "+ ", "1", "unparsed (other) UNPARSED"},
    {"parentheses", 64 * KIB, "SELECT ", "(", "", "unparsed (other) UNPARSED"},
    {"nested selects", 64 * KIB, "", "SELECT (", "", "unparsed (other) UNPARSED"},
    {"negations", 64 * KIB, "SELECT ", "NOT ", "true", "unparsed (other) UNPARSED"},
    {"a union of many", 64 * KIB, "SELECT a FROM t", " UNION SELECT a FROM t", "",
     "select (other) r:t"},
    {"conjunctions", 64 * KIB, "SELECT 1 FROM t WHERE a", " AND a", "", "select (other) r:t"},
    {"casts on casts", 64 * KIB, "SELECT 1", "::int", "",
     "select (other) t:pg_catalog.int4,pg_catalog.int4'"},
    {"subscripts", 64 * KIB, "SELECT a", "[1]", " FROM t", "select (batch load) r:t"},
    {"selections", 64 * KIB, "SELECT (a)", ".b", " FROM t", "select (batch load) r:t c:b"},
    {"name parts", 64 * KIB, "SELECT a", ".b", " FROM t", "select (batch load) r:t c:b"},
    {"a list of keys", 64 * KIB, "SELECT a FROM t WHERE b IN (1", ",1", ")",
     "select (feature retrieval) r:t o:="},
    {"a list of texts", 64 * KIB, "SELECT a FROM t WHERE b IN ('x'", ",'x'", ")",
     "select (feature retrieval) r:t o:="},
    {"joins", 64 * KIB, "SELECT 1 FROM t", " JOIN u USING (a)", "",
     "select (batch load) r:t,u o:="},
    {"many WITH queries of one name", 64 * KIB, "WITH c AS (SELECT 1)", ", c AS (SELECT 1 FROM c)",
     " SELECT * FROM c", "select (batch load)"},
    {"one long literal", 64 * KIB, "SELECT '", "x", "'", "select (other)"},
    {"one long name", 64 * KIB, "SELECT a FROM ", "x", "",
     "select (batch load) r:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"one long operator name", 64 * KIB, "SELECT ", "a <-> ", "a", "select (other) o:<->"},
    {"semicolons", 64 * KIB, "", ";", "", "empty (other)"},
    {"statements", 64 * KIB, "", "SELECT 1;", "", "multi (other) MULTI_STATEMENT"},
    {"white space", 64 * KIB, "SELECT", " \n", "1", "select (other)"},
    {"comments", 64 * KIB, "SELECT ", "/* x */ ", "1", "select (other)"},
    {"quotes", 64 * KIB, "SELECT 'x", "''", "'", "select (other)"},
    {"dollar quotes", 64 * KIB, "SELECT ", "$a$", "", NULL},
    {"backslashes", 64 * KIB, "SELECT E'", "\\\\", "'", "select (other)"},
    {"bytes of no encoding", 64 * KIB, "SELECT '", "\xff\xfe\xc0", "'", "select (other)"},
    {"half characters", 200, "SELECT '", "\xe2\x82", "' FROM t", "select (batch load) r:t"},
    {"bytes of no encoding outside", 64 * KIB, "SELECT a FROM t WHERE ", "\xff", " = 1",
     "select (point lookup) UNKNOWN_NODE r:t o:="},
    {"control characters", 64 * KIB, "SELECT '", "\x01\x1f\x7f", "'", "select (other)"},
    {"arrays", 64 * KIB, "SELECT ", "ARRAY[", "", "unparsed (other) UNPARSED"},
    {"open cases", 64 * KIB, "SELECT ", "CASE WHEN ", "", "unparsed (other) UNPARSED"},
    {"groups", 64 * KIB, "SELECT 1 FROM t GROUP BY ()", ",()", "", "select (aggregate) r:t"},
    {"values", 64 * KIB, "VALUES (1)", ",(1)", "", "select (other)"},
};

static char *build(const struct bomb *bomb)
{
    size_t part = strlen(bomb->part);
    size_t fixed = strlen(bomb->head) + strlen(bomb->tail);
    size_t times = (bomb->len - fixed) / part;
    char *text = pgr_alloc(fixed + times * part + 1);
    char *at = text;
    at = (char *)memcpy(at, bomb->head, strlen(bomb->head)) + strlen(bomb->head);
    for (size_t i = 0; i < times; i++)
        at = (char *)memcpy(at, bomb->part, part) + part;
    memcpy(at, bomb->tail, strlen(bomb->tail) + 1);
    return text;
}

static void bombs_are_answered(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(bombs); i++) {
        struct analysis_line line;
        char *text = build(&bombs[i]);
        analysis_of(pgr_bytes_str(text), &line);
        if (bombs[i].line != NULL && strcmp(line.text, bombs[i].line) != 0)
            fail_msg("%s: %.200s", bombs[i].title, line.text);
        pgr_free(text);
    }
    PGR_UNUSED(state);
}

/* Ten thousand names are sorted once, not compared each with each. */
static void many_names_are_collected(void **state)
{
    char *text = pgr_alloc(PGR_ANALYZE_MAX + 1);
    size_t len = (size_t)sprintf(text, "SELECT 1");
    size_t count = 0;
    for (; len < PGR_ANALYZE_MAX - 64; count++)
        len += (size_t)sprintf(text + len, ",a.b%zx", count);
    len += (size_t)sprintf(text + len, " FROM t a");
    struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES(text, len));
    assert_int_equal(stmt->kind, PGR_STMT_SELECT);
    assert_true(count > 8000);
    assert_int_equal(stmt->column_count, count);
    assert_string_equal(stmt->columns[0], "b0");
    pgr_stmt_unref(stmt);
    pgr_free(text);
    PGR_UNUSED(state);
}

/* The guard is at its byte: one more and the parser is not called. */
static void the_longest_text_is_analysed(void **state)
{
    char *text = pgr_alloc(PGR_ANALYZE_MAX + 2);
    memset(text, ' ', PGR_ANALYZE_MAX + 1);
    memcpy(text, "SELECT a FROM t", 15);
    struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES(text, PGR_ANALYZE_MAX));
    assert_int_equal(stmt->block, PGR_REASON_NONE);
    assert_int_equal(stmt->relation_count, 1);
    pgr_stmt_unref(stmt);
    stmt = pgr_analyze(PGR_BYTES(text, PGR_ANALYZE_MAX + 1));
    assert_int_equal(stmt->kind, PGR_STMT_UNPARSED);
    assert_int_equal(stmt->block, PGR_REASON_TOO_LONG);
    assert_int_equal(stmt->relation_count, 0);
    pgr_stmt_unref(stmt);
    pgr_free(text);
    PGR_UNUSED(state);
}

static int tests(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(bombs_are_answered),
        cmocka_unit_test(many_names_are_collected),
        cmocka_unit_test(the_longest_text_is_analysed),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
    return run_on_parse_stack(tests);
}
