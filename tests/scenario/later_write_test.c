// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Nothing is sent before begin is acknowledged, and ReadyForQuery waits for the end. */
STORY(later_write)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes insert = fe_query("INSERT INTO t VALUES (1, 'new')");
    w->authority.later = FAKE_BEGIN | FAKE_END;
    SAYS(&p->client, insert);
    SEES_NOTHING(&p->server);
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_BEGIN), 1);
    fake_authority_answer(&w->authority, FAKE_BEGIN);
    SEES(&p->server, insert);
    SAYS(&p->server, be_notice("soon"), be_complete("INSERT 0 1"), be_ready('I'));
    SEES(&p->client, be_notice("soon"), be_complete("INSERT 0 1"));
    SEES_NOTHING(&p->client);
    SAYS(&p->server, be_notice("after it"));
    SEES_NOTHING(&p->client);
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_END), 1);
    fake_authority_answer(&w->authority, FAKE_END);
    SEES(&p->client, be_ready('I'), be_notice("after it"));
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_ALL), 0);
    assert_int_equal(w->authority.asked[FAKE_BEGIN], 1);
    assert_int_equal(w->authority.asked[FAKE_END], 1);
}
