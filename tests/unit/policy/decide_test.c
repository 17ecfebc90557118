// SPDX-License-Identifier: PostgreSQL
/* Verdicts over real texts and a whole catalog. */
#include "verdict_support.h"

static void assert_verdict(const struct pgr_verdict_input *input, const char *text,
                           const char *expected)
{
    const char *verdict = verdict_of(input);
    if (strcmp(verdict, expected) != 0)
        fail_msg("%s\n  gives    %s\n  expected %s", text, verdict, expected);
}

static void statements_are_judged_as_listed(void **state)
{
    struct pgr_settings settings = settings_with(no_rules, 0);
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(verdict_cases); i++) {
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(verdict_cases[i].text));
        struct pgr_verdict_input input = input_of(stmt, verdict_cases[i].text, &settings);
        assert_verdict(&input, verdict_cases[i].text, verdict_cases[i].verdict);
        pgr_stmt_unref(stmt);
    }
}

static void names_are_found_along_the_path(void **state)
{
    static const struct verdict_case by_app_path[] = {
        {"SELECT * FROM features", "0,170"},
        {"SELECT * FROM documents", "0,102"},
        {"SELECT * FROM only_here", "0,171"},
        {"SELECT * FROM pg_class", "SYSTEM_RELATION"},
    };
    struct pgr_settings settings = settings_with(no_rules, 0);
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(by_app_path); i++) {
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(by_app_path[i].text));
        struct pgr_verdict_input input = input_of(stmt, by_app_path[i].text, &settings);
        input.path = &app_path;
        assert_verdict(&input, by_app_path[i].text, by_app_path[i].verdict);
        input.path = NULL;
        assert_verdict(&input, by_app_path[i].text, "SETTINGS_UNKNOWN");
        input.catalog = NULL;
        assert_verdict(&input, by_app_path[i].text, "CATALOG_UNAVAILABLE");
        pgr_stmt_unref(stmt);
    }
}

/* More names than a set may hold, though each is found. */
static char *text_of_many(size_t count)
{
    size_t cap = 64 + count * 16;
    char *text = pgr_alloc(cap);
    size_t len = (size_t)snprintf(text, cap, "SELECT 1 FROM ");
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, cap - len, "%smany_%zu", i ? ", " : "", MANY_FIRST + i);
    return text;
}

static void a_read_names_at_most_as_many_relations_as_a_set_holds(void **state)
{
    struct pgr_settings settings = settings_with(no_rules, 0);
    PGR_UNUSED(state);
    for (size_t count = 60; count <= MANY_COUNT; count++) {
        char *text = text_of_many(count);
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(text));
        struct pgr_verdict_input input = input_of(stmt, text, &settings);
        struct pgr_verdict verdict;
        pgr_decide(&input, &verdict);
        assert_int_equal(verdict.reason, count + 1 <= PGR_RELSET_MAX
                                             ? PGR_REASON_NONE
                                             : PGR_REASON_TOO_MANY_RELATIONS);
        if (verdict.deps != NULL)
            assert_int_equal(verdict.deps->count, count + 1);
        pgr_verdict_fini(&verdict);
        pgr_stmt_unref(stmt);
        pgr_free(text);
    }
}

/* ---- what clients send ---- */

static const struct {
    const char *text;
    const char *line;
} client_cases[] = {
#define X(text, line) {text, line},
#include "client_cases.def"
#undef X
};

/* Reads of the tutorial and of clients that are not cacheable, and why; all others must be. */
static const struct verdict_case refused_reads[] = {
    {"select pg_catalog.version()", "VOLATILE_FUNCTION"},
    {"select current_schema()", "VOLATILE_FUNCTION"},
    {"SELECT pg_reload_conf()", "VOLATILE_FUNCTION"},
    {"WITH RECURSIVE typeinfo_tree", "SYSTEM_RELATION"},
    {"SELECT typname AS name, oid, typarray", "SYSTEM_RELATION"},
    {"SELECT query, total_exec_time, calls", "UNKNOWN_RELATION"},
    {"SELECT schemaname, tablename, indexname", "UNKNOWN_RELATION"},
    {"SELECT schemaname, tablename, ROUND", "SYSTEM_RELATION"},
    {"SELECT id, content, vector_distance", "USER_FUNCTION"},
};

static const char *refusal_of(const char *text)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(refused_reads); i++) {
        if (strncmp(text, refused_reads[i].text, strlen(refused_reads[i].text)) == 0)
            return refused_reads[i].verdict;
    }
    return NULL;
}

static void what_clients_read_of_user_tables_is_cacheable(void **state)
{
    static const struct pgr_rule force = {.name = "force", .cache = PGR_RULE_CACHE_FORCE};
    struct pgr_settings settings = settings_with(no_rules, 0);
    struct pgr_settings forced = settings_with(&force, 1);
    size_t cacheable = 0;
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(client_cases); i++) {
        const char *text = client_cases[i].text;
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(text));
        struct pgr_verdict_input input = input_of(stmt, text, &settings);
        const char *refusal = refusal_of(text);
        if (stmt->kind == PGR_STMT_SELECT && refusal == NULL) {
            struct pgr_verdict verdict;
            pgr_decide(&input, &verdict);
            if (verdict.reason != PGR_REASON_NONE)
                fail_msg("%s\n  gives %s", text, pgr_reason_name(verdict.reason));
            pgr_verdict_fini(&verdict);
            cacheable++;
        } else if (stmt->kind == PGR_STMT_SELECT) {
            assert_verdict(&input, text, refusal);
            input.settings = &forced;
            if (strcmp(refusal, "USER_FUNCTION") == 0)
                assert_verdict(&input, text, "0,102");
        }
        pgr_stmt_unref(stmt);
    }
    printf("client reads cacheable=%zu\n", cacheable);
    assert_true(cacheable >= 27);
}

/* ---- parameters ---- */

static const char *verdict_with_params(struct pgr_bytes params)
{
    struct pgr_settings settings = settings_with(no_rules, 0);
    const char *text = "SELECT * FROM features WHERE ts > $1";
    struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(text));
    struct pgr_verdict_input input = input_of(stmt, text, &settings);
    input.params = params;
    const char *verdict = verdict_of(&input);
    pgr_stmt_unref(stmt);
    return verdict;
}

static void parameters_are_searched_for_date_words(void **state)
{
    static const struct {
        const char *value;
        const char *verdict;
    } values[] = {
        {"2024-01-01", "0,101"},       {"", "0,101"},
        {"nowhere", "0,101"},          {"now", "SPECIAL_DATE"},
        {" NOW ", "SPECIAL_DATE"},     {"Today 10:00", "SPECIAL_DATE"},
        {"yesterday", "SPECIAL_DATE"}, {"{2024-01-01,tomorrow}", "SPECIAL_DATE"},
    };
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(values); i++) {
        for (int place = 0; place < 3; place++) {
            struct pgr_buf buf;
            pgr_buf_init(&buf, 4096);
            for (int at = 0; at < 3; at++) {
                const char *value = at == place ? values[i].value : "plain";
                put_param(&buf, value, strlen(value));
            }
            assert_string_equal(verdict_with_params(pgr_buf_bytes(&buf)), values[i].verdict);
            pgr_buf_fini(&buf);
        }
    }
}

/* Whole values and NULLs pass; what ends within one, or claims a length it has not, does not. */
static void broken_parameters_are_refused(void **state)
{
    static const uint8_t params[] = {0, 0, 0, 2, 'a', 'b', 0xff, 0xff, 0xff, 0xff,
                                     0, 0, 0, 0, 0,   0,   0,    1,    'c'};
    static const size_t ends[] = {0, 6, 10, 14, 19};
    static const uint8_t wrong[][8] = {
        {0xff, 0xff, 0xff, 0xfe, 'a', 'b', 'c', 'd'},
        {0x7f, 0xff, 0xff, 0xff, 'a', 'b', 'c', 'd'},
        {0x80, 0, 0, 0, 'a', 'b', 'c', 'd'},
        {0, 0, 0, 5, 'a', 'b', 'c', 'd'},
        {0, 0, 0, 3, 'a', 'b', 'c', 'd'},
    };
    PGR_UNUSED(state);
    for (size_t len = 0, end = 0; len <= sizeof params; len++) {
        bool is_whole = end < PGR_ARRAY_LEN(ends) && ends[end] == len;
        end += is_whole;
        assert_string_equal(verdict_with_params(PGR_BYTES(params, len)),
                            is_whole ? "0,101" : "SPECIAL_DATE");
    }
    for (size_t i = 0; i < PGR_ARRAY_LEN(wrong); i++)
        assert_string_equal(verdict_with_params(PGR_BYTES(wrong[i], 8)), "SPECIAL_DATE");
}

/* ---- the operator's rules ---- */

static const struct pgr_rule documents_forced = {.name = "rag",
                                                 .tables = {"documents", "app.features"},
                                                 .table_count = 2,
                                                 .cache = PGR_RULE_CACHE_FORCE,
                                                 .has_local_ttl = true,
                                                 .local_ttl_us = 3000000};

static void force_lifts_what_surely_is_a_users_function(void **state)
{
    static const struct verdict_case forced[] = {
        {"SELECT vector_distance(e, '[1]') FROM documents", "0,102"},
        {"SELECT score_of(id) FROM documents", "0,102"},
        {"SELECT log_access(id) FROM documents", "0,102"},
        {"SELECT my_sum(id) FROM documents", "0,102"},
        {"SELECT tenant_of(id) FROM documents", "0,102"},
        {"SELECT initcap(name) FROM documents", "0,102"},
        {"SELECT app.upper(name) FROM documents", "0,102"},
        {"SELECT app.age(ts) FROM documents", "0,102"},
        {"SELECT score_of(id) FROM app.features", "0,170"},
        /* PostgreSQL's own may be meant */
        {"SELECT upper(name) FROM documents", "VOLATILE_FUNCTION"},
        {"SELECT age(ts) FROM documents", "VOLATILE_FUNCTION"},
        {"SELECT pg_catalog.age(ts) FROM documents", "VOLATILE_FUNCTION"},
        /* or is */
        {"SELECT now(), score_of(id) FROM documents", "VOLATILE_FUNCTION"},
        {"SELECT random(), score_of(id) FROM documents", "VOLATILE_FUNCTION"},
        {"SELECT set_config('a', 'b', true), score_of(id) FROM documents", "VOLATILE_FUNCTION"},
        {"SELECT query_to_xml('x', true, true, '') FROM documents", "VOLATILE_FUNCTION"},
        {"SELECT current_setting('a.b') FROM documents", "VOLATILE_FUNCTION"},
        /* another rule's tables, and what the word is not about */
        {"SELECT score_of(id) FROM features", "VOLATILE_FUNCTION"},
        {"SELECT score_of(d.id) FROM documents d, features f", "VOLATILE_FUNCTION"},
        {"SELECT d.full_name FROM documents d", "ATTRIBUTE_CALL"},
        {"SELECT a === b FROM documents", "UNSAFE_OPERATOR"},
        {"SELECT unheard_of(id) FROM documents", "UNKNOWN_FUNCTION"},
        {"SELECT pg_temp.score_of(id) FROM documents", "UNKNOWN_FUNCTION"},
    };
    struct pgr_settings settings = settings_with(&documents_forced, 1);
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(forced); i++) {
        struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(forced[i].text));
        struct pgr_verdict_input input = input_of(stmt, forced[i].text, &settings);
        assert_verdict(&input, forced[i].text, forced[i].verdict);
        pgr_stmt_unref(stmt);
    }
}

static void the_first_rule_that_matches_governs(void **state)
{
    const struct pgr_rule rules[] = {audit_off, documents_forced};
    struct pgr_settings settings = settings_with(rules, 2);
    const char *text = "SELECT * FROM documents";
    struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(text));
    struct pgr_verdict_input input = input_of(stmt, text, &settings);
    struct pgr_verdict verdict;
    PGR_UNUSED(state);

    pgr_decide(&input, &verdict);
    assert_int_equal(verdict.reason, PGR_REASON_NONE);
    assert_ptr_equal(verdict.rule, &rules[1]);
    assert_int_equal(verdict.max_age_us, pgr_settings_max_age_us(&settings, &rules[1]));
    assert_int_equal(verdict.max_age_us, 3000000);
    pgr_verdict_fini(&verdict);

    input.user = "auditor";
    pgr_decide(&input, &verdict);
    assert_int_equal(verdict.reason, PGR_REASON_RULE_OFF);
    assert_ptr_equal(verdict.rule, &rules[0]);
    pgr_verdict_fini(&verdict);
    pgr_stmt_unref(stmt);
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_judged_as_listed),
        cmocka_unit_test(names_are_found_along_the_path),
        cmocka_unit_test(a_read_names_at_most_as_many_relations_as_a_set_holds),
        cmocka_unit_test(what_clients_read_of_user_tables_is_cacheable),
        cmocka_unit_test(parameters_are_searched_for_date_words),
        cmocka_unit_test(broken_parameters_are_refused),
        cmocka_unit_test(force_lifts_what_surely_is_a_users_function),
        cmocka_unit_test(the_first_rule_that_matches_governs),
    };
    catalog = small_database();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pgr_catalog_unref(catalog);
    return failed;
}

int main(void)
{
    return run_on_parse_stack(all_tests);
}
