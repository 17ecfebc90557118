// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* However the bytes are cut, the conversation is the same. */
STORY(byte_by_byte)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes unit = SAY(fe_parse("", STORY_READ), fe_bind("", ""), fe_describe('P', ""),
                                fe_execute("", 0), fe_sync());
    struct pgr_bytes reply = SAY(be_parsed(), be_bound(), story_reply());
    for (size_t i = 0; i < unit.len; i++) {
        SAYS(&p->client, PGR_BYTES(unit.at + i, 1));
        pgr_loop_turn(w->loop);
    }
    SEES(&p->server, unit);
    for (size_t i = 0; i < reply.len; i++) {
        SAYS(&p->server, PGR_BYTES(reply.at + i, 1));
        pgr_loop_turn(w->loop);
    }
    SEES(&p->client, reply);
    for (size_t i = 0; i < unit.len; i++) {
        SAYS(&p->client, PGR_BYTES(unit.at + i, 1));
        pgr_loop_turn(w->loop);
    }
    SEES(&p->client, reply);
    SEES_NOTHING(&p->server);
}
