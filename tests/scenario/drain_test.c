// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A drained session ends as soon as it is idle outside a transaction, and is told why. */
STORY(drain)
{
    struct pair *idle = world_login_known(w);
    struct pair *busy = world_login_known(w);
    story_passes(busy, fe_query("BEGIN"), SAY(be_complete("BEGIN"), be_ready('T')));
    struct pair *asking = world_login_known(w);
    SAYS(&asking->client, fe_query("SELECT v FROM u"));
    SEES(&asking->server, fe_query("SELECT v FROM u"));
    struct pair *new_one = world_connect(w);
    world_turns(w);
    pgr_session_each(w->env, pgr_session_drain);

    struct pgr_bytes bye =
        be_error("FATAL", "57P01", "terminating connection due to administrator command");
    SEES(&idle->client, bye);
    SEES_END(&idle->client);
    SEES(&idle->server, fe_terminate());
    SEES_END(&idle->server);
    SEES(&new_one->client, bye);
    SEES_END(&new_one->client);

    SAYS(&asking->server, story_reply());
    SEES(&asking->client, story_reply(), bye);
    SEES_END(&asking->client);

    story_passes(busy, fe_query("SELECT v FROM t"), SAY(story_rows(), be_ready('T')));
    SAYS(&busy->client, fe_query("COMMIT"));
    SEES(&busy->server, fe_query("COMMIT"));
    SAYS(&busy->server, be_complete("COMMIT"), be_ready('I'));
    SEES(&busy->client, be_complete("COMMIT"), be_ready('I'), bye);
    SEES_END(&busy->client);
}
