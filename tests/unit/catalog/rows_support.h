// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * rows_support.h - the answers of a small server as tables, to be fed to a builder.
 *
 * Why      each test states the few rows it is about; the rest is a database with next to nothing.
 * Threads  one.   Memory  static tables.   Errors  fail the running test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "builder_priv.h"
#include "pgrecall/base/mem.h"

/* `cells` holds count rows one after another. */
struct table {
    const char *const *cells;
    int count;
    int columns;
};

#define TABLE(name, width) ((struct table){&(name)[0][0], (int)PGR_ARRAY_LEN(name), (width)})

struct database {
    struct table tables[PGR_QUERY_COUNT];
};

static const char *table_value(const void *self, int row, int column)
{
    const struct table *table = self;
    return table->cells[row * table->columns + column];
}

static inline struct pgr_rows rows_of(const struct table *table)
{
    return (struct pgr_rows){table, table_value, table->count, table->columns};
}

// clang-format off
static const char *const identity_row[][7] = {
    {"5", "7000000000000000001", "3", "2026-01-31T23:59:59.123456Z", "f", "150020", "10:10:/f"}};
static const char *const version_row[][1] = {{"digest"}};
static const char *const system_rows[][2] = {
    {"pg_catalog", "pg_class"}, {"information_schema", "tables"}};
static const char *const function_rows[][5] = {
    {"10", "upper", "i", "b", NULL}, {"11", "now", "s", "b", NULL},
    {"12", "to_char", "s", "b", "f"}, {"13", "random", "v", "b", NULL},
    {"14", "query_to_xml", "v", "b", "f"}, {"15", "set_config", "v", "b", "f"},
    {"16", "pg_advisory_lock", "v", "b", "f"}, {"17", "table_to_xml", "s", "b", "f"},
    {"18", "pg_promote", "v", "b", "f"}, {"19", "ts_stat", "i", "b", "f"}, {"20", "distance", "i", "c", "f"},
    {"21", "crosstab", "s", "c", "f"}, {"30", "mine", "i", "u", "f"},
    {"31", "tablefunc", "v", "u", "t"}};
// clang-format on

static inline struct database small_database(void)
{
    struct database db = {.tables = {{0}}};
    for (int q = 0; q < PGR_QUERY_COUNT; q++)
        db.tables[q].columns = pgr_queries[q].columns;
    db.tables[PGR_QUERY_IDENTITY] = TABLE(identity_row, 7);
    db.tables[PGR_QUERY_VERSION] = TABLE(version_row, 1);
    db.tables[PGR_QUERY_SYSTEM] = TABLE(system_rows, 2);
    db.tables[PGR_QUERY_FUNCTIONS] = TABLE(function_rows, 5);
    return db;
}

/* The slot of a relation is its oid. */
static inline uint32_t slot_is_oid(void *arg, uint32_t database_id, uint32_t oid)
{
    PGR_UNUSED(arg);
    PGR_UNUSED(database_id);
    return oid;
}

static const struct pgr_builder_target test_target = {
    .epoch = 9, .database_id = 2, .slot_of = slot_is_oid};

/* NULL when memory is short, which only tests that ask for it see. */
static inline struct pgr_catalog *try_build(const struct database *db)
{
    struct pgr_builder *builder = pgr_builder_create();
    struct pgr_catalog *catalog = NULL;
    enum pgr_err err = PGR_OK;
    for (int q = 0; q < PGR_QUERY_COUNT && err == PGR_OK; q++) {
        struct pgr_rows rows = rows_of(&db->tables[q]);
        err = pgr_builder_take(builder, (enum pgr_query)q, &rows);
        assert_int_not_equal(err, PGR_ERR_INVALID);
    }
    if (err == PGR_OK)
        catalog = pgr_builder_finish(builder, &test_target);
    pgr_builder_destroy(&builder);
    return catalog;
}

static inline struct pgr_catalog *build(const struct database *db)
{
    struct pgr_catalog *catalog = try_build(db);
    assert_non_null(catalog);
    return catalog;
}

static inline const struct pgr_relation *find(const struct pgr_catalog *catalog, const char *name)
{
    static const char *const schemas[] = {"s"};
    const struct pgr_search_path path = {schemas, 1};
    bool is_system;
    return pgr_catalog_relation(catalog, &path, NULL, name, &is_system);
}
