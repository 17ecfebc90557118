// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * open_write.h - a write set in flight, from before the message that may commit it to the moment
 *                its outcome is certain.
 *
 * Why      B1: begin before forwarding, end after ReadyForQuery. What cannot be ended there is
 *          ended later, by someone who can find out: a change of definitions after the catalog was
 *          read again, a write whose session was lost after its backend is gone.
 * Threads  a funnel and its open writes belong to one worker's loop.
 * Memory   begin returns owned; end, settle and orphan take the pointer.
 * Errors   none: an open write that is never ended only costs hits.
 */
#include "pgrecall/base/list.h"
#include "pgrecall/cache/authority.h"
#include "pgrecall/catalog/database.h"

struct pgr_funnel {
    struct pgr_loop *loop;
    struct pgr_authority *authority;
    bool begins_late; /* test seam (G22): begin only at the end, after the message was sent */
    struct pgr_list elsewhere; /* open writes that the control thread will settle */
};

void pgr_funnel_init(struct pgr_funnel *funnel, struct pgr_loop *loop,
                     struct pgr_authority *authority);
/* After every loop has ended: frees what was never settled. */
void pgr_funnel_fini(struct pgr_funnel *funnel);

struct pgr_open_write {
    struct pgr_write write; /* magic-free: recovered by container_of in `done` */
    struct pgr_funnel *funnel;
    struct pgr_list node; /* of funnel->elsewhere */
    struct pgr_database *database;
    const struct pgr_relset *relations;
    bool is_begun;               /* acknowledged by the authority */
    bool is_settled;             /* to be ended as soon as it is begun: nobody waits for it */
    bool is_definition;          /* ended only after the catalog was read again */
    bool is_exclusive;           /* stays in flight to the end of the transaction (G8) */
    struct pgr_open_write *next; /* the owner's list */
    pgr_loop_fn *done;
    void *arg;
};

/*
 * Puts `relations` (a reference, taken) in flight. `*answer` LATER: done(arg) follows and the
 * message must wait for it.
 */
struct pgr_open_write *pgr_open_write_begin(struct pgr_funnel *funnel,
                                            struct pgr_database *database,
                                            const struct pgr_relset *relations,
                                            enum pgr_answer *answer, pgr_loop_fn *done, void *arg);

/*
 * It changes definitions: until it was ended and the catalog read again, nothing is resolved in this
 * database. Called before the message is sent.
 */
void pgr_open_write_define(struct pgr_open_write *write);

/*
 * The outcome is known. NOW: ended and freed (or handed to the reload). LATER: done(arg) follows,
 * and ReadyForQuery must wait for it.
 */
enum pgr_answer pgr_open_write_end(struct pgr_open_write *write, pgr_loop_fn *done, void *arg);

/* The session is gone before the outcome was known: ends when backend `pid` is. */
void pgr_open_write_orphan(struct pgr_open_write *write, uint32_t pid);
