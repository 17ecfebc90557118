// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* What is held goes out as soon as the unit can no longer be answered here: at a Flush, a second
 * Bind, a row limit, a Describe of the statement. Then everything after it does, too. */
STORY(held_released)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes parse = fe_parse("", "SELECT v FROM t WHERE id = $1");
    struct pgr_bytes bind = fe_bind_value("", "", PGR_BYTES_LIT("1"));
    struct pgr_bytes execute = fe_execute("", 0);
    story_passes(
        p, SAY(parse, bind, execute, fe_sync()),
        SAY(be_parsed(), be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I')));
    const struct pgr_bytes breakers[] = {fe_flush(), bind, fe_execute("", 5), fe_describe('S', ""),
                                         fe_close('P', "")};
    for (size_t i = 0; i < PGR_ARRAY_LEN(breakers); i++) {
        SAYS(&p->client, parse, bind);
        SEES_NOTHING(&p->server);
        SEES_NOTHING(&p->client);
        SAYS(&p->client, breakers[i]);
        SEES(&p->server, parse, bind, breakers[i]);
        SAYS(&p->client, execute);
        SEES(&p->server, execute);
        SAYS(&p->client, fe_sync());
        SEES(&p->server, fe_sync());
        struct pgr_bytes error = SAY(be_error("ERROR", "57014", "enough"), be_ready('I'));
        SAYS(&p->server, error);
        SEES(&p->client, error);
    }
    story_hits(p, SAY(parse, bind, execute, fe_sync()),
               SAY(be_parsed(), be_bound(), be_row("one"), be_complete("SELECT 1"), be_ready('I')));
}
