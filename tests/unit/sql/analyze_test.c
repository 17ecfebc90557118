// SPDX-License-Identifier: PostgreSQL
#include "analysis.h"

#include "pgrecall/sql/lex.h"
#include "stmt_priv.h"

static const struct analysis_case client_cases[] = {
#define X(text, line) {text, line},
#include "client_cases.def"
};

static const struct analysis_case select_cases[] = {
#include "select_cases.def"
};

static const struct analysis_case other_cases[] = {
#include "other_cases.def"
#undef X
};

static void what_clients_send_is_known(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(client_cases); i++)
        assert_analysis(&client_cases[i]);
    PGR_UNUSED(state);
}

static void reads_name_all_they_use_or_are_refused(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(select_cases); i++)
        assert_analysis(&select_cases[i]);
    PGR_UNUSED(state);
}

static void other_statements_have_their_kind_and_names(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(other_cases); i++)
        assert_analysis(&other_cases[i]);
    PGR_UNUSED(state);
}

static void every_statement_has_a_type(void **state)
{
    static const char *const texts[] = {"SELECT a FROM t WHERE b = 1", "selec 'x' 1", "",
                                        "SELECT 1; SELECT 2"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(texts); i++) {
        char normal[2000];
        size_t len;
        struct pgr_bytes text = pgr_bytes_str(texts[i]);
        uint64_t fingerprint = pgr_lex_fingerprint(text, normal, sizeof normal, &len);
        struct pgr_stmt *stmt = pgr_analyze(text);
        assert_true(stmt->fingerprint == fingerprint);
        assert_true(pgr_bytes_eq(stmt->normal, PGR_BYTES(normal, len)));
        pgr_stmt_unref(stmt);
    }
    struct pgr_stmt *one = pgr_analyze(PGR_BYTES_LIT("SELECT a FROM t WHERE b = 1"));
    struct pgr_stmt *two = pgr_analyze(PGR_BYTES_LIT("select a from t where b = 27 -- c"));
    assert_true(one->fingerprint == two->fingerprint);
    pgr_stmt_unref(one);
    pgr_stmt_unref(two);
    PGR_UNUSED(state);
}

static void a_statement_is_shared_by_count(void **state)
{
    struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES_LIT("SELECT f(a) FROM t"));
    struct pgr_stmt *again = pgr_stmt_ref(stmt);
    assert_ptr_equal(again, stmt);
    assert_true(pgr_stmt_bytes(stmt) > sizeof *stmt);
    pgr_stmt_unref(stmt);
    assert_string_equal(again->relations[0].name, "t");
    pgr_stmt_unref(again);
    pgr_stmt_unref(NULL);
    PGR_UNUSED(state);
}

/* Whichever allocation fails: all that is known, or a refusal that names the cause. */
static void short_memory_is_a_refusal(void **state)
{
    static const char *const texts[] = {
        "WITH c AS (SELECT 1) SELECT f(t.a::int) FROM t, c WHERE t.b = 1 ORDER BY 1",
        "PREPARE p AS INSERT INTO t VALUES (g(1))", "SET LOCAL work_mem = 1",
        "BEGIN ISOLATION LEVEL SERIALIZABLE"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(texts); i++) {
        struct analysis_line whole;
        struct analysis_line line;
        struct pgr_bytes text = pgr_bytes_str(texts[i]);
        size_t refusals = 0;
        analysis_of(text, &whole);
        for (unsigned n = 1; n < 60; n++) {
            pgr_mem_fail_nth(n);
            analysis_of(text, &line);
            pgr_mem_fail_nth(0);
            if (strcmp(line.text, whole.text) == 0)
                continue;
            assert_string_equal(line.text, "unparsed (other) NO_MEMORY");
            refusals++;
        }
        assert_true(refusals >= 3);
    }
    PGR_UNUSED(state);
}

static void a_nul_is_never_shown_to_the_parser(void **state)
{
    struct analysis_line line;
    analysis_of(PGR_BYTES_LIT("SELECT 1\0; DROP TABLE t"), &line);
    assert_string_equal(line.text, "unparsed (other) UNPARSED");
    analysis_of(PGR_BYTES(NULL, 0), &line);
    assert_string_equal(line.text, "empty (other)");
    PGR_UNUSED(state);
}

static void classes_are_found_by_their_words(void **state)
{
    enum pgr_class found;
    for (unsigned i = 0; i < PGR_CLASS_COUNT; i++) {
        assert_true(pgr_class_by_name(pgr_class_name((enum pgr_class)i), &found));
        assert_int_equal(found, i);
    }
    found = PGR_CLASS_WRITE;
    assert_false(pgr_class_by_name("Vector Search", &found));
    assert_false(pgr_class_by_name("", &found));
    assert_false(pgr_class_by_name(NULL, &found));
    assert_int_equal(found, PGR_CLASS_WRITE);
    for (unsigned i = 0; i < PGR_STMT_KIND_COUNT; i++)
        assert_true(pgr_stmt_kind_name((enum pgr_stmt_kind)i)[0] != '\0');
    PGR_UNUSED(state);
}

struct crowd_member {
    struct pgr_thread thread;
    size_t wrong;
};

static void analyse_all(void *arg)
{
    struct crowd_member *member = arg;
    for (size_t i = 0; i < PGR_ARRAY_LEN(client_cases); i++) {
        struct analysis_line line;
        analysis_of(pgr_bytes_str(client_cases[i].text), &line);
        member->wrong += strcmp(line.text, client_cases[i].line) != 0;
    }
}

static void threads_do_not_disturb_each_other(void **state)
{
    struct crowd_member members[4] = {0};
    for (size_t i = 0; i < PGR_ARRAY_LEN(members); i++)
        assert_int_equal(pgr_thread_start(&members[i].thread, "crowd", PGR_PARSE_STACK, analyse_all,
                                          &members[i]),
                         PGR_OK);
    for (size_t i = 0; i < PGR_ARRAY_LEN(members); i++) {
        pgr_thread_join(&members[i].thread);
        assert_int_equal(members[i].wrong, 0);
    }
    PGR_UNUSED(state);
}

/* Cut anywhere, a text is another statement or none, and never a crash. */
static void every_prefix_is_judged(void **state)
{
    static const char text[] = "WITH c AS (SELECT a::vector FROM \"T\" WHERE b = 'x' AND c <-> $1 "
                               "< 0.5) SELECT count(*) FROM c JOIN u USING (a) FOR UPDATE";
    for (size_t len = 0; len <= sizeof text - 1; len++) {
        char *copy = pgr_strndup(text, len);
        struct pgr_stmt *stmt = pgr_analyze(PGR_BYTES(copy, len));
        bool is_known = stmt->kind == PGR_STMT_SELECT || stmt->kind == PGR_STMT_EMPTY;
        assert_true(is_known ? true : stmt->block == PGR_REASON_UNPARSED);
        pgr_stmt_unref(stmt);
        pgr_free(copy);
    }
    PGR_UNUSED(state);
}

static int tests(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(what_clients_send_is_known),
        cmocka_unit_test(reads_name_all_they_use_or_are_refused),
        cmocka_unit_test(other_statements_have_their_kind_and_names),
        cmocka_unit_test(every_statement_has_a_type),
        cmocka_unit_test(a_statement_is_shared_by_count),
        cmocka_unit_test(short_memory_is_a_refusal),
        cmocka_unit_test(a_nul_is_never_shown_to_the_parser),
        cmocka_unit_test(classes_are_found_by_their_words),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(every_prefix_is_judged),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
    return run_on_parse_stack(tests);
}
