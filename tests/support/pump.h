// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * pump.h - turns a loop until something has happened.
 *
 * Why      tests state what they wait for, never how long; a hang becomes a failure with its line.
 * Threads  the loop's.   Memory  none.   Errors  fails the running cmocka test.
 */
#include <time.h>

#include "pgrecall/net/loop.h"

/* Far above what any machine needs: it only ends what would never end. */
#define PUMP_TURNS_MAX 50000

static inline void pump_pause(void)
{
    const struct timespec nap = {0, 200000};
    nanosleep(&nap, NULL);
}

#define PUMP_UNTIL(loop, condition)                                                                \
    do {                                                                                           \
        int pump_turns = 0;                                                                        \
        while (!(condition)) {                                                                     \
            pgr_loop_turn(loop);                                                                   \
            if (++pump_turns > 1000)                                                               \
                pump_pause();                                                                      \
            if (pump_turns > PUMP_TURNS_MAX)                                                       \
                fail_msg("waited in vain for: %s", #condition);                                    \
        }                                                                                          \
    } while (0)

/* A few turns in which something is expected not to happen. */
static inline void pump_some(struct pgr_loop *loop)
{
    for (int i = 0; i < 50; i++)
        pgr_loop_turn(loop);
}
