// SPDX-License-Identifier: PostgreSQL
/* G13: what the token reader takes for a plain insert is what the parser makes of it, no more. */
#include "analysis.h"

#include "stmt_priv.h"
#include "walk_priv.h"

/* Each of these is read by tokens exactly as by the parser. */
static const char *const plain[] = {
    "INSERT INTO t VALUES (1)",
    "insert into s.t values (1);",
    "  /* c */ INSERT -- d\n INTO \"T\"\"x\" VALUES (1) ; ; ",
    "INSERT INTO Tab (A, \"B\", c) VALUES (1, 2, 3), (4, 5, 6)",
    "INSERT INTO \"S p\".\"t\" VALUES ('x', E'\\'', $$y$$, b'01', x'ff', U&'\\0041')",
    "INSERT INTO t VALUES (NULL, true, FALSE, Default, $1)",
    "INSERT INTO t VALUES (-1, +2.5, - -3, -1e10, -.5)",
    "INSERT INTO t VALUES ('[0.1,0.2]'::vector, '[1]'::vector(1), $1::halfvec, '1'::mytype[])",
    "INSERT INTO t VALUES (1::int, '1'::INTEGER, 1::bigint, 1::smallint, 1::real, 1::numeric(3, "
    "1))",
    "INSERT INTO t VALUES ('1'::float, '1'::decimal, '1'::dec, 't'::boolean, 'a'::varchar(3))",
    "INSERT INTO t VALUES ('a'::char(3), 'a'::text, '{}'::text[], '{}'::int[3][], '{}'::jsonb)",
    "INSERT INTO t VALUES ('1'::double precision, NULL::uuid, true::bool, 'x'::text::bytea)",
    "INSERT INTO t VALUES ('2024-01-01'::date, '2024-01-01'::timestamp, $1::timestamp(3))",
    "INSERT INTO t VALUES ($1::timestamp with time zone, $2::timestamp without time zone)",
    "INSERT INTO t VALUES ($1::timestamptz, '1 day'::interval)",
    "INSERT INTO t VALUES (-1::int4, - 2::float8, -3)",
    "INSERT INTO t VALUES (ARRAY[1, -2, 3], ARRAY['a', NULL], ARRAY[[1, 2], [3, 4]])",
    "INSERT INTO t VALUES ((1), ((2)), (3, 4))",
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
    "INSERT INTO t VALUES (1) ON CONFLICT (a, b) DO NOTHING;",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b, \"C\" = excluded.\"D\"",
    "INSERT INTO t VALUES (1) RETURNING *",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b RETURNING a, b;",
};

/* The parser understands these; they may call something, so the token reader must not. */
static const char *const refused[] = {
    "INSERT INTO t VALUES (f(1))",
    "INSERT INTO t VALUES (1), (f(1))",
    "INSERT INTO t VALUES (s.f(1))",
    "INSERT INTO t VALUES (\"f\"(1))",
    "INSERT INTO t VALUES (now())",
    "INSERT INTO t VALUES (current_date)",
    "INSERT INTO t VALUES ((SELECT 1))",
    "INSERT INTO t VALUES (ARRAY(SELECT 1))",
    "INSERT INTO t VALUES (1 + 2)",
    "INSERT INTO t VALUES (1 - 2)",
    "INSERT INTO t VALUES (1 -2)",
    "INSERT INTO t VALUES ('a' || 'b')",
    "INSERT INTO t VALUES (@ 1)",
    "INSERT INTO t VALUES (- $1)",
    "INSERT INTO t VALUES (- '1')",
    "INSERT INTO t VALUES (-(1))",
    "INSERT INTO t VALUES (- NULL)",
    "INSERT INTO t VALUES (1::mytype)",
    "INSERT INTO t VALUES (-1::mytype)",
    "INSERT INTO t VALUES (NULL::mytype)",
    "INSERT INTO t VALUES ('x'::text::mytype)",
    "INSERT INTO t VALUES (ARRAY[1]::mytype)",
    "INSERT INTO t VALUES ((1, 2)::mytype)",
    "INSERT INTO t VALUES ('x'::s.mytype)",
    "INSERT INTO t VALUES ('x'::\"mytype\")",
    "INSERT INTO t VALUES ('1'::float(3))",
    "INSERT INTO t VALUES ('1'::bit(3))",
    "INSERT INTO t VALUES ('x'::character varying)",
    "INSERT INTO t VALUES ('10:00'::time)",
    "INSERT INTO t VALUES (CAST('x' AS text))",
    "INSERT INTO t VALUES (date '2024-01-01')",
    "INSERT INTO t VALUES ('x' COLLATE \"C\")",
    "INSERT INTO t VALUES (CASE WHEN true THEN 1 END)",
    "INSERT INTO t VALUES (1 = 1)",
    "INSERT INTO t VALUES (true AND false)",
    "INSERT INTO t VALUES (NOT true)",
    "INSERT INTO t VALUES (ROW(1))",
    "INSERT INTO t VALUES ($1[1])",
    "INSERT INTO t VALUES (($1).f)",
    "INSERT INTO t VALUES (a)",
    "INSERT INTO t SELECT 1",
    "INSERT INTO t DEFAULT VALUES",
    "INSERT INTO t (SELECT 1)",
    "INSERT INTO t AS x VALUES (1)",
    "INSERT INTO t (a[1]) VALUES (1)",
    "INSERT INTO t (a.b) VALUES (1)",
    "INSERT INTO d.s.t VALUES (1)",
    "INSERT INTO t (a) OVERRIDING USER VALUE VALUES (1)",
    "INSERT INTO t VALUES (1) ON CONFLICT (lower(a)) DO NOTHING",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) WHERE b DO NOTHING",
    "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT c DO NOTHING",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = f(EXCLUDED.b)",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b + 1",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = t.b",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b WHERE true",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET (b, c) = (EXCLUDED.b, EXCLUDED.c)",
    "INSERT INTO t VALUES (1) RETURNING f(a)",
    "INSERT INTO t VALUES (1) RETURNING t.a",
    "INSERT INTO t VALUES (1) RETURNING a AS b",
    "INSERT INTO t VALUES (1) RETURNING a + 1",
    "INSERT INTO t VALUES (1) ORDER BY 1",
    "INSERT INTO t VALUES (1) UNION SELECT 1",
    "INSERT INTO t VALUES (1); DELETE FROM u",
    "INSERT INTO t VALUES (1); SELECT 1;",
    "WITH c AS (SELECT 1) INSERT INTO t VALUES (1)",
    "EXPLAIN INSERT INTO t VALUES (1)",
    "INSERT INTO \xc3\x84 VALUES (1)",
    "INSERT INTO U&\"t\" VALUES (1)",
    "INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (1)",
    "SELECT 1",
    "",
};

static const char *const broken[] = {
    "INSERT",
    "INSERT INTO",
    "INSERT INTO t",
    "INSERT INTO t VALUES",
    "INSERT INTO t VALUES (",
    "INSERT INTO t VALUES (1",
    "INSERT INTO t VALUES (1) ON",
    "INSERT INTO t VALUES (1) ON CONFLICT",
    "INSERT INTO t VALUES (1) ON CONFLICT DO",
    "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE",
    "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a",
    "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = EXCLUDED.",
    "INSERT INTO t VALUES (1) RETURNING",
    "INSERT INTO t VALUES (1) RETURNING a,",
    "INSERT INTO t VALUES (1),",
    "INSERT INTO t VALUES (1) (2)",
    "INSERT INTO t VALUES (1 2)",
    "INSERT INTO t VALUES ('a' 'b')",
    "INSERT INTO t VALUES (-)",
    "INSERT INTO t VALUES (1::)",
    "INSERT INTO t VALUES ('1'::int[)",
    "INSERT INTO t VALUES ('1'::varchar(x))",
    "INSERT INTO t VALUES ('x",
    "INSERT INTO t VALUES (ARRAY 1)",
    "INSERT INTO \"\" VALUES (1)",
    "INSERT INTO t () VALUES (1)",
    "INSERT INTO t (a,) VALUES (1)",
    "INSERT INTO t. VALUES (1)",
};

static bool read_by_tokens(struct pgr_bytes text, struct analysis_line *line)
{
    struct pgr_stmt *stmt = pgr_stmt_create();
    bool is_plain = pgr_walk_long_insert(text, stmt);
    assert_true(is_plain || stmt->kind == PGR_STMT_UNPARSED);
    analysis_line(stmt, line);
    pgr_stmt_unref(stmt);
    return is_plain;
}

static void plain_inserts_are_read_as_the_parser_reads_them(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(plain); i++) {
        struct analysis_line parsed;
        struct analysis_line read;
        analysis_of(pgr_bytes_str(plain[i]), &parsed);
        assert_non_null(strstr(parsed.text, "insert (write) w:"));
        assert_true(read_by_tokens(pgr_bytes_str(plain[i]), &read));
        if (strcmp(parsed.text, read.text) != 0)
            fail_msg("%s\n  parser %s\n  tokens %s", plain[i], parsed.text, read.text);
    }
    PGR_UNUSED(state);
}

static void what_may_call_is_refused(void **state)
{
    struct analysis_line line;
    for (size_t i = 0; i < PGR_ARRAY_LEN(refused); i++) {
        if (read_by_tokens(pgr_bytes_str(refused[i]), &line))
            fail_msg("%s gives %s", refused[i], line.text);
        analysis_of(pgr_bytes_str(refused[i]), &line);
        assert_null(strstr(line.text, "UNPARSED"));
    }
    for (size_t i = 0; i < PGR_ARRAY_LEN(broken); i++)
        assert_false(read_by_tokens(pgr_bytes_str(broken[i]), &line));
    assert_false(read_by_tokens(PGR_BYTES_LIT("INSERT INTO t VALUES ('\0')"), &line));
    PGR_UNUSED(state);
}

/* Here the token reader claims less than the parser: it does not look back into an array. */
static void casts_of_arrays_are_not_of_literals(void **state)
{
    struct analysis_line line;
    static const char text[] = "INSERT INTO t VALUES (ARRAY[0.1, 0.2]::real[], ARRAY[]::int[])";
    assert_true(read_by_tokens(PGR_BYTES(text, sizeof text - 1), &line));
    assert_string_equal(line.text, "insert (write) w:t t:pg_catalog.float4[],pg_catalog.int4[]");
    analysis_of(PGR_BYTES(text, sizeof text - 1), &line);
    assert_string_equal(line.text, "insert (write) w:t t:pg_catalog.float4[]',pg_catalog.int4[]'");
    PGR_UNUSED(state);
}

/* Cut anywhere, it is refused or still an insert into the same relation. */
static void every_prefix_names_the_relation_or_nothing(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(plain); i++) {
        for (size_t len = 0; len < strlen(plain[i]); len++) {
            struct analysis_line line;
            char *copy = pgr_strndup(plain[i], len);
            if (read_by_tokens(PGR_BYTES(copy, len), &line))
                assert_non_null(strstr(line.text, "insert (write) w:"));
            pgr_free(copy);
        }
    }
    PGR_UNUSED(state);
}

/* head, rows, tail; `rows` of them. */
static char *long_text(const char *head, const char *row, size_t rows, const char *tail)
{
    size_t size = strlen(head) + (strlen(row) + 1) * rows + strlen(tail) + 1;
    char *text = pgr_alloc(size);
    size_t len = (size_t)sprintf(text, "%s", head);
    for (size_t i = 0; i < rows; i++)
        len += (size_t)sprintf(text + len, "%s%s", i ? "," : "", row);
    sprintf(text + len, "%s", tail);
    return text;
}

static void long_inserts_are_known(void **state)
{
    static const struct {
        const char *head;
        const char *row;
        const char *tail;
        const char *line;
    } cases[] = {
        {"INSERT INTO emb (id, v) VALUES ", "(1, '[0.1,0.2]'::vector)", ";",
         "insert (write) w:emb t:vector'"},
        {"INSERT INTO s.emb VALUES ", "(-1.5, $1::real[], NULL)", " ON CONFLICT DO NOTHING",
         "insert (write) w:s.emb t:pg_catalog.float4[]'"},
        {"INSERT INTO emb VALUES ", "('now')", "", "insert (write) w:emb"},
        {"INSERT INTO emb VALUES ", "(f(1))", "", "unparsed (other) TOO_LONG"},
        {"INSERT INTO emb VALUES ", "(1)", ", (f(1))", "unparsed (other) TOO_LONG"},
        {"INSERT INTO emb VALUES ", "(1)", "; DELETE FROM t", "unparsed (other) TOO_LONG"},
        {"INSERT INTO emb VALUES ", "(1)", " RETURNING f(id)", "unparsed (other) TOO_LONG"},
        {"INSERT INTO emb VALUES ", "(1)", "; -- done", "insert (write) w:emb"},
        {"VALUES ", "(1)", "", "unparsed (other) TOO_LONG"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct analysis_line line;
        char *text = long_text(cases[i].head, cases[i].row, 30000, cases[i].tail);
        assert_true(strlen(text) > PGR_ANALYZE_MAX);
        analysis_of(pgr_bytes_str(text), &line);
        assert_string_equal(line.text, cases[i].line);
        pgr_free(text);
    }
    PGR_UNUSED(state);
}

/* A short one with a rule of dashes in a document is not shown to the parser, but known. */
static void operator_runs_in_literals_are_known(void **state)
{
    char dashes[300];
    struct analysis_line line;
    memset(dashes, '-', sizeof dashes - 1);
    dashes[sizeof dashes - 1] = '\0';
    char *text = pgr_asprintf("INSERT INTO docs VALUES (1, 'a\n%s\nb')", dashes);
    analysis_of(pgr_bytes_str(text), &line);
    assert_string_equal(line.text, "insert (write) w:docs");
    pgr_free(text);
    text = pgr_asprintf("INSERT INTO docs VALUES (f(1), 'a\n%s\nb')", dashes);
    analysis_of(pgr_bytes_str(text), &line);
    assert_string_equal(line.text, "unparsed (other) OPERATOR_RUN");
    pgr_free(text);
    PGR_UNUSED(state);
}

/* Each cast is looked up among those seen, so there may not be many different ones. */
static void too_many_types_are_refused(void **state)
{
    for (size_t count = 32; count <= 33; count++) {
        struct analysis_line line;
        char text[1024] = "INSERT INTO t VALUES (1";
        for (size_t i = 0; i < count; i++)
            sprintf(text + strlen(text), ", ''::t%zu", i);
        strcat(text, ")");
        assert_int_equal(read_by_tokens(pgr_bytes_str(text), &line), count == 32);
    }
    PGR_UNUSED(state);
}

static void short_memory_is_a_refusal(void **state)
{
    static const char text[] = "INSERT INTO s.t (a) VALUES (+1, ''::x) ON CONFLICT (a) DO UPDATE "
                               "SET a = EXCLUDED.a";
    size_t refusals = 0;
    for (unsigned n = 1; n < 20; n++) {
        struct analysis_line line;
        pgr_mem_fail_nth(n);
        refusals += !read_by_tokens(PGR_BYTES(text, sizeof text - 1), &line);
        pgr_mem_fail_nth(0);
    }
    assert_true(refusals >= 5 && refusals < 19);
    PGR_UNUSED(state);
}

static int tests(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(plain_inserts_are_read_as_the_parser_reads_them),
        cmocka_unit_test(casts_of_arrays_are_not_of_literals),
        cmocka_unit_test(what_may_call_is_refused),
        cmocka_unit_test(every_prefix_names_the_relation_or_nothing),
        cmocka_unit_test(long_inserts_are_known),
        cmocka_unit_test(operator_runs_in_literals_are_known),
        cmocka_unit_test(too_many_types_are_refused),
        cmocka_unit_test(short_memory_is_a_refusal),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
    return run_on_parse_stack(tests);
}
