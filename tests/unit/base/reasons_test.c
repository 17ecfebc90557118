// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "pgrecall/base/reasons.h"

static void every_reason_has_a_name_of_its_own_and_a_remedy(void **state)
{
    for (int i = PGR_REASON_NONE; i < PGR_REASON_COUNT; i++) {
        enum pgr_reason reason = (enum pgr_reason)i;
        const char *name = pgr_reason_name(reason);
        assert_true(strlen(name) > 0 && strlen(name) < 40);
        for (const char *c = name; *c; c++)
            assert_true(isupper((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        assert_true(strlen(pgr_reason_meaning(reason)) > 0);
        assert_true(strlen(pgr_reason_remedy(reason)) > 0);
        for (int k = PGR_REASON_NONE; k < i; k++)
            assert_string_not_equal(name, pgr_reason_name((enum pgr_reason)k));
    }
    assert_string_equal(pgr_reason_name(PGR_REASON_NONE), "NONE");
    assert_string_equal(pgr_reason_name(PGR_REASON_ROW_SECURITY), "ROW_SECURITY");
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_of_its_own_and_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
