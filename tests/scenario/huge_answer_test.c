// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A row larger than any buffer passes as it comes. */
STORY(huge_answer)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes answer = SAY(be_columns("v"), be_row_of(say_filling((size_t)20 << 20)),
                                  be_row("two"), be_complete("SELECT 2"), be_ready('I'));
    story_passes(p, fe_query(STORY_READ), answer);
    story_passes(p, fe_query(STORY_READ), answer); /* above max_entry */
    assert_int_equal(world_count(w, PGR_COUNTER_protocol_surprises), 0);
}
