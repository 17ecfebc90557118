// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * pqconn_priv.h - what pqconn.c (the connection) and pqquery.c (its queue of queries) share.
 *
 * Threads  the loop's.
 * Memory   the struct is freed when it is closed and no callback of it is on the stack.
 */
#include <libpq-fe.h>

#include "pgrecall/base/list.h"
#include "pgrecall/pq/pqconn.h"

#define PGR_PQCONN_MAGIC 0x70716331u

enum pgr_pq_state {
    PGR_PQ_IDLE,       /* not connected; also after a failure */
    PGR_PQ_CONNECTING, /* PQconnectPoll() is under way */
    PGR_PQ_READY,
};

struct pgr_pq_query {
    struct pgr_list node;
    char *sql;
    pgr_pqconn_result_fn *fn;
    void *arg;
};

struct pgr_pqconn {
    uint32_t magic; /* crosses libpq as the argument of its notice processor */
    struct pgr_loop *loop;
    enum pgr_pq_state state;
    bool is_closed;
    unsigned depth; /* callbacks of ours on the stack */

    char *dsn;
    char *dbname;
    char *application_name;
    uint64_t connect_timeout_ms;
    uint64_t query_timeout_ms;

    PGconn *pg;
    struct pgr_poll *poll;
    struct pgr_timer *deadline; /* of the connect or the query under way */
    struct pgr_timer *soon;     /* failures found inside a call are reported on the next turn */

    pgr_pqconn_ready_fn *ready_fn; /* NULL once reported */
    void *ready_arg;
    char *failure; /* sentence of a failure not yet reported */

    struct pgr_list queue; /* of struct pgr_pq_query; the first is under way if is_busy */
    bool is_busy;
    PGresult *held; /* a result is reported when it is known whether it is the last */
    int next_index;
};

/* Bracket each call of a user's function. leave() returns false when the connection is gone. */
void pgr_pq_enter(struct pgr_pqconn *conn);
bool pgr_pq_leave(struct pgr_pqconn *conn);

/* Drops the connection, fails what is queued with this sentence. */
void pgr_pq_break(struct pgr_pqconn *conn, enum pgr_err err, const char *text);
/* … with libpq's sentence of now. */
void pgr_pq_break_by_libpq(struct pgr_pqconn *conn);
/* The same on the next turn: inside a call of the user's. */
void pgr_pq_break_soon(struct pgr_pqconn *conn);

/* The queue: sends the next query if none is under way; the socket is readable or writable. */
void pgr_pq_send_next(struct pgr_pqconn *conn);
void pgr_pq_on_socket(struct pgr_pqconn *conn, int events);
/* Reports this failure to each query queued so far; false when the connection was closed meanwhile.
 */
bool pgr_pq_fail_queue(struct pgr_pqconn *conn, enum pgr_err first, const char *text);
/* Forgets the queue without a word. */
void pgr_pq_drop_queue(struct pgr_pqconn *conn);
