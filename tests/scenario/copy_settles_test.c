// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* After a COPY, done or failed, the session is what it was before: its next read is remembered. */
STORY(copy_settles)
{
    struct pair *p = world_login_known(w);
    const struct pgr_bytes ends[] = {fe_copy_done(), fe_copy_fail("no more")};
    const struct pgr_bytes answers[] = {be_complete("COPY 1"),
                                        be_error("ERROR", "57014", "COPY failed: no more")};
    for (size_t i = 0; i < 2; i++) {
        story_passes(p, fe_query("COPY t FROM STDIN"), be_copy_in());
        story_passes(p, SAY(fe_copy_data("1\tone\n"), ends[i]), SAY(answers[i], be_ready('I')));
        story_passes(p, fe_query(STORY_READ), story_reply());
        story_hits(p, fe_query(STORY_READ), story_reply());
    }
    /* the server ends it, and ignores what the client still says */
    story_passes(p, fe_query("COPY t FROM STDIN"), be_copy_in());
    struct pgr_bytes error = SAY(be_error("ERROR", "22P02", "bad input"), be_ready('I'));
    story_passes(p, fe_copy_data("x\n"), error);
    SAYS(&p->client, fe_copy_data("y\n"), fe_copy_done());
    SEES(&p->server, fe_copy_data("y\n"), fe_copy_done());
    story_passes(p, fe_sync(), be_ready('I'));
    story_passes(p, fe_query(STORY_READ), story_reply());
    story_hits(p, fe_query(STORY_READ), story_reply());
    assert_int_equal(world_count(w, PGR_COUNTER_protocol_surprises), 0);
}
