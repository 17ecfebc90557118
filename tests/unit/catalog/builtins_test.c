// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pgrecall/catalog/builtins.h"

/* Letters: s stable but safe, h volatile but harmless, q runs SQL, c changes settings, l takes a
 * lock, L … of the session, r releases all. */
static const struct {
    const char *name;
    const char *is;
} cases[] = {
    {"anytextcat", "s"},
    {"websearch_to_tsquery", "s"},
    {"to_char", "s"},
    {"date_trunc", "s"},
    {"json_agg", "s"},
    {"timezone", "s"},
    {"now", ""},
    {"age", ""},
    {"timetz", ""},
    {"current_setting", ""},
    {"json_populate_record", ""},
    {"to_regclass", ""},
    {"clock_timestamp", "h"},
    {"uuidv7", "h"},
    {"random", "h"},
    {"nextval", "h"},
    {"pg_notify", "h"},
    {"pg_sleep", "h"},
    {"pg_promote", ""},
    {"pg_replication_origin_xact_setup", ""},
    {"set_config", "c"},
    {"query_to_xml", "q"},
    {"query_to_xml_and_xmlschema", "q"},
    {"cursor_to_xmlschema", "q"},
    {"database_to_xml", "q"},
    {"ts_stat", "q"},
    {"ts_rewrite", "q"},
    {"lo_import", "q"},
    {"lowrite", "q"},
    {"pg_import_system_collations", "q"},
    {"pg_advisory_lock", "hlL"},
    {"pg_advisory_lock_shared", "hlL"},
    {"pg_try_advisory_lock", "hlL"},
    {"pg_try_advisory_lock_shared", "hlL"},
    {"pg_advisory_xact_lock", "hl"},
    {"pg_try_advisory_xact_lock_shared", "hl"},
    {"pg_advisory_unlock", "h"},
    {"pg_advisory_unlock_all", "hr"},
    {"upper", ""},
    {"", ""},
    {"NOW", ""},
    {"random ", ""},
    {"zzz", ""},
    {"", ""},
};

static void each_name_is_what_it_is(void **state)
{
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        const char *name = cases[i].name;
        char is[8] = "";
        strcat(is, pgr_builtin_stable_is_safe(name) ? "s" : "");
        strcat(is, pgr_builtin_volatile_is_harmless(name) ? "h" : "");
        strcat(is, pgr_builtin_runs_sql(name) ? "q" : "");
        strcat(is, pgr_builtin_changes_settings(name) ? "c" : "");
        strcat(is, pgr_builtin_takes_lock(name) ? "l" : "");
        strcat(is, pgr_builtin_takes_session_lock(name) ? "L" : "");
        strcat(is, pgr_builtin_releases_locks(name) ? "r" : "");
        if (strcmp(is, cases[i].is) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", name, is, cases[i].is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_name_is_what_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
