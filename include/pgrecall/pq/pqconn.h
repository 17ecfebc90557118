// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * pqconn.h - a libpq connection on a loop: our own side connections. The only user of libpq.
 *
 * Threads  the loop's.
 * Memory   create returns owned; close takes the pointer, no callback afterwards.
 * Errors   every failure is reported once per connect or query with libpq's sentence; a broken
 *          connection fails the queries queued and reconnects only when pgr_pqconn_connect() is
 *          called again.
 */
#include "pgrecall/net/loop.h"

struct pgr_pqconn;

struct pgr_pqconn_options {
    const char *dsn;
    const char *dbname;           /* replaces the DSN's, or NULL */
    const char *application_name; /* "pgrecall" */
    uint64_t connect_timeout_us;
    uint64_t query_timeout_us; /* then the connection is dropped */
};

/* One text-format result; strings are borrowed during the callback. */
struct pgr_pqresult;
int pgr_pqresult_rows(const struct pgr_pqresult *result);
int pgr_pqresult_columns(const struct pgr_pqresult *result);
const char *pgr_pqresult_value(const struct pgr_pqresult *result, int row,
                               int column); /* NULL: SQL NULL */

typedef void pgr_pqconn_ready_fn(void *arg, enum pgr_err err, const char *text);
/* err != 0: text says why, result is NULL. A script of several statements reports each result in
 * turn (`is_last` on the final one or on the error). */
typedef void pgr_pqconn_result_fn(void *arg, enum pgr_err err, const char *text,
                                  const struct pgr_pqresult *result, int index, bool is_last);

struct pgr_pqconn *pgr_pqconn_create(struct pgr_loop *loop,
                                     const struct pgr_pqconn_options *options);
void pgr_pqconn_connect(struct pgr_pqconn *conn, pgr_pqconn_ready_fn *fn, void *arg);
bool pgr_pqconn_is_ready(const struct pgr_pqconn *conn);
/* Queued; simple protocol, so `sql` may hold several statements. Copied. */
void pgr_pqconn_query(struct pgr_pqconn *conn, const char *sql, pgr_pqconn_result_fn *fn,
                      void *arg);
int pgr_pqconn_server_version(const struct pgr_pqconn *conn); /* 150020 */
void pgr_pqconn_close(struct pgr_pqconn **conn);
