// SPDX-License-Identifier: PostgreSQL
/*
 * The queue of queries of one connection: the first is under way, its results come one by one.
 *
 * Whether a result is the last of its script is known only when libpq yields the next thing, so
 * each is held back by one.
 */
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pqconn_priv.h"

static struct pgr_pq_query *first_query(struct pgr_pqconn *conn)
{
    return pgr_container_of(conn->queue.next, struct pgr_pq_query, node);
}

static void free_query(struct pgr_pq_query *query)
{
    pgr_list_remove(&query->node);
    pgr_free(query->sql);
    pgr_free(query);
}

void pgr_pq_drop_queue(struct pgr_pqconn *conn)
{
    while (!pgr_list_is_empty(&conn->queue))
        free_query(first_query(conn));
    conn->is_busy = false;
}

void pgr_pqconn_query(struct pgr_pqconn *conn, const char *sql, pgr_pqconn_result_fn *fn, void *arg)
{
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    struct pgr_pq_query *query = pgr_new(struct pgr_pq_query);
    query->sql = pgr_strdup(sql);
    query->fn = fn;
    query->arg = arg;
    pgr_list_push_back(&conn->queue, &query->node);
    if (conn->state == PGR_PQ_READY)
        pgr_pq_send_next(conn);
    else if (conn->state == PGR_PQ_IDLE)
        pgr_timer_start(conn->soon, 0, 0);
}

bool pgr_pq_fail_queue(struct pgr_pqconn *conn, enum pgr_err first, const char *text)
{
    /* What the callbacks queue now is a later failure, not this one. */
    struct pgr_list failing;
    pgr_list_init(&failing);
    while (!pgr_list_is_empty(&conn->queue)) {
        struct pgr_list *node = conn->queue.next;
        pgr_list_remove(node);
        pgr_list_push_back(&failing, node);
    }
    enum pgr_err err = conn->is_busy ? first : PGR_ERR_CLOSED;
    int index = conn->is_busy ? conn->next_index : 0;
    conn->is_busy = false;
    bool is_alive = true;
    while (!pgr_list_is_empty(&failing)) {
        struct pgr_pq_query *query = pgr_container_of(failing.next, struct pgr_pq_query, node);
        if (is_alive) {
            pgr_pq_enter(conn);
            query->fn(query->arg, err, text, NULL, index, true);
            is_alive = pgr_pq_leave(conn);
        }
        free_query(query);
        err = PGR_ERR_CLOSED;
        index = 0;
    }
    return is_alive;
}

/* Sends what libpq still holds; watches for room while some is left. */
static bool flush(struct pgr_pqconn *conn)
{
    int left = PQflush(conn->pg);
    if (left < 0) {
        pgr_pq_break_by_libpq(conn);
        return false;
    }
    pgr_poll_want(conn->poll, left > 0 ? PGR_POLL_READ | PGR_POLL_WRITE : PGR_POLL_READ);
    return true;
}

void pgr_pq_send_next(struct pgr_pqconn *conn)
{
    if (conn->state != PGR_PQ_READY || conn->is_busy || pgr_list_is_empty(&conn->queue))
        return;
    conn->is_busy = true;
    conn->next_index = 0;
    if (conn->query_timeout_ms > 0)
        pgr_timer_start(conn->deadline, conn->query_timeout_ms, 0);
    if (PQsendQuery(conn->pg, first_query(conn)->sql) == 1 && PQflush(conn->pg) >= 0) {
        pgr_poll_want(conn->poll, PGR_POLL_READ | PGR_POLL_WRITE);
        return;
    }
    pgr_pq_break_soon(conn);
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

/* "relation "x" does not exist (42P01)", one line; COPY and other modes are not for us. */
static char *failure_text(const PGresult *result)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (primary != NULL && state != NULL)
        return pgr_asprintf("%s (%s)", primary, state);
    const char *text = PQresultErrorMessage(result);
    if (text[0] == '\0')
        text = PQresStatus(PQresultStatus(result));
    return pgr_strndup(text, strcspn(text, "\n"));
}

/* The query is off the queue before its last report: the callback may queue the next. */
static void report_held(struct pgr_pqconn *conn, bool is_last)
{
    PGresult *result = conn->held;
    conn->held = NULL;
    struct pgr_pq_query *query = first_query(conn);
    pgr_pqconn_result_fn *fn = query->fn;
    void *arg = query->arg;
    int index = conn->next_index++;
    if (is_last) {
        free_query(query);
        conn->is_busy = false;
        pgr_timer_stop(conn->deadline);
    }
    if (is_good(result)) {
        fn(arg, PGR_OK, NULL, (const struct pgr_pqresult *)result, index, is_last);
    } else {
        char *text = failure_text(result);
        fn(arg, PGR_ERR_INVALID, text, NULL, index, is_last);
        pgr_free(text);
    }
    PQclear(result);
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Takes one result, or the end of them, off libpq. */
static void take_result(struct pgr_pqconn *conn)
{
    PGresult *result = PQgetResult(conn->pg);
    if (PQstatus(conn->pg) == CONNECTION_BAD) {
        pgr_pq_break_by_libpq(conn);
    } else if (result != NULL && is_copy(result)) {
        pgr_pq_break(conn, PGR_ERR_INVALID, "COPY is not possible on a side connection");
    } else if (result == NULL && conn->held == NULL) {
        pgr_pq_break(conn, PGR_ERR_INVALID, "the server answered a query with nothing");
    } else {
        if (conn->held != NULL)
            report_held(conn, result == NULL);
        if (conn->state == PGR_PQ_READY && result != NULL) {
            conn->held = result;
            return;
        }
    }
    PQclear(result);
}

static void drop_notifications(struct pgr_pqconn *conn)
{
    for (PGnotify *n = PQnotifies(conn->pg); n != NULL; n = PQnotifies(conn->pg))
        PQfreemem(n);
}

/* Each step may end with the connection closed or broken by a callback: the state tells. */
static void serve_socket(struct pgr_pqconn *conn, int events)
{
    if ((events & PGR_POLL_READ) && !PQconsumeInput(conn->pg)) {
        pgr_pq_break_by_libpq(conn);
        return;
    }
    if (!flush(conn))
        return;
    drop_notifications(conn);
    while (conn->state == PGR_PQ_READY && conn->is_busy && !PQisBusy(conn->pg))
        take_result(conn);
    pgr_pq_send_next(conn);
}

void pgr_pq_on_socket(struct pgr_pqconn *conn, int events)
{
    pgr_pq_enter(conn);
    serve_socket(conn, events);
    pgr_pq_leave(conn);
}

int pgr_pqresult_rows(const struct pgr_pqresult *result)
{
    return PQntuples((const PGresult *)result);
}

int pgr_pqresult_columns(const struct pgr_pqresult *result)
{
    return PQnfields((const PGresult *)result);
}

const char *pgr_pqresult_value(const struct pgr_pqresult *result, int row, int column)
{
    const PGresult *native = (const PGresult *)result;
    return PQgetisnull(native, row, column) ? NULL : PQgetvalue(native, row, column);
}
