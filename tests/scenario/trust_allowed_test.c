// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* … unless the operator says that this is meant. */
STORY_WITH(trust_allowed, "proxy.allow_trust=on", NULL)
{
    story_set_local(0);
    struct pair *p = world_connect(w);
    SAYS(&p->client, fe_startup("alice", "db"));
    world_accept(p);
    SEES(&p->server, fe_startup("alice", "db"));
    SAYS(&p->server, be_auth(0), be_ready('I'));
    SEES(&p->client, be_auth(0), be_ready('I'));
    story_set_local(1);
}
