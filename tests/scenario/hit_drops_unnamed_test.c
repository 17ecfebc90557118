// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A simple Query destroys the unnamed statement: after a hit on one, PostgreSQL is made to forget it
 * before anything that could see it. */
STORY(hit_drops_unnamed)
{
    struct pair *p = world_login_known(w);
    story_passes(p, SAY(fe_parse("", "SELECT v FROM t"), fe_sync()),
                 SAY(be_parsed(), be_ready('I')));
    story_passes(p, fe_query(STORY_READ), story_reply());
    story_passes(p, SAY(fe_parse("", "SELECT id FROM t"), fe_sync()),
                 SAY(be_parsed(), be_ready('I')));
    story_hits(p, fe_query(STORY_READ), story_reply());

    struct pgr_bytes bind = SAY(fe_bind("", ""), fe_execute("", 0), fe_sync());
    struct pgr_bytes unknown =
        SAY(be_error("ERROR", "26000", "unnamed prepared statement does not exist"), be_ready('I'));
    SAYS(&p->client, bind);
    SEES(&p->server, fe_close('S', ""), bind);
    SAYS(&p->server, be_closed(), unknown);
    SEES(&p->client, unknown);

    /* once is enough */
    story_passes(p, bind, unknown);
}
