// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* From before a write is sent until its ReadyForQuery, no other session hits on what it may change. */
STORY(write_in_flight)
{
    struct pair *reader = world_login_known(w);
    struct pair *writer = world_login_known(w);
    struct pgr_bytes insert = fe_query("INSERT INTO t VALUES (1, 'new')");
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_passes(reader, fe_query("SELECT v FROM u"), story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());

    SAYS(&writer->client, insert);
    SEES(&writer->server, insert);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_hits(reader, fe_query("SELECT v FROM u"), story_reply()); /* another table */
    SAYS(&writer->server, be_complete("INSERT 0 1"));
    SEES(&writer->client, be_complete("INSERT 0 1"));
    story_passes(reader, fe_query(STORY_READ), story_reply()); /* not yet committed for certain */
    SAYS(&writer->server, be_ready('I'));
    SEES(&writer->client, be_ready('I'));

    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_writes_begun), 1);
}
