// SPDX-License-Identifier: PostgreSQL
/*
 * libpq for the driver matrix; the orders it takes are described in ../drivers/program.py.
 * Parameters go by PQexecParams, batches by pipeline mode, cancel by PQcancel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libpq-fe.h>
#include <libpq/libpq-fs.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FIELDS = 512,
    MAX_CONNECTIONS = 256,
    MAX_NOTICES = 16
};

struct session {
    char *name;
    PGconn *link;
    char *notices[MAX_NOTICES];
    int notice_count;
};

struct order {
    char *fields[MAX_FIELDS];
    int count;
};

struct handler {
    const char *word;
    void (*run)(struct session *session, struct order *order);
};

static struct session sessions[MAX_CONNECTIONS];
static int session_count;

/* Undoes the escapes in place; returns NULL for \N. */
static char *unescape(char *field)
{
    if (strcmp(field, "\\N") == 0)
        return NULL;
    char *out = field;
    for (char *in = field; *in != '\0'; in++) {
        if (*in == '\\') {
            in++;
            *out++ = *in == 't' ? '\t' : *in == 'n' ? '\n' : *in == 'r' ? '\r' : *in;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return field;
}

static void say_field(const char *field)
{
    if (field == NULL) {
        fputs("\t\\N", stdout);
        return;
    }
    putchar('\t');
    for (; *field != '\0'; field++) {
        switch (*field) {
        case '\\':
            fputs("\\\\", stdout);
            break;
        case '\t':
            fputs("\\t", stdout);
            break;
        case '\n':
            fputs("\\n", stdout);
            break;
        case '\r':
            fputs("\\r", stdout);
            break;
        default:
            putchar(*field);
        }
    }
}

static void say_ok(int count)
{
    printf("ok\t%d\n", count);
}

static void say_error(const char *sqlstate, const char *message)
{
    fputs("error", stdout);
    say_field(sqlstate != NULL ? sqlstate : "libpq");
    say_field(message);
    putchar('\n');
}

static void say_rows(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        fputs("row", stdout);
        for (int column = 0; column < PQnfields(result); column++)
            say_field(PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column));
        putchar('\n');
    }
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC;
}

/* Says a whole result and frees it. */
static void say_result(PGresult *result)
{
    if (is_good(result)) {
        say_rows(result);
        say_ok(atoi(PQcmdTuples(result)));
    } else {
        say_error(PQresultErrorField(result, PG_DIAG_SQLSTATE), PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* The typed parameters from field `at` on, as text without their prefix. */
static int gather_params(const struct order *order, int at, const char **values)
{
    int count = 0;
    for (int i = at; i < order->count; i++)
        values[count++] = order->fields[i] != NULL ? order->fields[i] + 2 : NULL;
    return count;
}

static void on_notice(void *arg, const PGresult *result)
{
    struct session *session = arg;
    if (session->notice_count < MAX_NOTICES)
        session->notices[session->notice_count++] =
            strdup(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

static void connect_session(char *name)
{
    if (session_count == MAX_CONNECTIONS) {
        say_error("full", "too many connections");
        return;
    }
    struct session *session = &sessions[session_count++];
    session->name = strdup(name);
    session->link = PQconnectdb("");
    if (PQstatus(session->link) != CONNECTION_OK) {
        say_error("connect", PQerrorMessage(session->link));
        return;
    }
    PQsetNoticeReceiver(session->link, on_notice, session);
    say_ok(0);
}

static void close_session(struct session *session, struct order *order)
{
    (void)order;
    PQfinish(session->link);
    session->link = NULL;
    for (int i = 0; i < session->notice_count; i++)
        free(session->notices[i]);
    session->notice_count = 0;
    say_ok(0);
}

static void query(struct session *session, struct order *order)
{
    const char *values[MAX_FIELDS];
    int count = gather_params(order, 1, values);
    if (count == 0)
        say_result(PQexec(session->link, order->fields[0]));
    else
        say_result(
            PQexecParams(session->link, order->fields[0], count, NULL, values, NULL, NULL, 0));
}

static void prepare(struct session *session, struct order *order)
{
    say_result(PQprepare(session->link, order->fields[0], order->fields[1], 0, NULL));
}

static void run_prepared(struct session *session, struct order *order)
{
    const char *values[MAX_FIELDS];
    int count = gather_params(order, 1, values);
    say_result(PQexecPrepared(session->link, order->fields[0], count, values, NULL, NULL, 0));
}

static void exec_word(struct session *session, const char *before, const char *word)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "%s%s", before, word);
    say_result(PQexec(session->link, sql));
}

static void unprepare(struct session *session, struct order *order)
{
    exec_word(session, "DEALLOCATE ", order->fields[0]);
}

static void begin(struct session *session, struct order *order)
{
    (void)order;
    exec_word(session, "BEGIN", "");
}

static void commit(struct session *session, struct order *order)
{
    (void)order;
    exec_word(session, "COMMIT", "");
}

static void rollback(struct session *session, struct order *order)
{
    (void)order;
    exec_word(session, "ROLLBACK", "");
}

static void listen_to(struct session *session, struct order *order)
{
    exec_word(session, "LISTEN ", order->fields[0]);
}

/* The last result of a command, after which the connection is idle. */
static PGresult *last_result(PGconn *link)
{
    PGresult *last = NULL;
    for (PGresult *next = PQgetResult(link); next != NULL; next = PQgetResult(link)) {
        PQclear(last);
        last = next;
    }
    return last;
}

static void copy_in(struct session *session, struct order *order)
{
    PGresult *result = PQexec(session->link, order->fields[0]);
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        say_result(result);
        return;
    }
    PQclear(result);
    const char *data = order->fields[1];
    size_t left = strlen(data);
    while (left > 0) {
        size_t part = left < 1500 ? left : 1500;
        PQputCopyData(session->link, data, (int)part);
        data += part;
        left -= part;
    }
    PQputCopyEnd(session->link, NULL);
    say_result(last_result(session->link));
}

static void copy_out(struct session *session, struct order *order)
{
    PGresult *result = PQexec(session->link, order->fields[0]);
    if (PQresultStatus(result) != PGRES_COPY_OUT) {
        say_result(result);
        return;
    }
    PQclear(result);
    char *line;
    while (PQgetCopyData(session->link, &line, 0) > 0) {
        fputs("row", stdout);
        say_field(line);
        putchar('\n');
        PQfreemem(line);
    }
    say_result(last_result(session->link));
}

static void start(struct session *session, struct order *order)
{
    if (PQsendQuery(session->link, order->fields[0]))
        say_ok(0);
    else
        say_error("send", PQerrorMessage(session->link));
}

static void cancel(struct session *session, struct order *order)
{
    (void)order;
    char message[256] = "";
    PGcancel *handle = PQgetCancel(session->link);
    if (PQcancel(handle, message, sizeof(message)))
        say_ok(0);
    else
        say_error("cancel", message);
    PQfreeCancel(handle);
}

static void finish(struct session *session, struct order *order)
{
    (void)order;
    say_result(last_result(session->link));
}

static void notification(struct session *session, struct order *order)
{
    (void)order;
    for (int turn = 0; turn < 150; turn++) {
        PQconsumeInput(session->link);
        PGnotify *heard = PQnotifies(session->link);
        if (heard != NULL) {
            fputs("row", stdout);
            say_field(heard->extra);
            putchar('\n');
            PQfreemem(heard);
            say_ok(0);
            return;
        }
        struct pollfd wait = {.fd = PQsocket(session->link), .events = POLLIN};
        poll(&wait, 1, 100);
    }
    say_error("timeout", "no notification");
}

static unsigned char *unhex(const char *hex, size_t *len)
{
    *len = strlen(hex) / 2;
    unsigned char *data = malloc(*len + 1);
    for (size_t i = 0; i < *len; i++) {
        unsigned byte = 0;
        sscanf(hex + 2 * i, "%2x", &byte);
        data[i] = (unsigned char)byte;
    }
    return data;
}

static void say_hex_row(const char *data, int len)
{
    fputs("row\t", stdout);
    for (int i = 0; i < len; i++)
        printf("%02x", (unsigned char)data[i]);
    putchar('\n');
}

/* Through libpq's large object functions, which are function call messages of the protocol. */
static void large_object(struct session *session, struct order *order)
{
    PGconn *link = session->link;
    size_t len;
    unsigned char *data = unhex(order->fields[0], &len);
    char *found = malloc(len + 1);
    PQclear(PQexec(link, "BEGIN"));
    Oid number = lo_creat(link, INV_READ | INV_WRITE);
    int object = lo_open(link, number, INV_WRITE);
    int written = lo_write(link, object, (char *)data, len);
    lo_close(link, object);
    object = lo_open(link, number, INV_READ);
    int got = 0;
    for (int part = 1; part > 0; got += part > 0 ? part : 0)
        part = lo_read(link, object, found + got,
                       len + 1 - (size_t)got < 20000 ? len + 1 - (size_t)got : 20000);
    lo_close(link, object);
    int unlinked = lo_unlink(link, number);
    PQclear(PQexec(link, "COMMIT"));
    say_hex_row(found, got);
    if (written == (int)len && unlinked == 1)
        say_ok(0);
    else
        say_error("large_object", PQerrorMessage(link));
    free(found);
    free(data);
}

/* Reads the results of a pipeline up to its Sync; returns the first failure, or NULL. */
static PGresult *drain_pipeline(PGconn *link)
{
    PGresult *failure = NULL;
    for (bool is_done = false; !is_done;) {
        PGresult *result = PQgetResult(link);
        if (result == NULL)
            continue;
        is_done = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (failure == NULL && !is_good(result))
            failure = result;
        else
            PQclear(result);
    }
    return failure;
}

static void batch(struct session *session, struct order *order)
{
    const char *values[MAX_FIELDS];
    int width = atoi(order->fields[1]);
    int count = gather_params(order, 2, values);
    PQenterPipelineMode(session->link);
    for (int at = 0; at < count; at += width)
        PQsendQueryParams(session->link, order->fields[0], width, NULL, values + at, NULL, NULL, 0);
    PQpipelineSync(session->link);
    PGresult *failure = drain_pipeline(session->link);
    PQexitPipelineMode(session->link);
    if (failure != NULL)
        say_result(failure);
    else
        say_ok(count / width);
}

/* A cursor of SQL; FETCH until a portion comes back short. */
static void cursor(struct session *session, struct order *order)
{
    PGconn *link = session->link;
    char *declare;
    char fetch[64];
    int size = atoi(order->fields[1]);
    if (asprintf(&declare, "BEGIN; DECLARE portion CURSOR FOR %s", order->fields[0]) < 0)
        abort();
    snprintf(fetch, sizeof(fetch), "FETCH %d FROM portion", size);
    PGresult *result = PQexec(link, declare);
    free(declare);
    int got = size;
    while (is_good(result) && got == size) {
        PQclear(result);
        result = PQexec(link, fetch);
        got = PQntuples(result);
        say_rows(result);
    }
    PQclear(PQexec(link, "COMMIT"));
    say_ok(0);
    PQclear(result);
}

static void notices(struct session *session, struct order *order)
{
    (void)order;
    for (int i = 0; i < session->notice_count; i++) {
        fputs("row", stdout);
        say_field(session->notices[i]);
        putchar('\n');
    }
    say_ok(0);
}

static void pid(struct session *session, struct order *order)
{
    (void)order;
    printf("row\t%d\n", PQbackendPID(session->link));
    say_ok(0);
}

static const struct handler handlers[] = {
    {"close", close_session},
    {"query", query},
    {"execute", query},
    {"prepare", prepare},
    {"run", run_prepared},
    {"unprepare", unprepare},
    {"begin", begin},
    {"commit", commit},
    {"rollback", rollback},
    {"copy_in", copy_in},
    {"copy_out", copy_out},
    {"start", start},
    {"cancel", cancel},
    {"finish", finish},
    {"listen", listen_to},
    {"notification", notification},
    {"large_object", large_object},
    {"batch", batch},
    {"cursor", cursor},
    {"notices", notices},
    {"pid", pid},
};

static struct session *find_session(const char *name)
{
    for (int i = 0; i < session_count; i++) {
        if (strcmp(sessions[i].name, name) == 0)
            return &sessions[i];
    }
    return NULL;
}

static void obey(const char *word, char *name, struct order *order)
{
    if (strcmp(word, "connect") == 0) {
        connect_session(name);
        return;
    }
    struct session *session = find_session(name);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (session != NULL && strcmp(handlers[i].word, word) == 0) {
            handlers[i].run(session, order);
            return;
        }
    }
    say_error("order", word);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while ((len = getline(&line, &cap, stdin)) > 0) {
        line[len - 1] = '\0';
        struct order order = {.count = 0};
        char *rest = line;
        char *word = strsep(&rest, "\t");
        char *name = strsep(&rest, "\t");
        while (rest != NULL && order.count < MAX_FIELDS)
            order.fields[order.count++] = unescape(strsep(&rest, "\t"));
        obey(word, name, &order);
        fflush(stdout);
    }
    free(line);
    return 0;
}
