// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A CancelRequest goes to PostgreSQL as it is, on a connection of its own, and is not answered. */
STORY(cancel_relayed)
{
    struct pgr_bytes cancel = say(0, "444", 80877102u, (uint32_t)FAKE_PID, 99u);
    struct pair *p = world_connect(w);
    SAYS(&p->client, cancel);
    world_accept(p);
    SEES(&p->server, cancel);
    SEES_NOTHING(&p->client);
    peer_closes(&p->server); /* the signal was sent */
    SEES_END(&p->client);
    assert_int_equal(world_count(w, PGR_COUNTER_cancels), 1);
    assert_int_equal(atomic_load(&w->clients), 0);

    /* a client that does not wait for it changes nothing */
    struct pair *hasty = world_connect(w);
    SAYS(&hasty->client, cancel);
    world_accept(hasty);
    peer_closes(&hasty->client);
    world_turns(w);
    SEES(&hasty->server, cancel);
    peer_closes(&hasty->server);
    world_turns(w);
    assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), 2);
}
