// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pgrecall/base/mem.h"
#include "queries_priv.h"

/* Statements end with a semicolon and a line; no query holds one. */
static int count_statements(const char *script)
{
    int count = 1; /* COMMIT has none */
    for (const char *at = strstr(script, ";\n"); at != NULL; at = strstr(at + 1, ";\n"))
        count++;
    return count;
}

static void a_script_is_one_transaction(void **state)
{
    PGR_UNUSED(state);
    char *load = pgr_query_script_load();
    char *version = pgr_query_script_version();
    assert_int_equal(count_statements(load), PGR_SCRIPT_PREFIX + PGR_QUERY_COUNT + 1);
    assert_int_equal(count_statements(version), PGR_SCRIPT_PREFIX + PGR_QUERY_RELATIONS + 1);
    const char *const begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
                              "SET LOCAL search_path = pg_catalog;\n";
    assert_memory_equal(load, begin, strlen(begin));
    assert_string_equal(load + strlen(load) - 7, "\nCOMMIT");
    pgr_free(load);
    pgr_free(version);
}

/* standard_conforming_strings = off would change a backslash, and no format may be left over. */
static void a_script_means_the_same_under_all_settings(void **state)
{
    PGR_UNUSED(state);
    char *script = pgr_query_script_load();
    assert_null(strchr(script, '\\'));
    assert_null(strstr(script, "%s"));
    pgr_free(script);
    /* The pulse is asked outside such a transaction: every function of it is qualified. */
    static const char *const functions[] = {"concat(", "pg_current_snapshot(", "pg_is_in_recovery(",
                                            "pg_conf_load_time("};
    for (size_t i = 0; i < PGR_ARRAY_LEN(functions); i++) {
        const char *at = strstr(pgr_query_pulse, functions[i]);
        assert_non_null(at);
        assert_memory_equal(at - strlen("pg_catalog."), "pg_catalog.", strlen("pg_catalog."));
    }
}

static void every_query_has_a_name_and_columns(void **state)
{
    PGR_UNUSED(state);
    for (int q = 0; q < PGR_QUERY_COUNT; q++) {
        assert_non_null(pgr_queries[q].name);
        assert_true(pgr_queries[q].columns > 0);
        if (q != PGR_QUERY_VERSION)
            assert_null(strchr(pgr_queries[q].sql, ';'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_is_one_transaction),
        cmocka_unit_test(a_script_means_the_same_under_all_settings),
        cmocka_unit_test(every_query_has_a_name_and_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
