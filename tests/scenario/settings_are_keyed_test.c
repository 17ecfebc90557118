// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* SET changes what is looked up: the session asks its backend anew, and finds only what is its own. */
STORY(settings_are_keyed)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes done = SAY(be_complete("SET"), be_ready('I'));
    story_passes(p, fe_query(STORY_READ), story_reply());
    story_passes(p, fe_query("SET work_mem = '64MB'"), done); /* changes no answer */
    story_hits(p, fe_query(STORY_READ), story_reply());

    static const struct fake_answer rome = {"'TimeZone'", "Europe/Rome"};
    story_passes(p, fe_query("SET TimeZone = 'Europe/Rome'"), done);
    SAYS(&p->client, fe_query(STORY_READ));
    world_answer_probe_with(p, &rome, 1);
    SEES(&p->server, fe_query(STORY_READ));
    SAYS(&p->server, story_reply());
    SEES(&p->client, story_reply());
    story_hits(p, fe_query(STORY_READ), story_reply());

    story_passes(p, fe_query("RESET TimeZone"), SAY(be_complete("RESET"), be_ready('I')));
    SAYS(&p->client, fe_query(STORY_READ));
    world_answer_probe(p);
    SEES(&p->client, story_reply()); /* the first answer is found again */
    SEES_NOTHING(&p->server);
}
