// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* An authority that answers later: the look-up, then the token, and only then the query goes out. What
 * the client sends meanwhile waits its turn. */
STORY(later_read)
{
    struct pair *p = world_login_known(w);
    w->authority.later = FAKE_GET | FAKE_TAKE;
    SAYS(&p->client, fe_query(STORY_READ), fe_query("SELECT v FROM u"));
    SEES_NOTHING(&p->server);
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_ALL), 1);
    fake_authority_answer(&w->authority, FAKE_GET); /* a miss */
    SEES_NOTHING(&p->server);
    fake_authority_answer(&w->authority, FAKE_TAKE);
    SEES(&p->server, fe_query(STORY_READ));
    world_turns(w);
    /* the second one is behind it: it is not looked up, but may be remembered */
    assert_int_equal(fake_authority_waiting(&w->authority, FAKE_GET), 0);
    fake_authority_answer(&w->authority, FAKE_TAKE);
    SEES(&p->server, fe_query("SELECT v FROM u"));
    SAYS(&p->server, story_reply(), story_reply());
    SEES(&p->client, story_reply(), story_reply());

    w->authority.later = FAKE_GET;
    SAYS(&p->client, fe_query(STORY_READ), fe_query("SELECT nothing FROM u"));
    SEES_NOTHING(&p->client);
    fake_authority_answer(&w->authority, FAKE_GET);
    SEES(&p->client, story_reply()); /* a hit, and the next one is looked up */
    SEES_NOTHING(&p->server);
    fake_authority_answer(&w->authority, FAKE_GET);
    SEES(&p->server, fe_query("SELECT nothing FROM u"));
}
