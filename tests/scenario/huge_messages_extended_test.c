// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Huge Parse and Bind messages, byte for byte, and the pipeline stays in step. */
STORY(huge_messages_extended)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes text = SAY(say_filling((size_t)2 << 20), PGR_BYTES("", 1));
    struct pgr_bytes unit =
        SAY(say('P', "sb2", "", text, 0u), fe_bind_value("", "", say_filling((size_t)3 << 20)),
            fe_execute("", 0), fe_sync());
    struct pgr_bytes answer =
        SAY(be_parsed(), be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    story_passes(p, SAY(unit, unit), SAY(answer, answer));
    assert_int_equal(world_count(w, PGR_COUNTER_protocol_surprises), 0);
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 0);
}
