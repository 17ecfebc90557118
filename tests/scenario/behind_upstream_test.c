// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Requests that arrive while PostgreSQL still owes an answer go there too, hit or not, in their order. */
STORY(behind_upstream)
{
    struct pair *p = world_login_known(w);
    story_passes(p, fe_query(STORY_READ), story_reply());
    SAYS(&p->client, fe_query("SELECT v FROM u"));
    SEES(&p->server, fe_query("SELECT v FROM u"));
    SAYS(&p->client, fe_query(STORY_READ));
    SEES(&p->server, fe_query(STORY_READ));
    SEES_NOTHING(&p->client);
    struct pgr_bytes first =
        SAY(be_columns("v"), be_row("other"), be_complete("SELECT 1"), be_ready('I'));
    SAYS(&p->server, first, story_reply());
    SEES(&p->client, first, story_reply());
    story_hits(p, fe_query(STORY_READ), story_reply());
}
