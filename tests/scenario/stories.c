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
