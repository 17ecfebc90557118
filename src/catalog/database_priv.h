// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * database_priv.h - what database.c (any thread) and side.c, waits.c (control loop) share.
 *
 * Threads  `lock` guards catalog, fresh_us and inbox; the rest of a database is fixed at creation,
 * or belongs to the control loop (`side`). Memory   the registry's.
 */
#include "pgrecall/base/list.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/catalog/database.h"

struct pgr_side;
struct pgr_waits;

struct pgr_databases {
    struct pgr_databases_options options;
    char *service_dsn; /* NULL: none */
    _Atomic uint64_t staleness_us;
    _Atomic uint64_t last_epoch;
    bool is_closed; /* the control loop's */

    struct pgr_mutex lock; /* of what follows */
    struct pgr_database **items;
    size_t count;
};

/* Asked from any thread, served on the control loop. */
struct pgr_db_request {
    struct pgr_list node;
    bool is_reload; /* else: the end of backend `pid` is awaited */
    uint32_t pid;
    pgr_loop_fn *fn;
    void *arg;
};

struct pgr_database {
    struct pgr_databases *registry;
    char *name;
    uint32_t id;
    bool has_side; /* a side connection is kept */
    struct pgr_relset *all;
    _Atomic uint64_t epoch; /* of catalog; 0 while there is none */
    _Atomic uint64_t conf_epoch;
    _Atomic uint32_t users;       /* sessions */
    _Atomic uint32_t definitions; /* changes of definitions under way */

    struct pgr_mutex lock;
    struct pgr_catalog *catalog;
    uint64_t fresh_us;     /* when the last question was sent that found the catalog in force */
    struct pgr_list inbox; /* of struct pgr_db_request */

    struct pgr_side *side; /* made and used on the control loop */
};

/* Takes the reference; `sent_us` is when the load began. */
void pgr_database_publish(struct pgr_database *database, struct pgr_catalog *catalog,
                          uint64_t sent_us);
void pgr_database_withdraw(struct pgr_database *database);
void pgr_database_confirm(struct pgr_database *database, uint64_t sent_us);
void pgr_db_requests_free(struct pgr_list *requests);

/* side.c: the connection of one database. */
struct pgr_side *pgr_side_create(struct pgr_database *database);
void pgr_side_destroy(struct pgr_side **side);
void pgr_side_take(struct pgr_side *side, struct pgr_db_request *request); /* owned */
/* A poll is due now. */
void pgr_side_look(struct pgr_side *side);
/* The first session came, or the last one left. */
void pgr_side_note_users(struct pgr_side *side);
/* The staleness bound changed: polls follow. */
void pgr_side_rearm(struct pgr_side *side);
/* For waits.c: NULL while the connection is down or busy; a turn taken must be given back. */
struct pgr_pqconn *pgr_side_begin_turn(struct pgr_side *side);
void pgr_side_end_turn(struct pgr_side *side);
void pgr_side_fail(struct pgr_side *side, const char *text);
bool pgr_side_is_up(const struct pgr_side *side);
/* Some activity might be due: begins it if the connection is free. */
void pgr_side_step(struct pgr_side *side);

/* waits.c: backends whose end is awaited. */
struct pgr_waits *pgr_waits_create(struct pgr_database *database);
void pgr_waits_destroy(struct pgr_waits **waits);
void pgr_waits_add(struct pgr_waits *waits, struct pgr_db_request *request); /* owned */
/* Asks if it is time to, with the side's turn; returns whether it asked. */
bool pgr_waits_ask(struct pgr_waits *waits);
bool pgr_waits_any(const struct pgr_waits *waits);
/* The connection was lost while it asked. */
void pgr_waits_forget_question(struct pgr_waits *waits);
