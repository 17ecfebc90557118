// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_priv.h"

#define STATES_MD PGR_SOURCE_DIR "/docs/states.md"

static void regenerate(struct pgr_bytes text)
{
    FILE *file = fopen(STATES_MD, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void states_md_is_not_stale(void **state)
{
    static char text[65536];
    struct pgr_buf doc;
    PGR_UNUSED(state);
    pgr_buf_init(&doc, sizeof(text));
    pgr_session_states_doc(&doc);
    assert_false(doc.is_short);
    if (getenv("PGR_REGENERATE") != NULL)
        regenerate(pgr_buf_bytes(&doc));
    FILE *file = fopen(STATES_MD, "r");
    if (file == NULL)
        fail_msg("docs/states.md is missing: run this test with PGR_REGENERATE=1");
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    if (!pgr_bytes_eq(PGR_BYTES(text, len), pgr_buf_bytes(&doc)))
        fail_msg("docs/states.md is stale: run this test with PGR_REGENERATE=1");
    pgr_buf_fini(&doc);
}

/* Every state but the first is entered, and every state but the last is left. */
static void states_hang_together(void **state)
{
    bool is_entered[PGR_SESSION_STATE_COUNT] = {false};
    bool is_left[PGR_SESSION_STATE_COUNT] = {false};
    PGR_UNUSED(state);
#define E(from, to, event)                                                                         \
    is_left[PGR_SESSION_##from] = true;                                                            \
    is_entered[PGR_SESSION_##to] = true;
#include "states.def"
#undef E
    for (int i = 0; i < PGR_SESSION_STATE_COUNT; i++) {
        assert_int_equal(is_entered[i], i != PGR_SESSION_STARTUP);
        assert_int_equal(is_left[i], i != PGR_SESSION_CLOSING);
        assert_true(strlen(pgr_session_state_name((enum pgr_session_state)i)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_md_is_not_stale),
        cmocka_unit_test(states_hang_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
