// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The same for a unit: looked up at its Bind, and again at its Sync, since that is when it is answered. */
STORY(later_unit)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes parse = fe_parse("", STORY_READ);
    struct pgr_bytes rest = SAY(fe_execute("", 0), fe_sync());
    struct pgr_bytes reply =
        SAY(be_parsed(), be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I'));
    story_passes(p, SAY(parse, fe_bind("", ""), rest), reply);
    w->authority.later = FAKE_GET;
    SAYS(&p->client, parse, fe_bind("", ""), rest);
    world_turns(w);
    fake_authority_answer(&w->authority, FAKE_GET);
    SEES_NOTHING(&p->client);
    fake_authority_answer(&w->authority, FAKE_GET);
    SEES(&p->client, reply);
    SEES_NOTHING(&p->server);

    /* written between the two: the unit goes to PostgreSQL whole */
    struct pair *writer = world_login(w);
    SAYS(&p->client, parse, fe_bind("", ""), rest);
    world_turns(w);
    fake_authority_answer(&w->authority, FAKE_GET);
    w->authority.later = 0;
    SAYS(&writer->client, fe_query("DELETE FROM t"));
    world_answer_probe(writer);
    SEES(&writer->server, fe_query("DELETE FROM t"));
    fake_authority_answer(&w->authority, FAKE_GET);
    SEES(&p->server, parse, fe_bind("", ""), rest);
    SAYS(&p->server, reply);
    SEES(&p->client, reply);
}
