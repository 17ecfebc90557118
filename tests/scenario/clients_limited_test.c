// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* One client too many is told so; a cancel request still passes. */
STORY_WITH(clients_limited, "proxy.max_clients=1", NULL)
{
    (void)world_login(w);
    struct pair *second = world_connect(w);
    SAYS(&second->client, fe_startup("alice", "db"));
    struct pgr_bytes refusal = TAKES(&second->client);
    assert_int_equal(refusal.at[0], 'E');
    assert_non_null(memmem(refusal.at, refusal.len, "C53300", 7));
    SEES_END(&second->client);
    assert_int_equal(world_count(w, PGR_COUNTER_sessions_refused), 1);

    struct pgr_bytes cancel = say(0, "444", 80877102u, (uint32_t)FAKE_PID, 99u);
    struct pair *third = world_connect(w);
    SAYS(&third->client, cancel);
    world_accept(third);
    SEES(&third->server, cancel);
    peer_closes(&third->server);
    SEES_END(&third->client);
    world_turns(w);
    assert_int_equal(atomic_load(&w->clients), 1);
}
