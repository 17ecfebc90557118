// SPDX-License-Identifier: PostgreSQL
#include "fake_database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "builder_priv.h"
#include "pgrecall/base/mem.h"

/* ---- the catalog ---- */

#define COLUMNS_MAX 16

struct table {
    size_t count;
    const char *cells[8][COLUMNS_MAX];
};

// clang-format off
static const struct table tables[PGR_QUERY_COUNT] = {
    [PGR_QUERY_IDENTITY] = {1, {
        {"16384", FAKE_SYSTEM, "1", FAKE_START, "f", "150020", "1:1:/f"}}},
    [PGR_QUERY_VERSION] = {1, {{"digest"}}},
    [PGR_QUERY_RELATIONS] = {4, {
        {"16400", "public", "t",   "r", "p", "f", "f", "f", "f"},
        {"16401", "public", "u",   "r", "p", "f", "f", "f", "f"},
        {"16402", "other",  "t",   "r", "p", "f", "f", "f", "f"},
        {"16403", "public", "rls", "r", "p", "t", "f", "f", "f"}}},
    [PGR_QUERY_FUNCTIONS] = {2, {
        {"65",   "int4eq", "i", "b", "f"},
        {"1299", "now",    "s", "b", "f"}}},
    [PGR_QUERY_OPERATORS] = {1, {{"=", "65", "t"}}},
    [PGR_QUERY_SETTINGS] = {1, {{"app.of_role"}}},
};
// clang-format on

static const char *cell(const void *self, int row, int column)
{
    const struct table *table = self;
    return table->cells[row][column];
}

static uint32_t slot_of(void *arg, uint32_t database_id, uint32_t oid)
{
    return pgr_versions_slot(arg, database_id, oid);
}

static struct pgr_catalog *build(struct pgr_databases *databases, uint32_t database_id)
{
    struct pgr_builder *builder = pgr_builder_create();
    for (int q = 0; q < PGR_QUERY_COUNT; q++) {
        struct pgr_rows rows = {&tables[q], cell, (int)tables[q].count, pgr_queries[q].columns};
        if (pgr_builder_take(builder, (enum pgr_query)q, &rows) != PGR_OK)
            fail_msg("rows of query %s", pgr_queries[q].name);
    }
    struct pgr_builder_target target = {.epoch = ++databases->last_epoch,
                                        .database_id = database_id,
                                        .slot_of = slot_of,
                                        .arg = databases->versions};
    struct pgr_catalog *catalog = pgr_builder_finish(builder, &target);
    assert_non_null(catalog);
    pgr_builder_destroy(&builder);
    return catalog;
}

/* ---- what the test does with it ---- */

void fake_databases_init(struct pgr_databases *databases, struct pgr_versions *versions)
{
    *databases = (struct pgr_databases){.versions = versions};
}

void fake_databases_fini(struct pgr_databases *databases)
{
    for (size_t i = 0; i < databases->count; i++) {
        assert_int_equal(databases->items[i].call_count, 0);
        assert_int_equal(databases->items[i].users, 0);
        assert_int_equal(databases->items[i].definitions, 0);
        pgr_relset_unref(databases->items[i].all);
        pgr_catalog_unref(databases->items[i].catalog);
    }
}

void fake_database_renew(struct pgr_database *database)
{
    pgr_catalog_unref(database->catalog);
    database->catalog = build(database->registry, database->id);
}

void fake_database_withdraw(struct pgr_database *database, enum pgr_reason reason)
{
    pgr_catalog_unref(database->catalog);
    database->catalog = NULL;
    database->reason = reason;
}

void fake_database_answer(struct pgr_database *database, uint32_t pid)
{
    size_t i = 0;
    while (i < database->call_count && database->calls[i].pid != pid)
        i++;
    if (i == database->call_count)
        fail_msg("nobody waits for %s %u", pid ? "the end of backend" : "a reload", pid);
    struct fake_call call = database->calls[i];
    database->call_count--;
    memmove(&database->calls[i], &database->calls[i + 1],
            (database->call_count - i) * sizeof(database->calls[0]));
    if (pid == 0)
        fake_database_renew(database);
    call.fn(call.arg);
}

size_t fake_database_awaited(const struct pgr_database *database, uint32_t pid)
{
    size_t count = 0;
    for (size_t i = 0; i < database->call_count; i++)
        count += database->calls[i].pid == pid;
    return count;
}

uint32_t fake_database_slot(const struct pgr_database *database, uint32_t oid)
{
    return pgr_versions_slot(database->registry->versions, database->id, oid);
}

/* ---- catalog/database.h ---- */

struct pgr_database *pgr_databases_get(struct pgr_databases *databases, const char *name)
{
    for (size_t i = 0; i < databases->count; i++)
        if (strcmp(databases->items[i].name, name) == 0)
            return &databases->items[i];
    assert_true(databases->count < PGR_ARRAY_LEN(databases->items));
    struct pgr_database *database = &databases->items[databases->count++];
    *database = (struct pgr_database){.registry = databases,
                                      .id = (uint32_t)databases->count,
                                      .reason = PGR_REASON_NO_SERVICE_CONNECTION};
    (void)snprintf(database->name, sizeof(database->name), "%s", name);
    uint32_t all = pgr_versions_slot(databases->versions, database->id, 0);
    database->all = pgr_relset_create(&all, 1);
    if (!databases->is_without_service)
        fake_database_renew(database);
    return database;
}

void pgr_database_enter(struct pgr_database *database)
{
    database->users++;
}

void pgr_database_leave(struct pgr_database *database)
{
    assert_true(--database->users >= 0);
}

void pgr_database_definition_begins(struct pgr_database *database)
{
    database->definitions++;
}

void pgr_database_definition_ends(struct pgr_database *database)
{
    assert_true(--database->definitions >= 0);
}

const char *pgr_database_name(const struct pgr_database *database)
{
    return database->name;
}

uint32_t pgr_database_id(const struct pgr_database *database)
{
    return database->id;
}

const struct pgr_relset *pgr_database_all(const struct pgr_database *database)
{
    return database->all;
}

struct pgr_catalog *pgr_database_catalog(struct pgr_database *database, uint64_t now_us,
                                         enum pgr_reason *reason)
{
    PGR_UNUSED(now_us);
    bool is_there = database->catalog != NULL;
    *reason = is_there                    ? PGR_REASON_NONE
              : database->catalog != NULL ? PGR_REASON_CATALOG_UNAVAILABLE
                                          : database->reason;
    return is_there ? pgr_catalog_ref(database->catalog) : NULL;
}

uint64_t pgr_database_epoch(const struct pgr_database *database)
{
    return database->catalog ? database->catalog->epoch : 0;
}

uint64_t pgr_database_conf_epoch(const struct pgr_database *database)
{
    return database->conf_epoch;
}

static void await(struct pgr_database *database, struct fake_call call)
{
    assert_true(database->call_count < FAKE_CALLS_MAX);
    database->calls[database->call_count++] = call;
}

void pgr_database_reload(struct pgr_database *database, pgr_loop_fn *fn, void *arg)
{
    await(database, (struct fake_call){fn, arg, 0});
}

void pgr_database_await_backend_end(struct pgr_database *database, uint32_t pid, pgr_loop_fn *fn,
                                    void *arg)
{
    assert_true(pid != 0);
    await(database, (struct fake_call){fn, arg, pid});
}

bool pgr_database_is_changing(const struct pgr_database *database)
{
    return database->definitions > 0;
}
