// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* The same where we did not keep the statement ourselves: it was too long to be held. */
STORY(hit_drops_unseen_unnamed)
{
    struct pair *p = world_login_known(w);
    story_passes(p, fe_query(STORY_READ), story_reply());
    struct pgr_bytes text =
        SAY(PGR_BYTES_LIT("SELECT v FROM t -- "), say_filling((size_t)1 << 20), PGR_BYTES("", 1));
    story_passes(p, SAY(say('P', "sb2", "", text, 0u), fe_sync()), SAY(be_parsed(), be_ready('I')));
    story_hits(p, fe_query(STORY_READ), story_reply());
    SAYS(&p->client, fe_bind("", ""), fe_sync());
    SEES(&p->server, fe_close('S', ""), fe_bind("", ""), fe_sync());
}
