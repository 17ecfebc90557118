// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/hist.h"

#include <string.h>

#include "pgrecall/base/mem.h"

/*
 * Octave 0 holds 0..STEPS-1, one counter per value. Octave k > 0 holds [STEPS << (k-1), STEPS << k)
 * in STEPS counters, each 1 << (k-1) wide: a bucket is at most 1/STEPS of its lowest value wide.
 * What lies above the last octave is counted in its last bucket.
 */
#define STEP_BITS (__builtin_ctz(PGR_HIST_STEPS))

struct place {
    unsigned octave;
    unsigned step;
};

static struct place place_of(uint64_t value)
{
    if (value < PGR_HIST_STEPS)
        return (struct place){0, (unsigned)value};
    unsigned top = 63U - (unsigned)__builtin_clzll(value);
    unsigned octave = top - (unsigned)STEP_BITS + 1;
    if (octave >= PGR_HIST_OCTAVES)
        return (struct place){PGR_HIST_OCTAVES - 1, PGR_HIST_STEPS - 1};
    return (struct place){octave, (unsigned)(value >> (octave - 1)) - PGR_HIST_STEPS};
}

/* The largest value that falls into the bucket. */
static uint64_t upper_edge(unsigned octave, unsigned step)
{
    if (octave == 0)
        return step;
    return ((uint64_t)(PGR_HIST_STEPS + step + 1) << (octave - 1)) - 1;
}

void pgr_hist_init(struct pgr_hist *h)
{
    *h = (struct pgr_hist){0};
}

void pgr_hist_fini(struct pgr_hist *h)
{
    for (unsigned i = 0; i < PGR_HIST_OCTAVES; i++)
        pgr_free(h->octaves[i]);
    pgr_hist_init(h);
}

static uint32_t *octave_for_add(struct pgr_hist *h, unsigned octave)
{
    const size_t size = sizeof(uint32_t) * PGR_HIST_STEPS;
    if (h->octaves[octave] != NULL)
        return h->octaves[octave];
    uint32_t *counters = pgr_try_alloc(size);
    if (counters != NULL)
        h->octaves[octave] = memset(counters, 0, size);
    return counters;
}

/* Saturates: a wrapped counter would move every quantile. Returns what was really added. */
static uint32_t add_capped(uint32_t *counter, uint32_t n)
{
    uint32_t room = UINT32_MAX - *counter;
    uint32_t added = n < room ? n : room;
    *counter += added;
    return added;
}

void pgr_hist_add(struct pgr_hist *h, uint64_t value_us)
{
    struct place at = place_of(value_us);
    uint32_t *counters = octave_for_add(h, at.octave);
    if (counters == NULL || add_capped(&counters[at.step], 1) == 0) {
        h->lost++;
        return;
    }
    h->count++;
    h->sum_us += value_us;
    if (value_us > h->max_us)
        h->max_us = value_us;
}

static void merge_octave(struct pgr_hist *into, const uint32_t *from, unsigned octave)
{
    uint32_t *counters = octave_for_add(into, octave);
    for (unsigned i = 0; i < PGR_HIST_STEPS; i++) {
        uint32_t added = counters ? add_capped(&counters[i], from[i]) : 0;
        into->count += added;
        into->lost += from[i] - added;
    }
}

void pgr_hist_merge(struct pgr_hist *into, const struct pgr_hist *from)
{
    for (unsigned k = 0; k < PGR_HIST_OCTAVES; k++) {
        if (from->octaves[k] != NULL)
            merge_octave(into, from->octaves[k], k);
    }
    into->lost += from->lost;
    into->sum_us += from->sum_us;
    if (from->max_us > into->max_us)
        into->max_us = from->max_us;
}

void pgr_hist_reset(struct pgr_hist *h)
{
    for (unsigned k = 0; k < PGR_HIST_OCTAVES; k++) {
        if (h->octaves[k] != NULL)
            memset(h->octaves[k], 0, sizeof(uint32_t) * PGR_HIST_STEPS);
    }
    h->count = h->sum_us = h->max_us = h->lost = 0;
}

/* The 1-based rank of the sample asked for. */
static uint64_t rank_of(uint64_t count, double q)
{
    if (!(q > 0))
        return 1;
    if (q >= 1)
        return count;
    double exact = q * (double)count;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact)
        rank++;
    return rank < 1 ? 1 : rank > count ? count : rank;
}

static bool is_last_bucket(unsigned octave, unsigned step)
{
    return octave == PGR_HIST_OCTAVES - 1 && step == PGR_HIST_STEPS - 1;
}

uint64_t pgr_hist_quantile(const struct pgr_hist *h, double q)
{
    if (h->count == 0)
        return 0;
    uint64_t left = rank_of(h->count, q);
    for (unsigned k = 0; k < PGR_HIST_OCTAVES; k++) {
        for (unsigned i = 0; h->octaves[k] != NULL && i < PGR_HIST_STEPS; i++) {
            uint32_t here = h->octaves[k][i];
            if (here < left) {
                left -= here;
                continue;
            }
            uint64_t edge = upper_edge(k, i);
            return edge > h->max_us || is_last_bucket(k, i) ? h->max_us : edge;
        }
    }
    return h->max_us;
}
