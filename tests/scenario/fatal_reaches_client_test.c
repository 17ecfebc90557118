// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The last words of a backend are the client's: unasked, amid an answer, or to our own probe. */
STORY(fatal_reaches_client)
{
    struct pgr_bytes fatal = be_error("FATAL", "57P01", "terminating connection");
    for (int i = 0; i < 3; i++) {
        struct pair *p = i == 2 ? world_login(w) : world_login_known(w);
        if (i > 0)
            SAYS(&p->client, fe_query(STORY_READ));
        if (i == 1) {
            SEES(&p->server, fe_query(STORY_READ));
            SAYS(&p->server, be_columns("v"));
            SEES(&p->client, be_columns("v"));
        } else if (i == 2) {
            for (int m = 0; m < 5; m++) /* the probe */
                (void)TAKES(&p->server);
        }
        SAYS(&p->server, fatal);
        peer_closes(&p->server);
        SEES(&p->client, fatal);
        SEES_END(&p->client);
    }
}
