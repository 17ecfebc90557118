// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A query longer than we hold streams through; it is a possible write to everything. */
STORY(huge_message)
{
    struct pair *reader = world_login_known(w);
    struct pair *p = world_login_known(w);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    struct pgr_bytes huge = say('Q', "b1", say_filling((size_t)5 << 20), 0u);
    SAYS(&p->client, huge);
    SEES(&p->server, huge);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    struct pgr_bytes error = SAY(be_error("ERROR", "42601", "syntax error"), be_ready('I'));
    SAYS(&p->server, error);
    SEES(&p->client, error);
    world_reloads(w);
    SAYS(&reader->client, fe_query(STORY_READ));
    world_answer_probe(reader); /* new definitions may have given its names another meaning */
    SEES(&reader->server, fe_query(STORY_READ));
    SAYS(&reader->server, story_reply());
    SEES(&reader->client, story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_protocol_surprises), 0);
}
