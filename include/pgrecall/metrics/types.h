// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * types.h - what each query type did and how long it took.
 *
 * Why      "one line per query type" of the log, exact in its counts.
 * Threads  one table per worker, written by it; pgr_types_drain() reads from the control thread
 *          under the table's mutex.
 * Memory   at most max_types types; later ones fold into one type "other" (fingerprint 0).
 * Errors   none.
 */
#include "pgrecall/base/bytes.h"
#include "pgrecall/base/hist.h"
#include "pgrecall/base/reasons.h"

enum pgr_outcome {
    PGR_OUTCOME_HIT,    /* answered from L1 */
    PGR_OUTCOME_MISS,   /* cacheable, answered by PostgreSQL */
    PGR_OUTCOME_BYPASS, /* not cacheable, for the reason given */
    PGR_OUTCOME_COUNT
};

struct pgr_types;

struct pgr_call {
    uint64_t fingerprint;
    const char *class;       /* static string */
    struct pgr_bytes normal; /* copied when the type is new */
    enum pgr_outcome outcome;
    enum pgr_reason reason; /* BYPASS */
    uint64_t latency_us;    /* from the last byte of the request to the last of the answer */
    bool is_error;          /* PostgreSQL answered with an error */
};

struct pgr_type_report {
    uint64_t fingerprint;
    const char *class;
    struct pgr_bytes normal;
    uint64_t calls;
    uint64_t errors;
    uint64_t outcomes[PGR_OUTCOME_COUNT];
    uint64_t reasons[PGR_REASON_COUNT];
    const struct pgr_hist *latency[PGR_OUTCOME_COUNT];
};
typedef void pgr_type_report_fn(void *arg, const struct pgr_type_report *report);

struct pgr_types *pgr_types_create(size_t max_types);
void pgr_types_destroy(struct pgr_types **types);
void pgr_types_record(struct pgr_types *types, const struct pgr_call *call);
/* Merges the tables, reports each type called, most calls first, and starts a new interval. */
void pgr_types_drain(struct pgr_types *const *tables, size_t count, pgr_type_report_fn *fn,
                     void *arg);
/* Renders a report as one log line (event=query_type …). */
void pgr_types_log(void *arg, const struct pgr_type_report *report);
