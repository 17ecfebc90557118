// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* PostgreSQL admits without a proof because it sees our address; a client from elsewhere is refused. */
STORY(trust_refused)
{
    story_set_local(0);
    struct pair *p = world_connect(w);
    SAYS(&p->client, fe_startup("alice", "db"));
    world_accept(p);
    SEES(&p->server, fe_startup("alice", "db"));
    SAYS(&p->server, be_auth(0), be_key(FAKE_PID, 1), be_ready('I'));
    struct pgr_bytes refusal = TAKES(&p->client);
    assert_int_equal(refusal.at[0], 'E');
    assert_non_null(memmem(refusal.at, refusal.len, "C28000", 7));
    SEES_END(&p->client);
    SEES_END(&p->server);
    assert_int_equal(world_count(w, PGR_COUNTER_sessions_refused), 1);

    /* after a challenge it is the client that proved itself */
    struct pair *proven = world_connect(w);
    SAYS(&proven->client, fe_startup("alice", "db"));
    world_accept(proven);
    SEES(&proven->server, fe_startup("alice", "db"));
    SAYS(&proven->server, be_auth(3));
    SEES(&proven->client, be_auth(3));
    SAYS(&proven->client, say('p', "s", "secret"));
    SEES(&proven->server, say('p', "s", "secret"));
    SAYS(&proven->server, be_auth(0), be_ready('I'));
    SEES(&proven->client, be_auth(0), be_ready('I'));
    story_set_local(1);
}
