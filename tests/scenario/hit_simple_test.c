// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The second time PostgreSQL sees nothing, and the client sees the same bytes. */
STORY(hit_simple)
{
    struct pgr_bytes answer =
        SAY(be_columns("v"), be_row("one"), be_row("two"), be_complete("SELECT 2"), be_ready('I'));
    struct pair *p = world_login(w);
    SAYS(&p->client, fe_query("SELECT v FROM t WHERE id = 1"));
    world_answer_probe(p);
    SEES(&p->server, fe_query("SELECT v FROM t WHERE id = 1"));
    SAYS(&p->server, answer);
    SEES(&p->client, answer);
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 1);

    SAYS(&p->client, fe_query("  SELECT v FROM t WHERE id = 1 ; "));
    SEES(&p->client, answer);
    SEES_NOTHING(&p->server);

    /* another session of the same user and settings hits as well */
    struct pair *other = world_login_known(w);
    SAYS(&other->client, fe_query("SELECT v FROM t WHERE id = 1"));
    SEES(&other->client, answer);
    SEES_NOTHING(&other->server);
    assert_int_equal(world_count(w, PGR_COUNTER_probes), 2);
}
