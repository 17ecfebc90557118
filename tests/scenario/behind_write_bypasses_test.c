// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A read that was sent behind an unanswered write of its own session is nothing to remember. */
STORY(behind_write_bypasses)
{
    struct pair *p = world_login_known(w);
    SAYS(&p->client, fe_query("INSERT INTO u VALUES (1, 'x')"), fe_query(STORY_READ));
    SEES(&p->server, fe_query("INSERT INTO u VALUES (1, 'x')"), fe_query(STORY_READ));
    struct pgr_bytes answers = SAY(be_complete("INSERT 0 1"), be_ready('I'), story_reply());
    SAYS(&p->server, answers);
    SEES(&p->client, answers);
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 0);
}
