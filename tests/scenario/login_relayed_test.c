// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* What the client says at first reaches PostgreSQL byte for byte, known to us or not. */
STORY(login_relayed)
{
    struct pgr_bytes startup =
        say(0, "4ssssssss1", 0x30002u, "user", "alice", "database", "db", "_pq_.some_option", "x",
            "options", "-c geqo=off --work_mem=1MB", 0u);
    struct pair *p = world_connect(w);
    SAYS(&p->client, startup);
    world_accept(p);
    SEES(&p->server, startup);

    struct pgr_bytes negotiation = say('v', "44s", 0x30000u, 1u, "_pq_.some_option");
    SAYS(&p->server, negotiation, say('R', "4b", 5u, PGR_BYTES_LIT("salt")));
    SEES(&p->client, negotiation, say('R', "4b", 5u, PGR_BYTES_LIT("salt")));
    SAYS(&p->client, say('p', "s", "md5of the password"));
    SEES(&p->server, say('p', "s", "md5of the password"));

    struct pgr_bytes granted = SAY(be_auth(0), be_parameter("in_hot_standby", "off"),
                                   be_notice("be welcome"), be_key(FAKE_PID, 7), be_ready('I'));
    SAYS(&p->server, granted);
    SEES(&p->client, granted);
    assert_int_equal(atomic_load(&w->clients), 1);

    SAYS(&p->client, fe_terminate());
    SEES(&p->server, fe_terminate());
    peer_closes(&p->server);
    SEES_END(&p->client);
    world_turns(w);
    assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), 1);
}
