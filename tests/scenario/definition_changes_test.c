// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* After a change of definitions nothing hits until the catalog has been read again; the client need not
 * wait for that. */
STORY(definition_changes)
{
    struct pair *p = world_login_known(w);
    story_passes(p, fe_query(STORY_READ), story_reply());
    story_passes(p, fe_query("ALTER TABLE t ADD x int"),
                 SAY(be_complete("ALTER TABLE"), be_ready('I')));
    assert_int_equal(fake_database_awaited(world_database(w), 0), 1);
    for (int i = 0; i < 2; i++)
        story_passes(p, fe_query(STORY_READ), story_reply());
    world_reloads(w);
    SAYS(&p->client, fe_query(STORY_READ));
    world_answer_probe(p); /* DDL may have changed anything of the session, too */
    SEES(&p->server, fe_query(STORY_READ));
    SAYS(&p->server, story_reply());
    SEES(&p->client, story_reply());
    story_hits(p, fe_query(STORY_READ), story_reply());
}
