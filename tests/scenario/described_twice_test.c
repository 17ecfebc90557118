// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A portal that is described twice has one RowDescription in what is remembered, or nothing is. */
STORY(described_twice)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes parse = fe_parse("", STORY_READ);
    struct pgr_bytes describe = fe_describe('P', "");
    struct pgr_bytes start = SAY(be_parsed(), be_bound(), be_columns("v"));
    struct pgr_bytes rows = SAY(be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    struct pgr_bytes unit = SAY(parse, fe_bind("", ""), describe, fe_execute("", 0), fe_sync());
    story_passes(p, SAY(parse, fe_bind("", ""), describe, describe, fe_execute("", 0), fe_sync()),
                 SAY(start, be_columns("v"), rows));
    SAYS(&p->client, unit);
    world_turns(w);
    if (world_count(w, PGR_COUNTER_stores) == 0) {
        SEES(&p->server, unit);
        SAYS(&p->server, start, rows);
    }
    SEES(&p->client, start, rows);
    SEES_NOTHING(&p->client);
    story_hits(p, unit, SAY(start, rows));
}
