// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * database.h - the databases behind this proxy: one side connection each, its catalog snapshot,
 *              its reloads, its polls.
 *
 * Why      the control thread keeps each snapshot fresh; sessions only take references.
 * Threads  pgr_databases_get() and everything marked [any] from any thread; the work is the control
 *          loop's.
 * Memory   databases live as long as the registry. At most PGR_DATABASES_MAX have a side
 *          connection; later names get none (their catalog stays NULL).
 * Errors   a failing side connection is logged once per state change and retried with back-off
 *          (250 ms doubling to 10 s, with jitter); meanwhile, after `max_staleness` without a
 *          successful poll, pgr_database_catalog() gives NULL.
 */
#include "pgrecall/catalog/snapshot.h"
#include "pgrecall/net/loop.h"

#define PGR_DATABASES_MAX 16

struct pgr_databases;
struct pgr_database;

struct pgr_databases_options {
    struct pgr_loop *loop;   /* the control loop */
    const char *service_dsn; /* NULL or "": none; then every catalog is NULL */
    uint64_t connect_timeout_us;
    /* Gives the version slot of a relation; oid 0 is ALL. */
    uint32_t (*slot_of)(void *arg, uint32_t database_id, uint32_t oid);
    /* Called on the control loop when a new snapshot was published because something changed
     * outside (not by pgr_database_reload): bumps ALL. */
    void (*changed)(void *arg, struct pgr_database *database, const struct pgr_catalog *catalog);
    void *arg;
};

struct pgr_databases *pgr_databases_create(const struct pgr_databases_options *options);
/* On the control loop, before it stops. */
void pgr_databases_close(struct pgr_databases *databases);
void pgr_databases_destroy(struct pgr_databases **databases); /* after the loop ended */

/*
 * [any] The catalog is polled (D9, gated on pg_current_snapshot()) every max_staleness / 2; reload
 * of settings calls this again. Below 400 ms it is 400 ms, above two minutes polls stay a minute
 * apart.
 */
void pgr_databases_set_staleness(struct pgr_databases *databases, uint64_t max_staleness_us);

/* [any] Found or made by name; a new one starts loading. Borrowed for the registry's life. */
struct pgr_database *pgr_databases_get(struct pgr_databases *databases, const char *name);
/*
 * [any] A session of this database begins and ends. Three seconds after the last one ended the side
 * connection is closed and the catalog withdrawn: an idle connection of ours would stand in the way
 * of DROP DATABASE, which waits five seconds for others to leave.
 */
void pgr_database_enter(struct pgr_database *database);
void pgr_database_leave(struct pgr_database *database);
const char *pgr_database_name(const struct pgr_database *database);
uint32_t pgr_database_id(const struct pgr_database *database);
/* [any] The set { ALL } of this database: what an opaque write changes. Borrowed. */
const struct pgr_relset *pgr_database_all(const struct pgr_database *database);
/* [any] A reference to the snapshot in force, or NULL with *reason (NO_SERVICE_CONNECTION,
 * CATALOG_UNAVAILABLE). now_us judges its staleness. */
struct pgr_catalog *pgr_database_catalog(struct pgr_database *database, uint64_t now_us,
                                         enum pgr_reason *reason);
/* [any] Its epoch without taking a reference; 0 if none. */
uint64_t pgr_database_epoch(const struct pgr_database *database);
/* [any] Counts pg_conf_load_time() changes seen by the poll: a session that learned its settings
 * under another count learns them again. */
uint64_t pgr_database_conf_epoch(const struct pgr_database *database);

/* [any] A change of definitions is under way, from before it is sent until the catalog was read. */
void pgr_database_definition_begins(struct pgr_database *database);
void pgr_database_definition_ends(struct pgr_database *database);
/* [any] While any is, what a write changes cannot be resolved. Reads get no token then: ALL is in
 * flight. */
bool pgr_database_is_changing(const struct pgr_database *database);

/*
 * [any] Definitions changed through us: loads a snapshot that began after this call, publishes it,
 * then calls fn(arg) on the control loop. While it cannot be loaded the catalog is NULL and fn is
 * called all the same, after the old snapshot was withdrawn.
 */
void pgr_database_reload(struct pgr_database *database, pgr_loop_fn *fn, void *arg);

/*
 * [any] Calls fn(arg) on the control loop once backend `pid` is known to have ended (absent from
 * pg_stat_activity, polled; or the server restarted). Without a side connection: after the catalog
 * was withdrawn for good measure, never before 60 s.
 */
void pgr_database_await_backend_end(struct pgr_database *database, uint32_t pid, pgr_loop_fn *fn,
                                    void *arg);
