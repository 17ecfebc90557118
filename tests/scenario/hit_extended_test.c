// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A unit that brings its unnamed Parse along is answered here; PostgreSQL has then not seen that Parse,
 * and gets it before the Bind that needs it. */
STORY(hit_extended)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes parse = fe_parse("", "SELECT v FROM t WHERE id = $1");
    struct pgr_bytes one = fe_bind_value("", "", PGR_BYTES_LIT("1"));
    struct pgr_bytes unit = SAY(parse, one, fe_describe('P', ""), fe_execute("", 0), fe_sync());
    struct pgr_bytes reply = SAY(be_parsed(), be_bound(), story_reply());
    story_passes(p, unit, reply);
    story_hits(p, unit, reply);

    /* without Describe, no RowDescription */
    struct pgr_bytes bare = SAY(one, fe_execute("", 0), fe_sync());
    struct pgr_bytes rows = SAY(be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    story_hits(p, bare, SAY(be_bound(), rows));

    /* another value: the Parse goes first, its answer is ours */
    struct pgr_bytes two =
        SAY(fe_bind_value("", "", PGR_BYTES_LIT("2")), fe_execute("", 0), fe_sync());
    SAYS(&p->client, two);
    SEES(&p->server, parse, two);
    SAYS(&p->server, be_parsed(), be_bound(), rows);
    SEES(&p->client, be_bound(), rows);
    story_hits(p, two, SAY(be_bound(), rows));
    story_passes(p, SAY(fe_bind_value("", "", PGR_BYTES_LIT("3")), fe_execute("", 0), fe_sync()),
                 SAY(be_bound(), rows));
    assert_int_equal(world_count(w, PGR_COUNTER_protocol_surprises), 0);
}
