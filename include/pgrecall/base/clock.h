// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * clock.h - where time comes from. Pure rooms take now_us as an argument; only the loop asks.
 *
 * Why      tests move time; production reads CLOCK_MONOTONIC.
 * Threads  any.   Memory  none.   Errors  none.
 */
#include "pgrecall/base/base.h"

struct pgr_clock {
    uint64_t (*now_us)(void *self); /* monotonic microseconds */
    void *self;
};

extern const struct pgr_clock pgr_clock_monotonic;

static inline uint64_t pgr_clock_now_us(const struct pgr_clock *clock)
{
    return clock->now_us(clock->self);
}
