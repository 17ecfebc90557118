// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* SSLRequest and GSSENCRequest are answered N, each once, and the login goes on in plain text. */
STORY(ssl_declined)
{
    struct pgr_bytes ssl = say(0, "4", 80877103u);
    struct pgr_bytes gss = say(0, "4", 80877104u);
    struct pair *p = world_connect(w);
    SAYS(&p->client, gss);
    SEES(&p->client, PGR_BYTES_LIT("N"));
    SAYS(&p->client, ssl);
    SEES(&p->client, PGR_BYTES_LIT("N"));
    SAYS(&p->client, fe_startup("alice", "db"));
    world_accept(p);
    SEES(&p->server, fe_startup("alice", "db"));

    struct pair *twice = world_connect(w);
    SAYS(&twice->client, ssl);
    SEES(&twice->client, PGR_BYTES_LIT("N"));
    SAYS(&twice->client, ssl);
    assert_int_equal(TAKES(&twice->client).at[0], 'E');
    SEES_END(&twice->client);
}
