// SPDX-License-Identifier: PostgreSQL
/* A2's neutral settings, and what merely looks like one. */
#include "policy_support.h"

static const char *const neutral[] = {
    "application_name",
    "Application_Name",
    "enable_seqscan",
    "enable_nestloop",
    "ENABLE_HASHJOIN",
    "random_page_cost",
    "cpu_tuple_cost",
    "geqo",
    "geqo_effort",
    "jit",
    "jit_above_cost",
    "work_mem",
    "maintenance_work_mem",
    "log_statement",
    "log_min_duration_statement",
    "statement_timeout",
    "lock_timeout",
    "synchronous_commit",
    "tcp_keepalives_idle",
    "tcp_user_timeout",
};

static const char *const keyed[] = {
    "search_path",
    "datestyle",
    "intervalstyle",
    "timezone",
    "timezone_abbreviations",
    "extra_float_digits",
    "bytea_output",
    "client_encoding",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "xmlbinary",
    "xmloption",
    "array_nulls",
    "transform_null_equals",
    "backslash_quote",
    "default_text_search_config",
    "quote_all_identifiers",
    "row_security",
    "session_replication_role",
    "gin_fuzzy_search_limit",
    "role",
    "session_authorization",
    "standard_conforming_strings",
    "client_min_messages",
    "default_transaction_isolation",
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    "IDLE_session_timeout",
    "debug_print_plan",
    "hash_mem_multiplier",
    "from_collapse_limit",
    "hnsw.ef_search",
    "app.user_id",
    "enable_x.y",
    "log_x.a_timeout",
    "x.work_mem",
    "",
    "_mem",
    "_cost",
    "_timeout",
    "memory",
    "enable",
    "jitter",
    "log",
    "application_names",
    "application_nam",
    "geqos",
    "unheard_of",
};

static void only_the_listed_names_are_neutral(void **state)
{
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(neutral); i++) {
        if (!pgr_setting_is_neutral(neutral[i]))
            fail_msg("%s is not neutral", neutral[i]);
    }
    for (size_t i = 0; i < PGR_ARRAY_LEN(keyed); i++) {
        if (pgr_setting_is_neutral(keyed[i]))
            fail_msg("%s is neutral", keyed[i]);
    }
}

/* No setting is called so: what a client makes up is not looked into further. */
static void a_name_too_long_is_not_neutral(void **state)
{
    char name[200];
    PGR_UNUSED(state);
    for (size_t len = sizeof "enable_"; len < sizeof name; len++) {
        memset(name, 'a', len);
        memcpy(name, "enable_", strlen("enable_"));
        name[len] = '\0';
        assert_int_equal(pgr_setting_is_neutral(name), len <= 63);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_listed_names_are_neutral),
        cmocka_unit_test(a_name_too_long_is_not_neutral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
