// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Without a side connection nothing is judged and nothing is remembered; everything passes. */
STORY(no_service_connection)
{
    w->databases.is_without_service = true;
    struct pair *p = world_login(w);
    for (int i = 0; i < 2; i++) {
        story_passes(p, fe_query(STORY_READ), story_reply());
        story_passes(p, fe_query("INSERT INTO t VALUES (1, 'x')"),
                     SAY(be_complete("INSERT 0 1"), be_ready('I')));
    }
    assert_int_equal(world_count(w, PGR_COUNTER_probes), 0);
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 0);
}
