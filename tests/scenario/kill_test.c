// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A killed session ends at once, in whatever state it is. */
STORY(kill)
{
    struct pair *fresh = world_connect(w);
    struct pair *logging_in = world_connect(w);
    SAYS(&logging_in->client, fe_startup("alice", "db"));
    world_accept(logging_in);
    SEES(&logging_in->server, fe_startup("alice", "db"));
    struct pair *busy = world_login_known(w);
    SAYS(&busy->client, fe_query("INSERT INTO t VALUES (1, 'new')"));
    SEES(&busy->server, fe_query("INSERT INTO t VALUES (1, 'new')"));
    pgr_session_each(w->env, pgr_session_kill);
    struct pgr_bytes bye =
        be_error("FATAL", "57P01", "terminating connection due to administrator command");
    struct pair *const all[] = {fresh, logging_in, busy};
    for (size_t i = 0; i < PGR_ARRAY_LEN(all); i++) {
        SEES(&all[i]->client, bye);
        SEES_END(&all[i]->client);
    }
    SEES_END(&logging_in->server);
    SEES_END(&busy->server);
    assert_int_equal(fake_database_awaited(world_database(w), FAKE_PID), 1);
}
