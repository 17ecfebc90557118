// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A writer that is lost before its outcome is known keeps its tables in flight until its backend is gone. */
STORY(lost_writer)
{
    struct pair *reader = world_login_known(w);
    struct pair *writer = world_login_known(w);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    SAYS(&writer->client, fe_query("DELETE FROM t"));
    SEES(&writer->server, fe_query("DELETE FROM t"));
    peer_closes(&writer->client);
    world_turns(w);
    assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), 1);
    assert_int_equal(fake_database_awaited(world_database(w), FAKE_PID), 1);
    for (int i = 0; i < 2; i++)
        story_passes(reader, fe_query(STORY_READ), story_reply());
    fake_database_answer(world_database(w), FAKE_PID);
    world_turns(w);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());
}
