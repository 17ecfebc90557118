// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * fake_authority.h - the local authority behind a gate: chosen kinds of questions wait until the
 *                    test lets them through.
 *
 * Why      a fleet answers later; what the session does meanwhile is what these tests are about.
 * Threads  one.
 * Memory   borrows the authority behind it. Every question must have been let through before fini.
 * Errors   fails the running test.
 */
#include "pgrecall/cache/authority.h"

enum fake_ask {
    FAKE_GET = 1,
    FAKE_TAKE = 2,
    FAKE_BEGIN = 4,
    FAKE_END = 8,
    FAKE_ALL = 15,
};

#define FAKE_WAITING_MAX 64

struct fake_authority {
    struct pgr_authority base; /* give this to the session */
    struct pgr_authority *behind;
    unsigned later; /* kinds that wait, of enum fake_ask */
    struct fake_waiting {
        enum fake_ask kind;
        void *request;
    } waiting[FAKE_WAITING_MAX];
    size_t waiting_count;
    size_t asked[FAKE_ALL + 1]; /* by kind */
    size_t puts;
};

void fake_authority_init(struct fake_authority *fake, struct pgr_authority *behind);
void fake_authority_fini(struct fake_authority *fake);
/* How many of these kinds wait. */
size_t fake_authority_waiting(const struct fake_authority *fake, unsigned kinds);
/* Answers the oldest question of these kinds: there must be one. */
void fake_authority_answer(struct fake_authority *fake, unsigned kinds);
