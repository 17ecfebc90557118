// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

#include "pgrecall/sql/stmt.h"

/* Rules name classes by word; the words are sql's, which conf may not include. */
static void rules_know_every_class_of_sql(void **state)
{
    for (int i = 0; i < PGR_CLASS_COUNT; i++) {
        char text[256];
        const char *name = pgr_class_name((enum pgr_class)i);
        snprintf(text, sizeof(text), DSN_LINES "[rule r]\nclass = %s\n", name);
        struct pgr_settings *settings = settings_of(text);
        assert_string_equal(settings->rules[0].classes[0], name);
        pgr_settings_unref(settings);
    }
    PGR_UNUSED(state);
}

/* The fault lists the words there are: as many as there are classes. */
static void rules_know_no_other(void **state)
{
    struct load load = load_text(DSN_LINES "[rule r]\nclass = zzz\n");
    int words = 1;
    for (const char *at = load.errors; *at != '\0'; at++)
        words += *at == '|';
    assert_int_equal(words, PGR_CLASS_COUNT);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_know_every_class_of_sql),
        cmocka_unit_test(rules_know_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
