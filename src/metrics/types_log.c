// SPDX-License-Identifier: PostgreSQL
#include <stdlib.h>

#include "pgrecall/base/buf.h"
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/metrics/types.h"

/* event=query_type fingerprint=… class=… calls=… …: a type's interval as one line. */

#define QUANTILES   4
#define MAX_FIELDS  (9 + PGR_OUTCOME_COUNT * QUANTILES)
#define REASONS_MAX ((size_t)4 << 10)

struct fields {
    struct pgr_field list[MAX_FIELDS];
    size_t count;
};

static void add(struct fields *fields, struct pgr_field field)
{
    PGR_ASSERT(fields->count < MAX_FIELDS);
    fields->list[fields->count++] = field;
}

static const char *const quantile_keys[PGR_OUTCOME_COUNT][QUANTILES] = {
    [PGR_OUTCOME_HIT] = {"hit_p50_ms", "hit_p95_ms", "hit_p99_ms", "hit_max_ms"},
    [PGR_OUTCOME_MISS] = {"miss_p50_ms", "miss_p95_ms", "miss_p99_ms", "miss_max_ms"},
    [PGR_OUTCOME_BYPASS] = {"bypass_p50_ms", "bypass_p95_ms", "bypass_p99_ms", "bypass_max_ms"},
};

/* Microseconds are thousandths of a millisecond, which is what a decimal field takes. */
static void add_quantiles(struct fields *fields, const struct pgr_type_report *report,
                          enum pgr_outcome outcome)
{
    static const double points[QUANTILES] = {0.50, 0.95, 0.99, 1.0};
    const struct pgr_hist *hist = report->latency[outcome];
    if (hist->count == 0)
        return;
    for (size_t i = 0; i < QUANTILES; i++)
        add(fields, pgr_f_dec(quantile_keys[outcome][i], pgr_hist_quantile(hist, points[i])));
}

struct tally {
    enum pgr_reason reason;
    uint64_t count;
};

static int most_first(const void *a, const void *b)
{
    const struct tally *x = a;
    const struct tally *y = b;
    if (x->count != y->count)
        return (x->count < y->count) - (x->count > y->count);
    return (x->reason > y->reason) - (x->reason < y->reason);
}

/* "VOLATILE_FUNCTION:3 IN_TRANSACTION:2" */
static void render_reasons(const struct pgr_type_report *report, struct pgr_buf *out)
{
    struct tally tallies[PGR_REASON_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < PGR_REASON_COUNT; i++) {
        if (report->reasons[i] > 0)
            tallies[count++] = (struct tally){(enum pgr_reason)i, report->reasons[i]};
    }
    qsort(tallies, count, sizeof(tallies[0]), most_first);
    for (size_t i = 0; i < count; i++)
        pgr_buf_printf(out, "%s%s:%llu", i > 0 ? " " : "", pgr_reason_name(tallies[i].reason),
                       (unsigned long long)tallies[i].count);
}

static char *text_of(struct pgr_bytes bytes)
{
    return bytes.len > 0 ? pgr_strndup((const char *)bytes.at, bytes.len) : NULL;
}

void pgr_types_log(void *arg, const struct pgr_type_report *report)
{
    PGR_UNUSED(arg);
    if (!pgr_log_is_on(PGR_LOG_INFO))
        return;
    struct fields fields = {.count = 0};
    struct pgr_buf reasons;
    pgr_buf_init(&reasons, REASONS_MAX);
    render_reasons(report, &reasons);
    char *reason_text = text_of(pgr_buf_bytes(&reasons));
    char *query = text_of(report->normal);
    add(&fields, pgr_f_hex("fingerprint", report->fingerprint));
    add(&fields, pgr_f_str("class", report->class));
    add(&fields, pgr_f_int("calls", report->calls));
    add(&fields, pgr_f_int("hits", report->outcomes[PGR_OUTCOME_HIT]));
    add(&fields, pgr_f_int("misses", report->outcomes[PGR_OUTCOME_MISS]));
    add(&fields, pgr_f_int("bypasses", report->outcomes[PGR_OUTCOME_BYPASS]));
    add(&fields, pgr_f_int("errors", report->errors));
    for (int i = 0; i < PGR_OUTCOME_COUNT; i++)
        add_quantiles(&fields, report, (enum pgr_outcome)i);
    add(&fields, pgr_f_str("reasons", reason_text)); /* a string that is NULL is left out */
    add(&fields, pgr_f_str("query", query));
    pgr_log_write(PGR_LOG_INFO, "query_type", fields.list, fields.count);
    pgr_free(query);
    pgr_free(reason_text);
    pgr_buf_fini(&reasons);
}
