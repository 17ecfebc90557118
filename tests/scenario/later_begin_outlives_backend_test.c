// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The backend is known to be gone before the begin of its last write is acknowledged: the end follows the
 * begin, not the other way round. */
STORY(later_begin_outlives_backend)
{
    struct pair *p = world_login_known(w);
    w->authority.later = FAKE_BEGIN;
    SAYS(&p->client, fe_query("INSERT INTO t VALUES (1, 'new')"));
    world_turns(w);
    peer_closes(&p->server);
    world_turns(w);
    fake_database_answer(world_database(w), FAKE_PID);
    world_turns(w);
    assert_int_equal(w->authority.asked[FAKE_END], 0);
    fake_authority_answer(&w->authority, FAKE_BEGIN);
    world_turns(w);
    assert_int_equal(w->authority.asked[FAKE_END], 1);
    assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), 1);
}
