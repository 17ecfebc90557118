// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/clock.h"

#include <time.h>

static uint64_t monotonic_us(void *self)
{
    PGR_UNUSED(self);
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

const struct pgr_clock pgr_clock_monotonic = {monotonic_us, NULL};
