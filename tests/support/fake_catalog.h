// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * fake_catalog.h - a catalog snapshot from tables in a test, laid out by the real builder.
 *
 * Why      closures, worst cases by name and what views do are then what a server would give.
 * Threads  one.   Memory  the caller unrefs the snapshot.   Errors  fail the running test.
 *
 * A row is one string with semicolons between its columns, as the query of that name promises them;
 * a lone ~ is NULL. The slot of a relation is its oid, and ALL is slot 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "builder_priv.h"

#define FAKE_COLUMNS_MAX 12
#define FAKE_CELL_MAX    512

/* The rows of one query. */
struct fake_table {
    const char *const *rows;
    size_t count;
    size_t columns;
    char cell[FAKE_COLUMNS_MAX][FAKE_CELL_MAX]; /* of the row last asked for */
};

static inline const char *fake_value(const void *self, int row, int column)
{
    struct fake_table *table = (struct fake_table *)(uintptr_t)self;
    const char *at = table->rows[row];
    for (int i = 0; i < column; i++)
        at = strchr(at, ';') ? strchr(at, ';') + 1 : "";
    size_t len = strcspn(at, ";");
    assert_true(len < FAKE_CELL_MAX && column < FAKE_COLUMNS_MAX);
    memcpy(table->cell[column], at, len);
    table->cell[column][len] = '\0';
    return strcmp(table->cell[column], "~") == 0 ? NULL : table->cell[column];
}

static inline uint32_t fake_slot(void *arg, uint32_t database_id, uint32_t oid)
{
    PGR_UNUSED(arg);
    PGR_UNUSED(database_id);
    return oid;
}

/* tables[q] are the rows of query q; IDENTITY and VERSION are filled in when they have none. */
static inline struct pgr_catalog *fake_catalog(const struct fake_table tables[PGR_QUERY_COUNT])
{
    static const char *const identity[] = {"5;7000000000000000001;1;2026-01-01T00:00:00.000000Z;f;"
                                           "150020;1:1:"};
    static const char *const version[] = {"digest"};
    struct pgr_builder *builder = pgr_builder_create();
    for (int q = 0; q < PGR_QUERY_COUNT; q++) {
        struct fake_table table = tables[q];
        if (q == PGR_QUERY_IDENTITY && table.count == 0)
            table = (struct fake_table){.rows = identity, .count = 1};
        if (q == PGR_QUERY_VERSION && table.count == 0)
            table = (struct fake_table){.rows = version, .count = 1};
        struct pgr_rows rows = {.self = &table,
                                .value = fake_value,
                                .count = (int)table.count,
                                .columns = pgr_queries[q].columns};
        if (pgr_builder_take(builder, (enum pgr_query)q, &rows) != PGR_OK)
            fail_msg("rows of query %s", pgr_queries[q].name);
    }
    struct pgr_builder_target target = {.epoch = 1, .database_id = 1, .slot_of = fake_slot};
    struct pgr_catalog *catalog = pgr_builder_finish(builder, &target);
    assert_non_null(catalog);
    pgr_builder_destroy(&builder);
    return catalog;
}

/* "0,101,102"; "-" for NULL. Static. */
static inline const char *fake_slots(const struct pgr_relset *set)
{
    static char text[1024];
    size_t len = 0;
    if (set == NULL)
        return "-";
    text[0] = '\0';
    for (uint32_t i = 0; i < set->count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%u", i ? "," : "", set->slots[i]);
        assert_true(len < sizeof text);
    }
    return text;
}
