// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * replies_priv.h - the reply queue: what the server still owes, in the order it was asked.
 *
 * Why      requests are answered in order whoever answers them. Each message sent upstream that has
 *          an answer of its own puts one expectation here; each answer is matched with the front of
 *          the queue and thereby known to be the client's, or ours to swallow. Nothing is a flag.
 * Threads  the session's; pure: no I/O.
 * Memory   a ring that doubles; what an expectation owns is released by `finish`.
 * Errors   an answer that fits nothing is SURPRISE: the session then only passes bytes on.
 * Source   PostgreSQL's message flow (protocol-flow) and its rule that after an error of an
 *          extended message everything up to Sync is skipped.
 */
#include "capture_priv.h"
#include "pgrecall/base/buf.h"
#include "pgrecall/inval/open_write.h"
#include "pgrecall/metrics/types.h"
#include "pgrecall/sql/stmt.h"
#include "prepared_priv.h"

enum pgr_op_owner {
    PGR_OP_CLIENT, /* answers go to the client */
    PGR_OP_PROBE,  /* the session probe's: read and swallowed */
    PGR_OP_REPLAY, /* a Parse or Close the client was told of before: swallowed, errors are not */
};

/* A call as the log line counts it: one simple Query, one Execute. */
struct pgr_call_note {
    struct pgr_stmt *stmt; /* a reference; NULL when there is nothing to count */
    enum pgr_outcome outcome;
    enum pgr_reason reason;
    uint64_t start_us;
    bool is_error;
};

struct pgr_op {
    uint8_t type;   /* of the frontend message: P B D E C S Q F, or 'c' for CopyDone and CopyFail */
    uint8_t target; /* Describe: 'S' or 'P' */
    enum pgr_op_owner owner;
    struct pgr_capture *capture;   /* a reference */
    struct pgr_prepared *prepared; /* Parse: a reference to what it defines */
    struct pgr_open_write *writes; /* Sync, Query, Execute: begun sets that its outcome ends */
    struct pgr_call_note note;
};

enum pgr_op_end {
    PGR_OP_ANSWERED,
    PGR_OP_FAILED,  /* its answer was an error */
    PGR_OP_SKIPPED, /* the server skipped it after an error, or ignored it in COPY */
};

enum pgr_route {
    PGR_ROUTE_CLIENT,
    PGR_ROUTE_SWALLOW,
    PGR_ROUTE_SURPRISE,
};

/* Called for each expectation that leaves the queue; releases what it owns. */
typedef void pgr_op_finish_fn(void *arg, struct pgr_op *op, enum pgr_op_end end);

struct pgr_replies {
    struct pgr_op *ring;
    size_t cap; /* power of two */
    size_t head;
    size_t count;
    size_t visible;   /* expectations that are the client's */
    bool is_skipping; /* the server skips to the next Sync, none of which is in the queue yet */
    bool in_copy_in;  /* CopyInResponse came for the front expectation */
    pgr_op_finish_fn *finish;
    void *arg;
};

void pgr_replies_init(struct pgr_replies *r, pgr_op_finish_fn *finish, void *arg);
/* Finishes everything left as SKIPPED. */
void pgr_replies_fini(struct pgr_replies *r);

/* Takes what op owns. While the server skips, only Sync is kept; the rest is finished at once. */
void pgr_replies_push(struct pgr_replies *r, const struct pgr_op *op);

/* The expectation that the next answer belongs to, or NULL. */
struct pgr_op *pgr_replies_front(const struct pgr_replies *r);
/* The expectation that the next ReadyForQuery closes, or NULL. */
struct pgr_op *pgr_replies_closing(const struct pgr_replies *r);

/*
 * Matches one message of the server (not 'R', 'K') and finishes what it completes. 'N', 'S' and 'A'
 * come at any time and are always the client's.
 */
enum pgr_route pgr_replies_accept(struct pgr_replies *r, uint8_t type);
