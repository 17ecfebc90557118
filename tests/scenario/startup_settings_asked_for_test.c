// SPDX-License-Identifier: PostgreSQL
#include "story.h"

/* Dotted settings of the startup packet are asked for by name: they may change what a query means. */
STORY(startup_settings_asked_for)
{
    static const char *const names[] = {"custom.one", "two.x", "cc.three", "four.y", "five.z"};
    struct pgr_bytes startup =
        say(0, "4ssssssss1", 0x30000u, "user", "alice", "database", "db", "five.z", "5", "options",
            "-c custom.one=1 -ctwo.x=2 -c  cc.three=3 --four.y=4", 0u);
    struct pair *p = world_connect(w);
    SAYS(&p->client, startup);
    world_accept(p);
    SEES(&p->server, startup);
    struct pgr_bytes granted = SAY(be_auth(0), be_key(FAKE_PID, 1), be_ready('I'));
    SAYS(&p->server, granted);
    SEES(&p->client, granted);
    SAYS(&p->client, fe_query(STORY_READ));
    struct pgr_bytes probe = TAKES(&p->server);
    for (size_t i = 0; i < PGR_ARRAY_LEN(names); i++) {
        struct pgr_bytes quoted =
            SAY(PGR_BYTES_LIT("current_setting('"), pgr_bytes_str(names[i]), PGR_BYTES_LIT("'"));
        if (memmem(probe.at, probe.len, quoted.at, quoted.len) == NULL)
            fail_msg("%s is not asked for", names[i]);
    }
}
