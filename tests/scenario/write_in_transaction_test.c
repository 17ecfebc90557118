// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* What a transaction writes is in flight from its COMMIT on, not while it lasts; it reads its own. */
STORY(write_in_transaction)
{
    struct pair *reader = world_login_known(w);
    struct pair *writer = world_login_known(w);
    struct pgr_bytes done = SAY(be_complete("DONE"), be_ready('T'));
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_passes(writer, fe_query("BEGIN"), done);
    story_passes(writer, fe_query("INSERT INTO t VALUES (1, 'new')"), done);
    story_hits(reader, fe_query(STORY_READ), story_reply());
    story_passes(writer, fe_query(STORY_READ), SAY(story_rows(), be_ready('T')));
    story_hits(reader, fe_query(STORY_READ), story_reply());

    SAYS(&writer->client, fe_query("COMMIT"));
    SEES(&writer->server, fe_query("COMMIT"));
    story_passes(reader, fe_query(STORY_READ), story_reply());
    SAYS(&writer->server, be_complete("COMMIT"), be_ready('I'));
    SEES(&writer->client, be_complete("COMMIT"), be_ready('I'));
    story_passes(reader, fe_query(STORY_READ), story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());
    story_hits(writer, fe_query(STORY_READ), story_reply());
}
