// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A session that is not fit for the cache passes through, and is not asked again for each query. */
STORY(refused_session_passes)
{
    static const struct fake_answer pooler = {"pg_backend_pid()", "12"};
    struct pair *p = world_login(w);
    world_database(w)->conf_epoch = 7;
    SAYS(&p->client, fe_query(STORY_READ));
    world_answer_probe_with(p, &pooler, 1);
    SEES(&p->server, fe_query(STORY_READ));
    SAYS(&p->server, story_reply());
    SEES(&p->client, story_reply());
    for (int i = 0; i < 3; i++)
        story_passes(p, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_probes), 1);

    /* a probe that fails is not repeated for each query either */
    struct pair *failing = world_login(w);
    SAYS(&failing->client, fe_query(STORY_READ));
    for (int i = 0; i < 5; i++)
        (void)TAKES(&failing->server);
    SAYS(&failing->server, be_error("ERROR", "42501", "permission denied"), be_ready('I'));
    SEES(&failing->server, fe_query(STORY_READ));
    SAYS(&failing->server, story_reply());
    SEES(&failing->client, story_reply());
    story_passes(failing, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_probes), 2);
    assert_int_equal(world_count(w, PGR_COUNTER_stores), 0);
}
