// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * hist.h - log-linear histogram of microseconds, relative error at most 1 %.
 *
 * Why      p50/p95/p99 per query type at a cost of one increment.
 * Threads  owner's; merge copies between owners under the caller's lock.
 * Memory   buckets are allocated in octaves on first use; at most 40 octaves of 128 counters.
 * Errors   none (a failed allocation drops the sample into `lost`).
 */
#include "pgrecall/base/base.h"

#define PGR_HIST_OCTAVES 40
#define PGR_HIST_STEPS   128

struct pgr_hist {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us;
    uint64_t lost;
    uint32_t *octaves[PGR_HIST_OCTAVES]; /* each PGR_HIST_STEPS counters, or NULL */
};

void pgr_hist_init(struct pgr_hist *h);
void pgr_hist_fini(struct pgr_hist *h);
void pgr_hist_add(struct pgr_hist *h, uint64_t value_us);
void pgr_hist_merge(struct pgr_hist *into, const struct pgr_hist *from);
/* Empties it, keeping its memory. */
void pgr_hist_reset(struct pgr_hist *h);
/* Value at quantile q in [0,1]: the upper edge of its bucket, never above max_us; 0 when empty. */
uint64_t pgr_hist_quantile(const struct pgr_hist *h, double q);
