// SPDX-License-Identifier: PostgreSQL
/* The registry without a server: none named, none reachable, too many, many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>

#include "pgrecall/base/thread.h"
#include "pgrecall/catalog/database.h"
#include "pump.h"

#define UNREACHABLE "host=127.0.0.1 port=1 user=nobody passfile=/nonexistent"

struct bench {
    _Atomic uint64_t now_us; /* the loop's clock */
    struct pgr_loop *loop;
    struct pgr_databases *databases;
};

static uint64_t read_clock(void *self)
{
    return atomic_load(&((struct bench *)self)->now_us);
}

static uint32_t slot_of(void *arg, uint32_t database_id, uint32_t oid)
{
    PGR_UNUSED(arg);
    return database_id * 1000 + oid;
}

static void set_up(struct bench *b, const char *dsn)
{
    atomic_init(&b->now_us, 1000);
    b->loop = pgr_loop_create(&(struct pgr_clock){read_clock, b});
    b->databases = pgr_databases_create(&(struct pgr_databases_options){
        .loop = b->loop,
        .service_dsn = dsn,
        .connect_timeout_us = 5000000,
        .slot_of = slot_of,
    });
}

static void tear_down(struct bench *b)
{
    pgr_databases_close(b->databases);
    pgr_databases_destroy(&b->databases);
    assert_null(b->databases);
    pgr_loop_destroy(&b->loop);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static enum pgr_reason refusal(struct pgr_database *database)
{
    enum pgr_reason reason = PGR_REASON_NONE;
    assert_null(pgr_database_catalog(database, 1000, &reason));
    assert_int_equal(pgr_database_epoch(database), 0);
    return reason;
}

static void without_a_dsn_there_is_no_catalog(void **state)
{
    PGR_UNUSED(state);
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < PGR_ARRAY_LEN(none); i++) {
        struct bench b;
        int told = 0;
        set_up(&b, none[i]);
        struct pgr_database *d = pgr_databases_get(b.databases, "d");
        assert_int_equal(refusal(d), PGR_REASON_NO_SERVICE_CONNECTION);
        pgr_database_reload(d, count, &told);
        assert_int_equal(told, 0); /* on the loop, not inside the call */
        PUMP_UNTIL(b.loop, told == 1);
        assert_int_equal(refusal(d), PGR_REASON_NO_SERVICE_CONNECTION);
        tear_down(&b);
    }
}

static void a_server_out_of_reach_holds_nobody_up(void **state)
{
    PGR_UNUSED(state);
    struct bench b;
    int told = 0;
    set_up(&b, UNREACHABLE);
    struct pgr_database *d = pgr_databases_get(b.databases, "d");
    for (int i = 0; i < 10; i++) {
        pgr_database_reload(d, count, &told);
        PUMP_UNTIL(b.loop, told == i + 1);
    }
    assert_int_equal(refusal(d), PGR_REASON_CATALOG_UNAVAILABLE);
    tear_down(&b);
}

static void a_lost_backend_is_given_up_after_a_minute(void **state)
{
    PGR_UNUSED(state);
    static const char *const dsns[] = {NULL, UNREACHABLE};
    for (size_t i = 0; i < PGR_ARRAY_LEN(dsns); i++) {
        struct bench b;
        int ended = 0;
        set_up(&b, dsns[i]);
        struct pgr_database *d = pgr_databases_get(b.databases, "d");
        pgr_database_await_backend_end(d, 4711, count, &ended);
        pump_some(b.loop);
        atomic_fetch_add(&b.now_us, (uint64_t)59 * 1000000);
        for (int turns = 0; turns < 1500; turns++) { /* past a tick of its timer */
            pgr_loop_turn(b.loop);
            pump_pause();
        }
        assert_int_equal(ended, 0);
        atomic_fetch_add(&b.now_us, (uint64_t)2 * 1000000);
        PUMP_UNTIL(b.loop, ended == 1);
        tear_down(&b);
    }
}

static void databases_are_found_by_name(void **state)
{
    PGR_UNUSED(state);
    struct bench b;
    char name[16];
    set_up(&b, UNREACHABLE);
    struct pgr_database *first = pgr_databases_get(b.databases, "d0");
    for (uint32_t i = 0; i < PGR_DATABASES_MAX + 3; i++) {
        snprintf(name, sizeof(name), "d%u", (unsigned)i);
        struct pgr_database *d = pgr_databases_get(b.databases, name);
        assert_string_equal(pgr_database_name(d), name);
        assert_int_equal(pgr_database_id(d), i + 1);
        assert_int_equal(pgr_database_all(d)->count, 1);
        assert_int_equal(pgr_database_all(d)->slots[0], (i + 1) * 1000);
        assert_int_equal(refusal(d), i < PGR_DATABASES_MAX ? PGR_REASON_CATALOG_UNAVAILABLE
                                                           : PGR_REASON_NO_SERVICE_CONNECTION);
    }
    assert_ptr_equal(pgr_databases_get(b.databases, "d0"), first);
    tear_down(&b);
}

static void what_is_asked_after_the_end_is_dropped(void **state)
{
    PGR_UNUSED(state);
    struct bench b;
    int told = 0;
    set_up(&b, UNREACHABLE);
    struct pgr_database *d = pgr_databases_get(b.databases, "d");
    pgr_database_await_backend_end(d, 1, count, &told);
    pump_some(b.loop);
    pgr_databases_close(b.databases);
    pgr_database_reload(d, count, &told);
    pgr_databases_set_staleness(b.databases, 5);
    pgr_databases_get(b.databases, "late");
    pump_some(b.loop);
    assert_int_equal(told, 0);
    tear_down(&b);
}

/* ---- threads ---- */

enum {
    THREADS = 3,
    ROUNDS = 300
};

struct asker {
    struct pgr_thread thread;
    struct bench *bench;
    _Atomic int *told;
};

static void count_atomically(void *arg)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void ask_a_lot(void *arg)
{
    struct asker *asker = arg;
    char name[16];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof(name), "d%d", i % 5);
        struct pgr_database *d = pgr_databases_get(asker->bench->databases, name);
        enum pgr_reason reason;
        pgr_catalog_unref(pgr_database_catalog(d, 1000, &reason));
        pgr_database_epoch(d);
        pgr_database_conf_epoch(d);
        pgr_database_reload(d, count_atomically, asker->told);
        if (i % 50 == 0)
            pgr_databases_set_staleness(asker->bench->databases, (uint64_t)i * 10000);
    }
}

static void any_thread_may_ask(void **state)
{
    PGR_UNUSED(state);
    struct bench b;
    _Atomic int told = 0;
    struct asker askers[THREADS];
    set_up(&b, UNREACHABLE);
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.bench = &b, .told = &told};
        assert_int_equal(
            pgr_thread_start(&askers[i].thread, "asker", (size_t)1 << 20, ask_a_lot, &askers[i]),
            PGR_OK);
    }
    PUMP_UNTIL(b.loop, atomic_load(&told) == THREADS * ROUNDS);
    for (int i = 0; i < THREADS; i++)
        pgr_thread_join(&askers[i].thread);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_dsn_there_is_no_catalog),
        cmocka_unit_test(a_server_out_of_reach_holds_nobody_up),
        cmocka_unit_test(a_lost_backend_is_given_up_after_a_minute),
        cmocka_unit_test(databases_are_found_by_name),
        cmocka_unit_test(what_is_asked_after_the_end_is_dropped),
        cmocka_unit_test(any_thread_may_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
