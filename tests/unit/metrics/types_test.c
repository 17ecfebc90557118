// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/metrics/types.h"

/* A copy of what was reported: reports last for the call only. */
struct seen {
    struct pgr_type_report reports[512];
    char normals[512][8192];
    uint64_t latency_counts[512][PGR_OUTCOME_COUNT];
    uint64_t latency_max[512][PGR_OUTCOME_COUNT];
    size_t count;
};

static void on_report(void *arg, const struct pgr_type_report *report)
{
    struct seen *seen = arg;
    size_t i = seen->count++;
    assert_true(i < PGR_ARRAY_LEN(seen->reports));
    assert_true(report->calls > 0);
    assert_true(report->normal.len < sizeof(seen->normals[0]));
    seen->reports[i] = *report;
    snprintf(seen->normals[i], sizeof(seen->normals[i]), "%.*s", (int)report->normal.len,
             report->normal.len ? (const char *)report->normal.at : "");
    for (int k = 0; k < PGR_OUTCOME_COUNT; k++) {
        seen->latency_counts[i][k] = report->latency[k]->count;
        seen->latency_max[i][k] = report->latency[k]->max_us;
    }
}

static struct seen *drain(struct pgr_types *const *tables, size_t count)
{
    struct seen *seen = pgr_new(struct seen);
    pgr_types_drain(tables, count, on_report, seen);
    return seen;
}

static struct pgr_call hit(uint64_t fingerprint, const char *normal, uint64_t latency_us)
{
    return (struct pgr_call){.fingerprint = fingerprint,
                             .class = "point lookup",
                             .normal = pgr_bytes_str(normal),
                             .outcome = PGR_OUTCOME_HIT,
                             .latency_us = latency_us};
}

static void record_bypass(struct pgr_types *types, uint64_t fingerprint, enum pgr_reason reason)
{
    struct pgr_call call = hit(fingerprint, "b", 5);
    call.outcome = PGR_OUTCOME_BYPASS;
    call.reason = reason;
    pgr_types_record(types, &call);
}

static void record_hits(struct pgr_types *types, uint64_t fingerprint, int n)
{
    for (int i = 0; i < n; i++) {
        struct pgr_call call = hit(fingerprint, "select ?", 1);
        pgr_types_record(types, &call);
    }
}

static void calls_are_counted_by_outcome_and_reason(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    char text[] = "select ?";
    struct pgr_call call = hit(7, text, 100);
    pgr_types_record(types, &call);
    call.latency_us = 300;
    call.is_error = true;
    call.outcome = PGR_OUTCOME_MISS;
    call.reason = PGR_REASON_NOT_READ; /* only a bypass has one */
    pgr_types_record(types, &call);
    record_bypass(types, 7, PGR_REASON_IN_TRANSACTION);
    record_bypass(types, 7, PGR_REASON_IN_TRANSACTION);
    record_bypass(types, 7, PGR_REASON_NOT_READ);
    memset(text, 'x', sizeof(text) - 1); /* the sample was copied */
    struct seen *seen = drain(&types, 1);
    assert_int_equal(seen->count, 1);
    const struct pgr_type_report *report = &seen->reports[0];
    assert_true(report->fingerprint == 7);
    assert_string_equal(report->class, "point lookup");
    assert_string_equal(seen->normals[0], "select ?");
    assert_int_equal(report->calls, 5);
    assert_int_equal(report->errors, 1);
    assert_int_equal(report->outcomes[PGR_OUTCOME_HIT], 1);
    assert_int_equal(report->outcomes[PGR_OUTCOME_MISS], 1);
    assert_int_equal(report->outcomes[PGR_OUTCOME_BYPASS], 3);
    assert_int_equal(report->reasons[PGR_REASON_IN_TRANSACTION], 2);
    assert_int_equal(report->reasons[PGR_REASON_NOT_READ], 1);
    assert_int_equal(seen->latency_counts[0][PGR_OUTCOME_BYPASS], 3);
    assert_int_equal(seen->latency_max[0][PGR_OUTCOME_HIT], 100);
    assert_int_equal(seen->latency_max[0][PGR_OUTCOME_MISS], 300);
    pgr_free(seen);
    pgr_types_destroy(&types);
    assert_null(types);
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

static void draining_starts_a_new_interval(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    record_hits(types, 1, 3);
    record_hits(types, 2, 1);
    struct seen *seen = drain(&types, 1);
    assert_int_equal(seen->count, 2);
    pgr_free(seen);
    seen = drain(&types, 1);
    assert_int_equal(seen->count, 0);
    pgr_free(seen);
    record_hits(types, 1, 2);
    seen = drain(&types, 1);
    assert_int_equal(seen->count, 1);
    assert_int_equal(seen->reports[0].calls, 2);
    assert_string_equal(seen->normals[0], "select ?");
    pgr_free(seen);
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

static void tables_are_merged_and_the_busiest_come_first(void **state)
{
    struct pgr_types *tables[3];
    for (size_t i = 0; i < 3; i++)
        tables[i] = pgr_types_create(10);
    record_hits(tables[0], 5, 2);
    record_hits(tables[1], 5, 3);
    record_hits(tables[1], 9, 4);
    record_hits(tables[0], 8, 4);
    record_hits(tables[1], UINT64_MAX, 6);
    record_bypass(tables[0], 5, PGR_REASON_TOO_LONG);
    record_bypass(tables[1], 5, PGR_REASON_TOO_LONG);
    struct seen *seen = drain(tables, 3);
    static const uint64_t order[] = {5, UINT64_MAX, 8, 9};
    static const uint64_t calls[] = {7, 6, 4, 4};
    assert_int_equal(seen->count, PGR_ARRAY_LEN(order));
    for (size_t i = 0; i < PGR_ARRAY_LEN(order); i++) {
        assert_true(seen->reports[i].fingerprint == order[i]);
        assert_int_equal(seen->reports[i].calls, calls[i]);
    }
    assert_int_equal(seen->reports[0].reasons[PGR_REASON_TOO_LONG], 2);
    assert_int_equal(seen->latency_counts[0][PGR_OUTCOME_HIT], 5);
    assert_int_equal(seen->latency_counts[0][PGR_OUTCOME_BYPASS], 2);
    pgr_free(seen);
    for (size_t i = 0; i < 3; i++)
        pgr_types_destroy(&tables[i]);
    PGR_UNUSED(state);
}

static uint64_t calls_of(const struct seen *seen, uint64_t fingerprint)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->reports[i].fingerprint == fingerprint)
            return seen->reports[i].calls;
    }
    return 0;
}

static void types_beyond_the_limit_fold_into_other(void **state)
{
    static const size_t limits[] = {0, 1, 31, 32, 33, 200, 400};
    for (size_t l = 0; l < PGR_ARRAY_LEN(limits); l++) {
        struct pgr_types *types = pgr_types_create(limits[l]);
        for (uint64_t i = 1; i <= 300; i++)
            record_hits(types, i * 0x9E3779B97F4A7C15, 1);
        for (uint64_t i = 1; i <= 300; i++)
            record_hits(types, i * 0x9E3779B97F4A7C15, 1);
        size_t kept = limits[l] < 300 ? limits[l] : 300;
        struct seen *seen = drain(&types, 1);
        assert_int_equal(seen->count, kept + (kept < 300));
        assert_int_equal(calls_of(seen, 0), 2 * (300 - kept));
        for (uint64_t i = 1; i <= kept; i++)
            assert_int_equal(calls_of(seen, i * 0x9E3779B97F4A7C15), 2);
        if (kept < 299)
            assert_string_equal(seen->reports[0].class, "other");
        pgr_free(seen);
        /* The next interval has room again. */
        record_hits(types, 77, 1);
        seen = drain(&types, 1);
        assert_int_equal(calls_of(seen, 77), limits[l] > 0);
        pgr_free(seen);
        pgr_types_destroy(&types);
    }
    PGR_UNUSED(state);
}

static void fingerprints_that_share_a_bucket_are_told_apart(void **state)
{
    struct pgr_types *types = pgr_types_create(100);
    for (uint64_t i = 1; i <= 100; i++)
        record_hits(types, i << 40, (int)i);
    record_hits(types, 0, 3);
    struct seen *seen = drain(&types, 1);
    assert_int_equal(seen->count, 101);
    for (uint64_t i = 1; i <= 100; i++)
        assert_int_equal(calls_of(seen, i << 40), i);
    assert_int_equal(calls_of(seen, 0), 3);
    pgr_free(seen);
    record_hits(types, 1, 1); /* destroyed while full, nothing leaks */
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

static void samples_are_cut_between_characters(void **state)
{
    for (size_t shift = 0; shift < 3; shift++) {
        struct pgr_types *types = pgr_types_create(10);
        char text[9000];
        memset(text, ' ', shift);
        for (size_t i = shift; i + 3 <= sizeof(text) - 1; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        struct pgr_call call = hit(1, text, 1);
        pgr_types_record(types, &call);
        struct seen *seen = drain(&types, 1);
        size_t len = strlen(seen->normals[0]);
        assert_in_range(len, 4094, 4096);
        assert_int_equal((len - shift) % 3, 0);
        assert_memory_equal(seen->normals[0], text, len);
        pgr_free(seen);
        pgr_types_destroy(&types);
    }
    PGR_UNUSED(state);
}

static void a_sample_of_continuation_bytes_alone_is_none(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    char text[9000];
    memset(text, 0x80, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct pgr_call call = hit(1, text, 1);
    pgr_types_record(types, &call);
    struct seen *seen = drain(&types, 1);
    assert_int_equal(seen->reports[0].normal.len, 0);
    assert_int_equal(seen->reports[0].calls, 1);
    pgr_free(seen);
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

/* Index, type, sample and histogram each fail in turn: the count stands all the same. */
static void short_memory_loses_detail_not_counts(void **state)
{
    for (unsigned n = 1; n <= 6; n++) {
        struct pgr_types *types = pgr_types_create(10);
        struct pgr_call call = hit(3, "select ?", 9);
        pgr_mem_fail_nth(n);
        pgr_types_record(types, &call);
        pgr_mem_fail_nth(0);
        pgr_types_record(types, &call);
        struct seen *seen = drain(&types, 1);
        assert_int_equal(calls_of(seen, 0) + calls_of(seen, 3), 2);
        assert_int_equal(calls_of(seen, 0), n <= 2);
        if (n == 3)
            assert_string_equal(seen->normals[0], "");
        pgr_free(seen);
        pgr_types_destroy(&types);
    }
    PGR_UNUSED(state);
}

/* The worker that lost its sample borrows another's. */
static void a_missing_sample_is_taken_from_another_table(void **state)
{
    for (size_t which = 0; which < 2; which++) {
        struct pgr_types *tables[] = {pgr_types_create(10), pgr_types_create(10)};
        struct pgr_call call = hit(3, "", 9);
        pgr_types_record(tables[which], &call);
        record_hits(tables[1 - which], 3, 1);
        struct seen *seen = drain(tables, 2);
        assert_int_equal(seen->count, 1);
        assert_string_equal(seen->normals[0], "select ?");
        pgr_free(seen);
        pgr_types_destroy(&tables[0]);
        pgr_types_destroy(&tables[1]);
    }
    PGR_UNUSED(state);
}

#define WORKERS 2
#define ROUNDS  4000

struct worker {
    struct pgr_types *types;
    struct pgr_thread thread;
};

static _Atomic int workers_left;

static void work(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < ROUNDS; i++)
        record_hits(worker->types, (uint64_t)(i % 7) + 1, 1);
    atomic_fetch_sub(&workers_left, 1);
}

static void add_calls(void *arg, const struct pgr_type_report *report)
{
    *(uint64_t *)arg += report->calls;
    assert_int_equal(report->latency[PGR_OUTCOME_HIT]->count, report->calls);
}

static void nothing_is_lost_or_counted_twice_between_threads(void **state)
{
    struct worker workers[WORKERS];
    struct pgr_types *tables[WORKERS];
    uint64_t total = 0;
    atomic_store(&workers_left, WORKERS);
    for (size_t i = 0; i < WORKERS; i++) {
        tables[i] = workers[i].types = pgr_types_create(5);
        assert_int_equal(
            pgr_thread_start(&workers[i].thread, "worker", (size_t)256 << 10, work, &workers[i]),
            PGR_OK);
    }
    while (atomic_load(&workers_left) > 0) {
        pgr_types_drain(tables, WORKERS, add_calls, &total);
        usleep(200);
    }
    for (size_t i = 0; i < WORKERS; i++)
        pgr_thread_join(&workers[i].thread);
    pgr_types_drain(tables, WORKERS, add_calls, &total);
    assert_true(total == WORKERS * ROUNDS);
    for (size_t i = 0; i < WORKERS; i++)
        pgr_types_destroy(&tables[i]);
    PGR_UNUSED(state);
}

/* Runs drain into the log and returns what stderr got. */
static void logged(struct pgr_types *types, char *out, size_t cap)
{
    int file = memfd_create("log", MFD_CLOEXEC);
    assert_true(file >= 0);
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    pgr_types_drain(&types, 1, pgr_types_log, NULL);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    ssize_t len = pread(file, out, cap - 1, 0);
    assert_true(len >= 0);
    out[len] = '\0';
    close(file);
}

static void a_report_is_one_line(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    char line[20000];
    struct pgr_call call = hit(0xabc, "select a from \"T\" where b = ?", 250);
    pgr_types_record(types, &call);
    call.outcome = PGR_OUTCOME_BYPASS;
    call.latency_us = 1500;
    call.is_error = true;
    call.reason = PGR_REASON_IN_TRANSACTION;
    pgr_types_record(types, &call);
    call.reason = PGR_REASON_VOLATILE_FUNCTION;
    pgr_types_record(types, &call);
    pgr_types_record(types, &call);
    logged(types, line, sizeof(line));
    char *event = strstr(line, " event=");
    assert_non_null(event);
    assert_string_equal(
        event,
        " event=query_type fingerprint=0000000000000abc class=\"point lookup\" calls=4 hits=1 "
        "misses=0 bypasses=3 errors=3 hit_p50_ms=0.250 hit_p95_ms=0.250 hit_p99_ms=0.250 "
        "hit_max_ms=0.250 bypass_p50_ms=1.500 bypass_p95_ms=1.500 bypass_p99_ms=1.500 "
        "bypass_max_ms=1.500 reasons=\"VOLATILE_FUNCTION:2 IN_TRANSACTION:1\" "
        "query=\"select a from \\\"T\\\" where b = ?\"\n");
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

static void hostile_texts_stay_on_their_line(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    char line[20000];
    struct pgr_call call = hit(1, "select '\n\r\x1b[31m\" event=fake\xff", 1);
    pgr_types_record(types, &call);
    logged(types, line, sizeof(line));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_null(strchr(line, '\r'));
    assert_null(strchr(line, '\x1b'));
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

static void every_reason_fits_beside_the_counts(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    char line[20000];
    for (int i = 0; i < PGR_REASON_COUNT; i++)
        record_bypass(types, 1, (enum pgr_reason)i);
    logged(types, line, sizeof(line));
    for (int i = 0; i < PGR_REASON_COUNT; i++) {
        char word[64];
        snprintf(word, sizeof(word), "%s:1", pgr_reason_name((enum pgr_reason)i));
        assert_non_null(strstr(line, word));
    }
    assert_non_null(strstr(line, " query=b\n"));
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

static void a_quiet_log_gets_nothing(void **state)
{
    struct pgr_types *types = pgr_types_create(10);
    char line[20000];
    record_hits(types, 1, 1);
    pgr_log_set_level(PGR_LOG_WARNING);
    logged(types, line, sizeof(line));
    pgr_log_set_level(PGR_LOG_INFO);
    assert_string_equal(line, "");
    pgr_types_destroy(&types);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_counted_by_outcome_and_reason),
        cmocka_unit_test(draining_starts_a_new_interval),
        cmocka_unit_test(tables_are_merged_and_the_busiest_come_first),
        cmocka_unit_test(types_beyond_the_limit_fold_into_other),
        cmocka_unit_test(fingerprints_that_share_a_bucket_are_told_apart),
        cmocka_unit_test(samples_are_cut_between_characters),
        cmocka_unit_test(a_sample_of_continuation_bytes_alone_is_none),
        cmocka_unit_test(short_memory_loses_detail_not_counts),
        cmocka_unit_test(a_missing_sample_is_taken_from_another_table),
        cmocka_unit_test(nothing_is_lost_or_counted_twice_between_threads),
        cmocka_unit_test(a_report_is_one_line),
        cmocka_unit_test(hostile_texts_stay_on_their_line),
        cmocka_unit_test(every_reason_fits_beside_the_counts),
        cmocka_unit_test(a_quiet_log_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
