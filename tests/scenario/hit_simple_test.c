// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The second time PostgreSQL sees nothing, and the client sees the same bytes. */
STORY(hit_simple)
{
    struct pair *p = world_login_known(w);
    story_passes(p, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 1);
    story_hits(p, fe_query(STORY_READ), story_reply());
    story_hits(p, fe_query("/* trace 17 */  " STORY_READ " ; "), story_reply());

    /* another session of the same user and settings hits as well */
    struct pair *other = world_login_known(w);
    story_hits(other, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_probes), 2);

    /* what is inside the text counts, and so does who asks */
    story_passes(p, fe_query("SELECT v FROM t WHERE id = 2"), story_reply());
    static const struct fake_answer bob = {" session_user", "bob"};
    struct pair *stranger = world_login(w);
    SAYS(&stranger->client, fe_query(STORY_READ));
    world_answer_probe_with(stranger, &bob, 1);
    SEES(&stranger->server, fe_query(STORY_READ));
}
