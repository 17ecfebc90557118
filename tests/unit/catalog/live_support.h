// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * live_support.h - a registry over a real server, and a superuser to change things with.
 *
 * Why      the slot of a relation is its oid here, so that sets can be read back as names.
 * Threads  one.   Memory  the test's.   Errors  fail the running test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/catalog/database.h"
#include "pgrecall/pq/pqconn.h"
#include "pump.h"

#define STALENESS_US ((uint64_t)800 * 1000)

struct live {
    const char *super_dsn;
    const char *service_dsn;
    struct pgr_loop *loop;
    struct pgr_pqconn *super;
    struct pgr_databases *databases;
    struct pgr_database *database;
    int changes; /* calls of options.changed */
};

static uint32_t live_slot(void *arg, uint32_t database_id, uint32_t oid)
{
    PGR_UNUSED(arg);
    PGR_UNUSED(database_id);
    return oid;
}

static void live_changed(void *arg, struct pgr_database *database,
                         const struct pgr_catalog *catalog)
{
    struct live *live = arg;
    assert_ptr_equal(database, live->database);
    assert_int_equal(pgr_database_epoch(database), catalog->epoch);
    live->changes++;
}

static void live_count(void *arg)
{
    ++*(int *)arg;
}

/* ---- the superuser ---- */

struct live_answer {
    bool is_done;
    enum pgr_err err;
    char text[256];
    char value[256]; /* first column of the last row of the last result */
};

static void live_on_ready(void *arg, enum pgr_err err, const char *text)
{
    struct live_answer *answer = arg;
    answer->is_done = true;
    answer->err = err;
    snprintf(answer->text, sizeof(answer->text), "%s", text ? text : "");
}

static void live_on_result(void *arg, enum pgr_err err, const char *text,
                           const struct pgr_pqresult *result, int index, bool is_last)
{
    struct live_answer *answer = arg;
    PGR_UNUSED(index);
    answer->err = err;
    snprintf(answer->text, sizeof(answer->text), "%s", text ? text : "");
    int rows = result ? pgr_pqresult_rows(result) : 0;
    if (rows > 0) {
        const char *value = pgr_pqresult_value(result, rows - 1, 0);
        snprintf(answer->value, sizeof(answer->value), "%s", value ? value : "");
    }
    answer->is_done = is_last;
}

static void live_connect_super(struct live *live)
{
    struct live_answer answer = {0};
    if (live->super == NULL)
        live->super = pgr_pqconn_create(live->loop,
                                        &(struct pgr_pqconn_options){.dsn = live->super_dsn,
                                                                     .connect_timeout_us = 10000000,
                                                                     .query_timeout_us = 10000000});
    pgr_pqconn_connect(live->super, live_on_ready, &answer);
    PUMP_UNTIL(live->loop, answer.is_done);
    if (answer.err)
        fail_msg("superuser: %s", answer.text);
}

/* Runs a script out of band; returns its last value (static). */
static const char *live_sql(struct live *live, const char *sql)
{
    static struct live_answer answer;
    answer = (struct live_answer){0};
    pgr_pqconn_query(live->super, sql, live_on_result, &answer);
    PUMP_UNTIL(live->loop, answer.is_done);
    if (answer.err)
        fail_msg("%s: %.300s", answer.text, sql);
    return answer.value;
}

/* ---- the catalog ---- */

static void live_reload(struct live *live)
{
    int told = 0;
    pgr_database_reload(live->database, live_count, &told);
    PUMP_UNTIL(live->loop, told == 1);
}

/* As DDL through the proxy: the script, then a reload. */
static void live_define(struct live *live, const char *sql)
{
    live_sql(live, sql);
    live_reload(live);
}

static struct pgr_catalog *live_try_catalog(struct live *live)
{
    enum pgr_reason reason;
    return pgr_database_catalog(live->database, pgr_loop_clock_us(live->loop), &reason);
}

/* Waits for one; the caller unrefs. */
static struct pgr_catalog *live_catalog(struct live *live)
{
    struct pgr_catalog *catalog = NULL;
    PUMP_UNTIL(live->loop, (catalog = live_try_catalog(live)) != NULL);
    return catalog;
}

static const struct pgr_relation *live_relation(const struct pgr_catalog *catalog, const char *name)
{
    static const char *const schemas[] = {"app"};
    bool is_system;
    const struct pgr_search_path path = {schemas, 1};
    const struct pgr_relation *relation =
        pgr_catalog_relation(catalog, &path, NULL, name, &is_system);
    if (relation == NULL)
        fail_msg("no relation app.%s", name);
    return relation;
}

/* A set is exactly the relations of app named in `names`, separated by spaces; "*" is everything.
 */
static void live_assert_set(const struct pgr_catalog *catalog, const struct pgr_relset *set,
                            const char *names, const char *what)
{
    if (strcmp(names, "*") == 0 || set == NULL) {
        if (set != NULL || strcmp(names, "*") != 0)
            fail_msg("%s: is %s, not %s", what, set ? "a set" : "everything", names);
        return;
    }
    char copy[256];
    snprintf(copy, sizeof(copy), "%s", names);
    size_t count = 0;
    for (char *at = NULL, *word = strtok_r(copy, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
        if (!pgr_relset_has(set, live_relation(catalog, word)->slot))
            fail_msg("%s: lacks %s", what, word);
        count++;
    }
    if (set->count != count)
        fail_msg("%s: has %u relations, not those %zu", what, (unsigned)set->count, count);
}

/* One row of the tables in live_test.c. */
struct live_case {
    const char *name;
    enum pgr_reason block;
    const char *reads;
    const char *writes;
};

static void live_assert_cases(struct live *live, const struct live_case *cases, size_t count)
{
    struct pgr_catalog *catalog = live_catalog(live);
    for (size_t i = 0; i < count; i++) {
        const struct pgr_relation *relation = live_relation(catalog, cases[i].name);
        char what[80];
        if (relation->read_block != cases[i].block)
            fail_msg("%s: %s, not %s", cases[i].name, pgr_reason_name(relation->read_block),
                     pgr_reason_name(cases[i].block));
        snprintf(what, sizeof(what), "reads of %s", cases[i].name);
        live_assert_set(catalog, relation->reads, cases[i].reads, what);
        snprintf(what, sizeof(what), "writes of %s", cases[i].name);
        live_assert_set(catalog, relation->writes, cases[i].writes, what);
    }
    pgr_catalog_unref(catalog);
}
