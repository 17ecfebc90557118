// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * story.h - the frame of a scenario: STORY(name) { … } in name_test.c is one test, with its own
 *           world `w`.
 *
 * Threads  one.   Memory  the world's.   Errors  fail the test.
 */
#include "world.h"

/* With settings as on the command line. */
#define STORY_WITH(name, ...)                                                                      \
    static void tell_##name(struct world *w);                                                      \
    void story_##name(void **state);                                                               \
    void story_##name(void **state)                                                                \
    {                                                                                              \
        static const char *const overrides[] = {__VA_ARGS__};                                      \
        struct world world;                                                                        \
        PGR_UNUSED(state);                                                                         \
        world_init(&world, overrides);                                                             \
        tell_##name(&world);                                                                       \
        world_fini(&world);                                                                        \
    }                                                                                              \
    static void tell_##name(struct world *w)
#define STORY(name) STORY_WITH(name, NULL)

/* stories.c. The client asks for the first time; PostgreSQL answers. */
void story_passes(struct pair *p, struct pgr_bytes request, struct pgr_bytes answer);
/* The same request and answer, and PostgreSQL sees nothing. */
void story_hits(struct pair *p, struct pgr_bytes request, struct pgr_bytes answer);
/* `SELECT v FROM t WHERE id = 1` and its answer. */
#define STORY_READ "SELECT v FROM t WHERE id = 1"
struct pgr_bytes story_rows(void);  /* T D C */
struct pgr_bytes story_reply(void); /* T D C Z */

/* Whether clients pass for local ones from now on (they do at first). */
void story_set_local(int is_local);
