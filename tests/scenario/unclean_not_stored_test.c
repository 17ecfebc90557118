// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* An answer with a notice, a notification or a parameter's change in it is not remembered, nor an error. */
STORY(unclean_not_stored)
{
    struct pair *p = world_login_known(w);
    const struct pgr_bytes odd[] = {be_notice("look"), be_notification("channel"),
                                    be_parameter("application_name", "x")};
    for (size_t i = 0; i < PGR_ARRAY_LEN(odd); i++) {
        story_passes(p, fe_query(STORY_READ), SAY(odd[i], story_reply()));
        story_passes(
            p, fe_query(STORY_READ),
            SAY(be_columns("v"), odd[i], be_row("one"), be_complete("SELECT 1"), be_ready('I')));
        story_passes(p, fe_query(STORY_READ), SAY(story_rows(), odd[i], be_ready('I')));
    }
    story_passes(p, fe_query(STORY_READ),
                 SAY(be_columns("v"), be_row("one"), be_error("ERROR", "57014", "cancelled"),
                     be_ready('I')));
    story_passes(p, fe_query(STORY_READ),
                 SAY(story_rows(), be_error("ERROR", "40001", "at commit"), be_ready('I')));
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 0);
    story_passes(p, fe_query(STORY_READ), story_reply());
    story_hits(p, fe_query(STORY_READ), story_reply());
}
