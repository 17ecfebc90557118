// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A session whose question is being looked up is not idle: it is answered first. */
STORY(drain_waits_for_hit)
{
    struct pair *p = world_login_known(w);
    story_passes(p, fe_query(STORY_READ), story_reply());
    w->authority.later = FAKE_GET;
    SAYS(&p->client, fe_query(STORY_READ));
    world_turns(w);
    pgr_session_each(w->env, pgr_session_drain);
    SEES_NOTHING(&p->client);
    fake_authority_answer(&w->authority, FAKE_GET);
    SEES(&p->client, story_reply(),
         be_error("FATAL", "57P01", "terminating connection due to administrator command"));
    SEES_END(&p->client);
}
