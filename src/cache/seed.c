// SPDX-License-Identifier: PostgreSQL
#include "seed_priv.h"

#include <errno.h>
#include <sys/random.h>

uint64_t pgr_seed_random(void)
{
    uint64_t seed = 0;
    ssize_t got;
    do
        got = getrandom(&seed, sizeof(seed), 0);
    while (got < 0 && errno == EINTR);
    PGR_ASSERT(got == (ssize_t)sizeof(seed));
    return seed;
}
