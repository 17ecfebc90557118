// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A long text is analysed by another thread: what is behind it waits, and a client that goes meanwhile is
 * not missed. */
STORY(analysed_elsewhere)
{
    char text[8000] = STORY_READ;
    memset(text + strlen(text), ' ', 6000);
    (void)strcpy(text + 6000, "OR id = 2");
    struct pair *p = world_login_known(w);
    SAYS(&p->client, fe_query(text), fe_query(STORY_READ));
    SEES(&p->server, fe_query(text), fe_query(STORY_READ));
    SAYS(&p->server, story_reply(), story_reply());
    SEES(&p->client, story_reply(), story_reply());

    text[6008] = '3';
    SAYS(&p->client, fe_query(text));
    for (int i = 0; i < 3; i++)
        pgr_loop_turn(w->loop);
    peer_closes(&p->client);
    world_turns(w);
    peer_closes(&p->server);
    struct pair *next = world_login_known(w);
    story_hits(next, fe_query(STORY_READ), story_reply());
}
