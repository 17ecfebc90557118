// SPDX-License-Identifier: PostgreSQL
#include "story.h"

#include <stdio.h>

/* ---- clients from elsewhere: the linker puts this in the way of pgr_stream_is_local() ---- */

static int is_local_now = 1;

bool __wrap_pgr_stream_is_local(const struct pgr_stream *stream);
bool __wrap_pgr_stream_is_local(const struct pgr_stream *stream)
{
    PGR_UNUSED(stream);
    return is_local_now;
}

void story_set_local(int is_local)
{
    is_local_now = is_local;
}

/* ---- what many of them do ---- */

void story_passes(struct pair *p, struct pgr_bytes request, struct pgr_bytes answer)
{
    SAYS(&p->client, request);
    SEES(&p->server, request);
    SAYS(&p->server, answer);
    SEES(&p->client, answer);
}

void story_hits(struct pair *p, struct pgr_bytes request, struct pgr_bytes answer)
{
    SAYS(&p->client, request);
    SEES(&p->client, answer);
    SEES_NOTHING(&p->server);
}

struct pgr_bytes story_rows(void)
{
    return SAY(be_columns("v"), be_row("one"), be_complete("SELECT 1"));
}

struct pgr_bytes story_reply(void)
{
    return SAY(story_rows(), be_ready('I'));
}

/* ---- all of them, or the one named ---- */

#define TOLD(name) void story_##name(void **state);
#include "stories.def"
#undef TOLD

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TOLD(name) {#name, story_##name, NULL, NULL, NULL},
#include "stories.def"
#undef TOLD
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
