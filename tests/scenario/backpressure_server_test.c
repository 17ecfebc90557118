// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A server that does not read stops its client. */
STORY(backpressure_server)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes data = say('d', "b", say_filling((size_t)40 << 20));
    SAYS(&p->client, fe_query("COPY t FROM STDIN"));
    SEES(&p->server, fe_query("COPY t FROM STDIN"));
    SAYS(&p->server, be_copy_in());
    SEES(&p->client, be_copy_in());
    size_t taken = peer_pushes(&p->client, data);
    assert_true(taken < (size_t)4 << 20);
    SAYS(&p->client, PGR_BYTES(data.at + taken, data.len - taken), fe_copy_done());
    SEES(&p->server, data, fe_copy_done());
    SAYS(&p->server, be_complete("COPY 1"), be_ready('I'));
    SEES(&p->client, be_complete("COPY 1"), be_ready('I'));
}
