// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* What was looked up is of no use when the settings changed while it was looked up: and its answer must
 * not pass for that of another question, such as the begin of a write. */
STORY(later_settings_change)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes insert = fe_query("INSERT INTO t VALUES (1, 'new')");
    story_passes(p, fe_query(STORY_READ), story_reply());
    w->authority.later = FAKE_GET;
    SAYS(&p->client, insert);
    world_turns(w);
    world_database(w)->conf_epoch++; /* pg_reload_conf() */
    w->authority.later = FAKE_BEGIN;
    fake_authority_answer(&w->authority, FAKE_GET);
    world_answer_probe(p);
    SEES_NOTHING(&p->server);
    fake_authority_answer(&w->authority, FAKE_BEGIN);
    SEES(&p->server, insert);
    SAYS(&p->server, be_complete("INSERT 0 1"), be_ready('I'));
    SEES(&p->client, be_complete("INSERT 0 1"), be_ready('I'));

    /* a hit that came too late is asked for anew, under the settings learned */
    w->authority.later = 0;
    story_passes(p, fe_query(STORY_READ), story_reply());
    w->authority.later = FAKE_GET;
    SAYS(&p->client, fe_query(STORY_READ));
    world_turns(w);
    world_database(w)->conf_epoch++;
    w->authority.later = 0;
    fake_authority_answer(&w->authority, FAKE_GET);
    world_answer_probe(p);
    SEES(&p->client, story_reply());
    SEES_NOTHING(&p->server);
}
