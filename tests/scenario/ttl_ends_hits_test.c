// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* An answer is given as long as its TTL says, counted from before its query was sent. */
STORY(ttl_ends_hits)
{
    struct pair *p = world_login_known(w);
    SAYS(&p->client, fe_query(STORY_READ));
    SEES(&p->server, fe_query(STORY_READ));
    world_advance(w, 4000000); /* PostgreSQL takes its time */
    SAYS(&p->server, story_reply());
    SEES(&p->client, story_reply());
    world_advance(w, 5999999);
    story_hits(p, fe_query(STORY_READ), story_reply());
    world_advance(w, 1);
    story_passes(p, fe_query(STORY_READ), story_reply());
}
