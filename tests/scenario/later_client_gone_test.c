// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The client goes while an answer is outstanding, of each kind: what comes later finds nothing to harm. */
STORY(later_client_gone)
{
    static const enum fake_ask kinds[] = {FAKE_GET, FAKE_GET, FAKE_TAKE, FAKE_BEGIN, FAKE_END};
    for (size_t i = 0; i < PGR_ARRAY_LEN(kinds); i++) {
        struct pair *p = world_login_known(w);
        bool is_hit = i == 0;
        bool is_read = kinds[i] == FAKE_GET || kinds[i] == FAKE_TAKE;
        if (is_hit)
            story_passes(p, fe_query(STORY_READ), story_reply());
        w->authority.later = kinds[i];
        struct pgr_bytes request = fe_query(is_hit    ? STORY_READ
                                            : is_read ? "SELECT v FROM u"
                                                      : "INSERT INTO u VALUES (1, 'new')");
        SAYS(&p->client, request);
        world_turns(w);
        if (kinds[i] == FAKE_END) {
            SEES(&p->server, request);
            SAYS(&p->server, be_complete("INSERT 0 1"), be_ready('I'));
            SEES(&p->client, be_complete("INSERT 0 1"));
        }
        assert_int_equal(fake_authority_waiting(&w->authority, kinds[i]), 1);
        peer_closes(&p->client);
        world_turns(w);
        assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), i);
        fake_authority_answer(&w->authority, kinds[i]);
        world_turns(w);
        assert_int_equal(world_count(w, PGR_COUNTER_sessions_closed), i + 1);
        w->authority.later = 0;
        struct pgr_database *database = world_database(w);
        while (fake_database_awaited(database, FAKE_PID) > 0)
            fake_database_answer(database, FAKE_PID);
        world_turns(w);
        peer_closes(&p->server);
    }
}
