// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* A client that names a setting so that it would break out of the probe's quotes gets no cache. */
STORY(probe_injection)
{
    struct pair *p = world_login_known(w);
    struct pgr_bytes refused =
        SAY(be_error("ERROR", "22023", "invalid configuration parameter name"), be_ready('I'));
    story_passes(p, fe_query("SET \"a\".\"b\\', true), 'mallory' --\" = 1"), refused);
    story_passes(
        p, fe_query("SET standard_conforming_strings = off"),
        SAY(be_parameter("standard_conforming_strings", "off"), be_complete("SET"), be_ready('I')));
    SAYS(&p->client, fe_query(STORY_READ));
    struct pgr_bytes next = TAKES(&p->server);
    assert_null(memmem(next.at, next.len, "mallory", 7));
}
