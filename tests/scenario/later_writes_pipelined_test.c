// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Writes in a row: each message waits for its own begin, whatever else is answered meanwhile. */
STORY(later_writes_pipelined)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes into_t = fe_query("INSERT INTO t VALUES (1, 'new')");
    struct pgr_bytes into_u = fe_query("INSERT INTO u VALUES (1, 'new')");
    struct pgr_bytes done = SAY(be_complete("INSERT 0 1"), be_ready('I'));
    w->authority.later = FAKE_BEGIN | FAKE_END;
    SAYS(&p->client, into_t, into_u, into_t);
    world_turns(w);
    fake_authority_answer(&w->authority, FAKE_BEGIN);
    SEES(&p->server, into_t);
    SEES_NOTHING(&p->server); /* the second begin is not acknowledged */
    SAYS(&p->server, done);
    SEES(&p->client, be_complete("INSERT 0 1"));
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_BEGIN), 1);
    fake_authority_answer(&w->authority, FAKE_END); /* of the first: it wakes the session */
    SEES(&p->client, be_ready('I'));
    SEES_NOTHING(&p->server);
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_BEGIN), 1);
    fake_authority_answer(&w->authority, FAKE_BEGIN);
    SEES(&p->server, into_u);
    SEES_NOTHING(&p->server);
    fake_authority_answer(&w->authority, FAKE_BEGIN);
    SEES(&p->server, into_t);
    SAYS(&p->server, done, done);
    for (int i = 0; i < 2; i++) {
        SEES(&p->client, be_complete("INSERT 0 1"));
        SEES_NOTHING(&p->client);
        fake_authority_answer(&w->authority, FAKE_END);
        SEES(&p->client, be_ready('I'));
    }
    assert_int_equal(w->authority.asked[FAKE_BEGIN], 3);
    assert_int_equal(w->authority.asked[FAKE_END], 3);
}
