// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A client that does not read stops its server: what is in between is bounded, and nothing is lost. */
STORY(backpressure_client)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes start = be_columns("v");
    struct pgr_bytes row = be_row_of(say_filling((size_t)40 << 20));
    struct pgr_bytes rest = SAY(be_complete("SELECT 1"), be_ready('I'));
    SAYS(&p->client, fe_query(STORY_READ));
    SEES(&p->server, fe_query(STORY_READ));
    SAYS(&p->server, start);
    size_t taken = peer_pushes(&p->server, row);
    assert_true(taken < (size_t)4 << 20);
    SAYS(&p->server, PGR_BYTES(row.at + taken, row.len - taken), rest); /* while it reads */
    SEES(&p->client, start, row, rest);
}
