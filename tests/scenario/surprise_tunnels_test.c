// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* An answer that nobody asked for: from then on bytes only pass, and everything the session may write is in
 * flight until its backend is gone. */
STORY(surprise_tunnels)
{
    struct pair *reader = world_login_known(w);
    struct pair *p = world_login_known(w);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    SAYS(&p->server, be_row("unasked"));
    SEES(&p->client, be_row("unasked"));
    assert_int_equal(world_count(w, PGR_COUNTER_protocol_surprises), 1);
    for (int i = 0; i < 2; i++)
        story_passes(reader, fe_query(STORY_READ), story_reply());
    story_passes(p, PGR_BYTES_LIT("anything"), PGR_BYTES_LIT("at all"));
    SAYS(&p->client, fe_terminate());
    SEES(&p->server, fe_terminate());
    peer_closes(&p->server);
    SEES_END(&p->client);
    world_turns(w);
    story_passes(reader, fe_query(STORY_READ), story_reply());
    fake_database_answer(world_database(w), FAKE_PID);
    world_turns(w);
    world_reloads(w); /* it may have changed definitions, too */
    SAYS(&reader->client, fe_query(STORY_READ));
    world_answer_probe(reader); /* new definitions may have given its names another meaning */
    SEES(&reader->server, fe_query(STORY_READ));
    SAYS(&reader->server, story_reply());
    SEES(&reader->client, story_reply());
    story_hits(reader, fe_query(STORY_READ), story_reply());
}
