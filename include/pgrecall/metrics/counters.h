// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * counters.h - process-wide counters, one copy per worker, summed on read.
 *
 * Threads  each worker adds to its own with relaxed atomics; anyone may sum.
 * Memory   embedded.   Errors  none.
 */
#include <stdatomic.h>

#include "pgrecall/base/base.h"

// clang-format off
#define PGR_COUNTERS(X)                                                                            \
    X(sessions_opened,     "client sessions accepted")                                             \
    X(sessions_closed,     "client sessions ended")                                                \
    X(sessions_refused,    "connections refused (limits, trust, protocol)")                        \
    X(cancels,             "cancel requests relayed")                                              \
    X(probes,              "session probes sent to a client's backend")                            \
    X(bytes_client,        "bytes received from clients")                                          \
    X(bytes_upstream,      "bytes received from PostgreSQL")                                       \
    X(stores,              "answers stored in L1")                                                 \
    X(writes_begun,        "write sets put in flight")                                             \
    X(protocol_surprises,  "replies that did not fit what was expected; the session then only passes on")
// clang-format on

enum pgr_counter {
#define X(name, help) PGR_COUNTER_##name,
    PGR_COUNTERS(X)
#undef X
    PGR_COUNTER_COUNT
};

struct pgr_counters {
    _Atomic uint64_t values[PGR_COUNTER_COUNT];
};

static inline void pgr_count_add(struct pgr_counters *c, enum pgr_counter which, uint64_t n)
{
    atomic_fetch_add_explicit(&c->values[which], n, memory_order_relaxed);
}
uint64_t pgr_counters_sum(struct pgr_counters *const *all, size_t count, enum pgr_counter which);
const char *pgr_counter_name(enum pgr_counter which);
