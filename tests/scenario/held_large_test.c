// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A held Bind may fill the input buffer to its last byte: what follows is read all the same. */
STORY(held_large)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes parse = fe_parse("s1", "SELECT v FROM t WHERE v = $1");
    story_passes(p, SAY(parse, fe_sync()), SAY(be_parsed(), be_ready('I')));
    struct pgr_bytes rows = SAY(be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    for (size_t len = 65400; len < 200000; len += len < 65536 ? 1 : 33333) {
        struct pgr_bytes bind = fe_bind_value("", "s1", say_filling(len));
        struct pgr_bytes run = SAY(bind, fe_execute("", 0), fe_sync());
        story_passes(p, run, rows);
        SAYS(&p->client, bind); /* alone, so that it is all there is */
        world_turns(w);
        SAYS(&p->client, fe_execute("", 0), fe_sync());
        SEES(&p->client, rows);
        SEES_NOTHING(&p->server);
    }
}
