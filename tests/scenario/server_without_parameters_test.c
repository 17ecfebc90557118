// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A server that says nothing of itself at login is asked all the same before anything is answered here. */
STORY(server_without_parameters)
{
    struct pair *p = world_connect(w);
    SAYS(&p->client, fe_startup("alice", "db"));
    world_accept(p);
    SEES(&p->server, fe_startup("alice", "db"));
    SAYS(&p->server, be_auth(0), be_key(FAKE_PID, 1), be_ready('I'));
    SEES(&p->client, be_auth(0), be_key(FAKE_PID, 1), be_ready('I'));
    SAYS(&p->client, fe_query(STORY_READ));
    world_answer_probe(p);
    SEES(&p->server, fe_query(STORY_READ));
}
