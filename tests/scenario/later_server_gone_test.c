// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* PostgreSQL goes while its last ReadyForQuery waits for an end, or a query for its begin. */
STORY(later_server_gone)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pair *p = world_login_known(w);
        w->authority.later = i ? FAKE_END : FAKE_BEGIN;
        SAYS(&p->client, fe_query("INSERT INTO t VALUES (1, 'new')"));
        world_turns(w);
        if (i == 1) {
            SEES(&p->server, fe_query("INSERT INTO t VALUES (1, 'new')"));
            SAYS(&p->server, be_complete("INSERT 0 1"), be_ready('I'));
            SEES(&p->client, be_complete("INSERT 0 1"));
        }
        peer_closes(&p->server);
        world_turns(w);
        fake_authority_answer(&w->authority, FAKE_ALL);
        SEES_END(&p->client);
        world_turns(w);
        assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), i + 1);
        w->authority.later = 0;
    }
}
