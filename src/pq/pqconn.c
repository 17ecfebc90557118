// SPDX-License-Identifier: PostgreSQL
/*
 * libpq's asynchronous connect on a loop.
 *
 * While it connects, libpq may close its socket and open another one with the same number (next
 * address, TLS refused, GSS refused). A poll that outlives a call of PQconnectPoll() would then
 * watch a descriptor that the kernel has forgotten, so each step gets a poll of its own, closed
 * before libpq is called again.
 *
 * No user function is called from inside a call of the user's: failures found there are kept and
 * reported by the timer `soon` on the next turn.
 */
#include "pqconn_priv.h"

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"

static void on_soon(void *arg);
static void on_deadline(void *arg);

/* Room for libpq's options and the three of ours. */
#define MAX_OPTIONS 96

struct option_list {
    const char *keywords[MAX_OPTIONS];
    const char *values[MAX_OPTIONS];
    size_t count;
};

static void add_option(struct option_list *list, const char *keyword, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    PGR_ASSERT(list->count + 1 < MAX_OPTIONS);
    list->keywords[list->count] = keyword;
    list->values[list->count++] = value;
}

static uint64_t ms_of(uint64_t us)
{
    return us / 1000 + (us % 1000 != 0);
}

struct pgr_pqconn *pgr_pqconn_create(struct pgr_loop *loop,
                                     const struct pgr_pqconn_options *options)
{
    struct pgr_pqconn *conn = pgr_new(struct pgr_pqconn);
    conn->magic = PGR_PQCONN_MAGIC;
    conn->loop = loop;
    conn->dsn = pgr_strdup(options->dsn ? options->dsn : "");
    conn->dbname = pgr_strdup(options->dbname);
    conn->application_name = pgr_strdup(options->application_name);
    conn->connect_timeout_ms = ms_of(options->connect_timeout_us);
    conn->query_timeout_ms = ms_of(options->query_timeout_us);
    conn->deadline = pgr_timer_create(loop, on_deadline, conn);
    conn->soon = pgr_timer_create(loop, on_soon, conn);
    pgr_list_init(&conn->queue);
    return conn;
}

static void free_conn(struct pgr_pqconn *conn)
{
    pgr_free(conn->dsn);
    pgr_free(conn->dbname);
    pgr_free(conn->application_name);
    pgr_free(conn->failure);
    conn->magic = 0;
    pgr_free(conn);
}

/* Back to not connected. The held result belongs to libpq's memory, not to the connection. */
static void disconnect(struct pgr_pqconn *conn)
{
    conn->state = PGR_PQ_IDLE;
    pgr_timer_stop(conn->deadline);
    if (conn->poll != NULL)
        pgr_poll_close(&conn->poll);
    PQclear(conn->held);
    conn->held = NULL;
    PQfinish(conn->pg);
    conn->pg = NULL;
}

void pgr_pqconn_close(struct pgr_pqconn **pointer)
{
    struct pgr_pqconn *conn = *pointer;
    *pointer = NULL;
    if (conn == NULL)
        return;
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    conn->is_closed = true;
    conn->ready_fn = NULL;
    disconnect(conn);
    pgr_timer_close(&conn->deadline);
    pgr_timer_close(&conn->soon);
    pgr_pq_drop_queue(conn);
    if (conn->depth == 0)
        free_conn(conn);
}

void pgr_pq_enter(struct pgr_pqconn *conn)
{
    conn->depth++;
}

bool pgr_pq_leave(struct pgr_pqconn *conn)
{
    conn->depth--;
    if (!conn->is_closed)
        return true;
    if (conn->depth == 0)
        free_conn(conn);
    return false;
}

bool pgr_pqconn_is_ready(const struct pgr_pqconn *conn)
{
    return conn->state == PGR_PQ_READY;
}

int pgr_pqconn_server_version(const struct pgr_pqconn *conn)
{
    return conn->pg != NULL ? PQserverVersion(conn->pg) : 0;
}

static bool report_ready(struct pgr_pqconn *conn, enum pgr_err err, const char *text)
{
    pgr_pqconn_ready_fn *fn = conn->ready_fn;
    if (fn == NULL)
        return true;
    conn->ready_fn = NULL;
    pgr_pq_enter(conn);
    fn(conn->ready_arg, err, text);
    return pgr_pq_leave(conn);
}

void pgr_pq_break(struct pgr_pqconn *conn, enum pgr_err err, const char *text)
{
    char *sentence = pgr_strdup(text); /* libpq's text dies with the connection */
    disconnect(conn);
    if (report_ready(conn, err, sentence))
        (void)pgr_pq_fail_queue(conn, err, sentence);
    pgr_free(sentence);
}

/* One line, without libpq's final newline. */
static char *libpq_sentence(const PGconn *pg)
{
    const char *text = PQerrorMessage(pg);
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    char *out = len > 0 ? pgr_strndup(text, len) : pgr_strdup("the connection failed");
    for (char *c = strpbrk(out, "\n\t"); c != NULL; c = strpbrk(c, "\n\t"))
        *c = ' ';
    return out;
}

void pgr_pq_break_by_libpq(struct pgr_pqconn *conn)
{
    char *sentence = libpq_sentence(conn->pg);
    pgr_pq_break(conn, PGR_ERR_IO, sentence);
    pgr_free(sentence);
}

void pgr_pq_break_soon(struct pgr_pqconn *conn)
{
    pgr_free(conn->failure);
    conn->failure = conn->pg ? libpq_sentence(conn->pg) : pgr_strdup("the DSN is not valid");
    pgr_timer_start(conn->soon, 0, 0);
}

static void on_deadline(void *arg)
{
    struct pgr_pqconn *conn = arg;
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    bool is_connecting = conn->state == PGR_PQ_CONNECTING;
    pgr_pq_break(conn, PGR_ERR_TIMEOUT,
                 is_connecting ? "timeout while connecting" : "timeout while a query was running");
}

static void on_notice(void *arg, const char *message)
{
    struct pgr_pqconn *conn = arg;
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    pgr_log(PGR_LOG_DEBUG, "side_notice", pgr_f_str("database", conn->dbname),
            pgr_f_str("text", message));
}

static void become_ready(struct pgr_pqconn *conn)
{
    pgr_timer_stop(conn->deadline);
    conn->state = PGR_PQ_READY;
    PQsetnonblocking(conn->pg, 1);
    if (report_ready(conn, PGR_OK, NULL))
        pgr_pq_send_next(conn);
}

static void on_poll(void *arg, int events);

/* False: the descriptor cannot be watched, which is reported on the next turn. */
static bool watch(struct pgr_pqconn *conn, int events)
{
    conn->poll = pgr_poll_create(conn->loop, PQsocket(conn->pg), on_poll, conn);
    if (conn->poll == NULL) {
        pgr_pq_break_soon(conn);
        return false;
    }
    pgr_poll_want(conn->poll, events);
    return true;
}

static void step_connect(struct pgr_pqconn *conn)
{
    pgr_poll_close(&conn->poll);
    switch (PQconnectPoll(conn->pg)) {
    case PGRES_POLLING_OK:
        if (watch(conn, PGR_POLL_READ))
            become_ready(conn);
        break;
    case PGRES_POLLING_READING:
        watch(conn, PGR_POLL_READ);
        break;
    case PGRES_POLLING_WRITING:
        watch(conn, PGR_POLL_WRITE);
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        pgr_pq_break_by_libpq(conn);
        break;
    }
}

static void on_poll(void *arg, int events)
{
    struct pgr_pqconn *conn = arg;
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    if (conn->state == PGR_PQ_CONNECTING)
        step_connect(conn);
    else
        pgr_pq_on_socket(conn, events);
}

/* What was found wrong inside a call of the user's. */
static void on_soon(void *arg)
{
    struct pgr_pqconn *conn = arg;
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    char *sentence = conn->failure;
    conn->failure = NULL;
    if (sentence != NULL)
        pgr_pq_break(conn, PGR_ERR_IO, sentence);
    else if (conn->state == PGR_PQ_IDLE)
        pgr_pq_break(conn, PGR_ERR_CLOSED, "the side connection is not open");
    pgr_free(sentence);
}

/*
 * The DSN is taken apart first: a database name chosen by a client must never be read as a
 * connection string, which libpq does with the first "dbname" it is given.
 */
static PGconn *start_libpq(const struct pgr_pqconn *conn)
{
    PQconninfoOption *named = PQconninfoParse(conn->dsn, NULL);
    if (named == NULL)
        return NULL;
    struct option_list list = {0};
    for (const PQconninfoOption *o = named; o->keyword != NULL; o++)
        add_option(&list, o->keyword, o->val);
    add_option(&list, "dbname", conn->dbname);
    add_option(&list, "application_name", conn->application_name);
    add_option(&list, "client_encoding", "UTF8"); /* names are compared as UTF-8 */
    PGconn *pg = PQconnectStartParams(list.keywords, list.values, 0);
    PQconninfoFree(named);
    return pg;
}

void pgr_pqconn_connect(struct pgr_pqconn *conn, pgr_pqconn_ready_fn *fn, void *arg)
{
    PGR_CHECK(conn, PGR_PQCONN_MAGIC);
    PGR_ASSERT(conn->state == PGR_PQ_IDLE && conn->ready_fn == NULL);
    conn->ready_fn = fn;
    conn->ready_arg = arg;
    conn->pg = start_libpq(conn);
    if (conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD) {
        pgr_pq_break_soon(conn);
        return;
    }
    PQsetNoticeProcessor(conn->pg, on_notice, conn);
    conn->state = PGR_PQ_CONNECTING;
    if (watch(conn, PGR_POLL_WRITE) && conn->connect_timeout_ms > 0)
        pgr_timer_start(conn->deadline, conn->connect_timeout_ms, 0);
}
