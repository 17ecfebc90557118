// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A PostgreSQL that cannot be reached is said to be so, in words that a client understands. */
STORY(upstream_unreachable)
{
    w->upstream.unix_path = "/nowhere/.s.PGSQL.5432";
    struct pair *p = world_connect(w);
    SAYS(&p->client, fe_startup("alice", "db"));
    struct pgr_bytes refusal = TAKES(&p->client);
    assert_non_null(memmem(refusal.at, refusal.len, "C57P03", 7));
    assert_non_null(memmem(refusal.at, refusal.len, "/nowhere/.s.PGSQL.5432", 22));
    SEES_END(&p->client);
}
