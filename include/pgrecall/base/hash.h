// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * hash.h - XXH3, seeded per process: it only finds buckets, equality is always by bytes.
 *
 * Threads  any.   Memory  none.   Errors  none.
 */
#include "pgrecall/base/bytes.h"

struct pgr_hash128 {
    uint64_t low;
    uint64_t high;
};

uint64_t pgr_hash64(struct pgr_bytes bytes); /* unseeded: stable over runs (fingerprints) */
struct pgr_hash128 pgr_hash128(struct pgr_bytes bytes, uint64_t seed);
