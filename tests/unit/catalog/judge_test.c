// SPDX-License-Identifier: PostgreSQL
#include "rows_support.h"

/* pgr_judge_view sees functions and types as facts; small_database() has those named below. */
static void words_are_judged(void **state)
{
    PGR_UNUSED(state);
    static const struct {
        const char *words;
        enum pgr_reason block;
    } cases[] = {
        {"", PGR_REASON_NONE},
        {"   ", PGR_REASON_NONE},
        {"NQUERY NRANGETBLENTRY NVAR NOPEXPR F10 R5", PGR_REASON_NONE},
        {"NRTE NCASE NWHEN NCOALESCE", PGR_REASON_NONE}, /* labels before 16 */
        {"NQUERY F12", PGR_REASON_NONE},                 /* to_char: listed */
        {"NQUERY F20", PGR_REASON_NONE},                 /* an extension's, immutable */
        {"NWINDOWCLAUSE F0", PGR_REASON_NONE},           /* no in_range function */
        {"F11", PGR_REASON_UNSAFE_VIEW},                 /* now */
        {"F13", PGR_REASON_UNSAFE_VIEW},                 /* random */
        {"F14", PGR_REASON_USER_FUNCTION},               /* query_to_xml */
        {"F15", PGR_REASON_USER_FUNCTION},               /* set_config */
        {"F16", PGR_REASON_USER_FUNCTION},               /* pg_advisory_lock */
        {"F17", PGR_REASON_USER_FUNCTION},               /* table_to_xml, though stable */
        {"F18", PGR_REASON_USER_FUNCTION},               /* pg_promote: on no list */
        {"F19", PGR_REASON_USER_FUNCTION},               /* ts_stat, whatever it claims */
        {"F21", PGR_REASON_USER_FUNCTION},               /* an extension's, not immutable */
        {"F30", PGR_REASON_USER_FUNCTION},               /* a user's, whatever it claims */
        {"F777", PGR_REASON_USER_FUNCTION},              /* not in pg_proc */
        {"NSQLVALUEFUNCTION", PGR_REASON_UNSAFE_VIEW},
        {"NTABLESAMPLECLAUSE", PGR_REASON_UNSAFE_VIEW},
        {"NXMLEXPR", PGR_REASON_UNSAFE_VIEW},
        {"NJSONEXPR", PGR_REASON_UNSAFE_VIEW},
        {"NCOERCETODOMAIN", PGR_REASON_UNSAFE_VIEW},
        {"NROWMARKCLAUSE", PGR_REASON_UNSAFE_VIEW},
        {"NSOMETHINGNEW", PGR_REASON_UNSAFE_VIEW},
        {"NQUER", PGR_REASON_UNSAFE_VIEW},
        {"NQUERYY", PGR_REASON_UNSAFE_VIEW},
        {"N", PGR_REASON_UNSAFE_VIEW},
        {"C", PGR_REASON_SYSTEM_COLUMN},
        {"Z", PGR_REASON_UNSAFE_VIEW},
        {"?", PGR_REASON_UNSAFE_VIEW},
        {"NCOERCEVIAIO T25", PGR_REASON_NONE},
        {"NCOERCEVIAIO T25 T1184", PGR_REASON_UNSAFE_CAST},
        {"T1184 NARRAYCOERCEEXPR", PGR_REASON_UNSAFE_CAST},
        {"NRELABELTYPE T1184", PGR_REASON_NONE},
        {"NCOERCEVIAIO T2205", PGR_REASON_UNSAFE_CAST},
        {"F11 F30 NXMLEXPR", PGR_REASON_USER_FUNCTION},
        {"NXMLEXPR F30", PGR_REASON_USER_FUNCTION},
        {"F30 NXMLEXPR C", PGR_REASON_USER_FUNCTION},
        {"C F11", PGR_REASON_SYSTEM_COLUMN},
        {"T66", PGR_REASON_USER_FUNCTION}, /* a domain whose check runs foreign code */
    };
    static const char *const code[][2] = {{"t", "66"}, {"r", "67"}};
    struct pgr_catalog_arena arena = {0};
    struct pgr_facts facts;
    pgr_facts_init(&facts, &arena);
    const struct table functions = TABLE(function_rows, 5);
    const struct table types = TABLE(code, 2);
    struct pgr_rows rows = rows_of(&functions);
    assert_int_equal(pgr_facts_take(&facts, PGR_QUERY_FUNCTIONS, &rows), PGR_OK);
    rows = rows_of(&types);
    assert_int_equal(pgr_facts_take(&facts, PGR_QUERY_USER_CODE, &rows), PGR_OK);
    assert_true(pgr_facts_join(&facts));
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        enum pgr_reason block = pgr_judge_view(&facts, cases[i].words);
        if (block != cases[i].block)
            fail_msg("\"%s\": %s, not %s", cases[i].words, pgr_reason_name(block),
                     pgr_reason_name(cases[i].block));
    }
    pgr_facts_fini(&facts);
    pgr_catalog_arena_fini(&arena);
}

static void relations_are_counted_and_listed(void **state)
{
    PGR_UNUSED(state);
    uint32_t oids[4] = {0};
    assert_int_equal(pgr_view_relations("", NULL), 0);
    assert_int_equal(pgr_view_relations("NQUERY R7 R0 F3 R9", NULL), 2);
    assert_int_equal(pgr_view_relations("NQUERY R7 R0 F3 R9", oids), 2);
    assert_int_equal(oids[0], 7);
    assert_int_equal(oids[1], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_judged),
        cmocka_unit_test(relations_are_counted_and_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
