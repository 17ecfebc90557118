// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A named statement, prepared in a unit of its own; what its hit does not change is the statement. */
STORY(hit_named)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes prepare =
        SAY(fe_parse("s1", "SELECT v FROM t WHERE id = $1"), fe_describe('S', "s1"), fe_sync());
    struct pgr_bytes run =
        SAY(fe_bind_value("", "s1", PGR_BYTES_LIT("1")), fe_execute("", 0), fe_sync());
    struct pgr_bytes rows = SAY(be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    story_passes(p, prepare,
                 SAY(be_parsed(), say('t', "24", 1u, 23u), be_columns("v"), be_ready('I')));
    story_passes(p, run, rows);
    story_hits(p, run, rows);

    /* closed: PostgreSQL itself says that it is no more */
    story_passes(p, SAY(fe_close('S', "s1"), fe_sync()), SAY(be_closed(), be_ready('I')));
    story_passes(p, run, SAY(be_error("ERROR", "26000", "no such statement"), be_ready('I')));
}
