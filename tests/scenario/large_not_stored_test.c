// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* An answer above max_entry streams through and is not remembered; one just below it is. */
STORY_WITH(large_not_stored, "cache.max_entry=256kB", NULL)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes too_large = SAY(be_columns("v"), be_row_of(say_filling(300000)),
                                     be_complete("SELECT 1"), be_ready('I'));
    for (int i = 0; i < 2; i++)
        story_passes(p, fe_query(STORY_READ), too_large);
    struct pgr_bytes large = SAY(be_columns("v"), be_row_of(say_filling(200000)),
                                 be_complete("SELECT 1"), be_ready('I'));
    story_passes(p, fe_query("SELECT v FROM t"), large);
    story_hits(p, fe_query("SELECT v FROM t"), large);
}
