// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* BEGIN|Sync, bad|Sync, hit|Sync at once: the hit is PostgreSQL's to refuse (25P02). */
STORY(failed_pipeline)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes hit =
        SAY(fe_parse("", STORY_READ), fe_bind("", ""), fe_execute("", 0), fe_sync());
    struct pgr_bytes rows = SAY(be_parsed(), be_bound(), be_row("one"), be_complete("SELECT 1"));
    story_passes(p, hit, SAY(rows, be_ready('I')));
    story_hits(p, hit, SAY(rows, be_ready('I')));

    struct pgr_bytes begin =
        SAY(fe_parse("", "BEGIN"), fe_bind("", ""), fe_execute("", 0), fe_sync());
    struct pgr_bytes bad =
        SAY(fe_parse("", "SELEKT"), fe_bind("", ""), fe_execute("", 0), fe_sync());
    SAYS(&p->client, begin, bad, hit);
    SEES(&p->server, begin, bad, hit);
    struct pgr_bytes answers =
        SAY(be_parsed(), be_bound(), be_complete("BEGIN"), be_ready('T'),
            be_error("ERROR", "42601", "syntax error"), be_ready('E'),
            be_error("ERROR", "25P02", "current transaction is aborted"), be_ready('E'));
    SAYS(&p->server, answers);
    SEES(&p->client, answers);

    /* and as long as the transaction is failed */
    struct pgr_bytes refused =
        SAY(be_error("ERROR", "25P02", "current transaction is aborted"), be_ready('E'));
    story_passes(p, hit, refused);
    story_passes(p, fe_query("ROLLBACK"), SAY(be_complete("ROLLBACK"), be_ready('I')));
    /* what could not be parsed may have changed anything */
    story_passes(p, hit, SAY(rows, be_ready('I')));
    world_reloads(w);
    SAYS(&p->client, hit);
    world_answer_probe(p);
    SEES(&p->server, hit);
    SAYS(&p->server, rows, be_ready('I'));
    SEES(&p->client, rows, be_ready('I'));
    story_hits(p, hit, SAY(rows, be_ready('I')));
}
