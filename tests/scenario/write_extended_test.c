// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* In the extended protocol the write is committed by Sync: in flight from there to ReadyForQuery. */
STORY(write_extended)
{
    struct pair *reader = world_login_known(w);
    struct pair *writer = world_login_known(w);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_passes(writer,
                 SAY(fe_parse("", "INSERT INTO t VALUES (1, 'new')"), fe_bind("", ""),
                     fe_execute("", 0), fe_flush()),
                 SAY(be_parsed(), be_bound(), be_complete("INSERT 0 1")));
    /* the writer itself is not answered here any more (G3) */
    story_hits(reader, fe_query(STORY_READ), story_reply());
    SAYS(&writer->client, fe_sync());
    SEES(&writer->server, fe_sync());
    story_passes(reader, fe_query(STORY_READ), story_reply());
    SAYS(&writer->server, be_ready('I'));
    SEES(&writer->client, be_ready('I'));
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());
}
