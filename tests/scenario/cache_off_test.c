// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Switched off, it is a plain proxy. */
STORY_WITH(cache_off, "cache.enabled=off", NULL)
{
    struct pair *p = world_login(w);
    for (int i = 0; i < 2; i++)
        story_passes(p, fe_query(STORY_READ), story_reply());
    struct pgr_bytes unit =
        SAY(fe_parse("", STORY_READ), fe_bind("", ""), fe_execute("", 0), fe_sync());
    struct pgr_bytes rows =
        SAY(be_parsed(), be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    for (int i = 0; i < 2; i++)
        story_passes(p, unit, rows);
    assert_int_equal(world_count(w, PGR_COUNTER_probes), 0);
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 0);
}
