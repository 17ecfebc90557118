// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* After an ErrorResponse nothing is answered here until Sync: PostgreSQL would skip it. */
STORY(error_before_sync)
{
    struct pair *p = world_login_known(w);
    story_passes(p, fe_query(STORY_READ), story_reply());
    struct pgr_bytes error = be_error("ERROR", "42601", "syntax error");
    story_passes(p, SAY(fe_parse("", "SELEKT"), fe_flush()), error);
    SAYS(&p->client, fe_query(STORY_READ));
    SEES(&p->server, fe_query(STORY_READ)); /* skipped there */
    SEES_NOTHING(&p->client);
    story_passes(p, fe_sync(), be_ready('I'));
    story_hits(p, fe_query(STORY_READ), story_reply());
}
