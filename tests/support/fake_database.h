// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * fake_database.h - the functions of catalog/database.h without a side connection: linked before
 *                   pgr_catalog, they take the place of the real ones.
 *
 * Why      the test says which catalog is in force, when it is read again and which backends are
 *          gone. The snapshot itself is laid out by the real builder.
 * Threads  one.
 * Memory   the registry is the caller's; init and fini.
 * Errors   fails the running test.
 *
 * The catalog: public.t (oid 16400) and public.u (16401), both (id int, v text); other.t (16402);
 * public.rls (16403) with row security; the operator = and the function now().
 */
#include "pgrecall/cache/versions.h"
#include "pgrecall/catalog/database.h"

#define FAKE_SYSTEM   "7000000000000000001"
#define FAKE_TIMELINE 1
#define FAKE_START    "2026-01-31T23:59:59.123456Z"

#define FAKE_OID_T     16400
#define FAKE_OID_U     16401
#define FAKE_CALLS_MAX 32

struct fake_call {
    pgr_loop_fn *fn;
    void *arg;
    uint32_t pid; /* 0: a reload */
};

struct pgr_database {
    struct pgr_databases *registry;
    char name[64];
    uint32_t id;
    struct pgr_relset *all;
    struct pgr_catalog *catalog; /* NULL: none, for `reason` */
    enum pgr_reason reason;
    uint64_t conf_epoch;
    struct fake_call calls[FAKE_CALLS_MAX]; /* reloads and ends of backends that are awaited */
    size_t call_count;
    int users;
    int definitions; /* under way: nothing written is resolved meanwhile */
};

struct pgr_databases {
    struct pgr_versions *versions;
    struct pgr_database items[4];
    size_t count;
    uint64_t last_epoch;
    bool is_without_service; /* databases made from now on have no catalog */
};

void fake_databases_init(struct pgr_databases *databases, struct pgr_versions *versions);
void fake_databases_fini(struct pgr_databases *databases);
/* A snapshot with a new epoch takes the place of the one in force. */
void fake_database_renew(struct pgr_database *database);
void fake_database_withdraw(struct pgr_database *database, enum pgr_reason reason);
/* Answers the oldest reload (pid 0, after renewing) or the oldest wait for this backend. */
void fake_database_answer(struct pgr_database *database, uint32_t pid);
size_t fake_database_awaited(const struct pgr_database *database, uint32_t pid);
/* The slot of relation `oid`. */
uint32_t fake_database_slot(const struct pgr_database *database, uint32_t oid);
