// SPDX-License-Identifier: PostgreSQL
/*
 * The connection against a scripted server on this loop: it lets every client in and answers each
 * query by its text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pgrecall/base/buf.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/pq/pqconn.h"
#include "pump.h"

enum server_habit {
    HABIT_GOOD,
    HABIT_SILENT,   /* accepts and says nothing */
    HABIT_REFUSES,  /* FATAL after the start-up packet */
    HABIT_DRIBBLES, /* one byte a turn */
    HABIT_HANGS_UP, /* closes instead of answering a query */
};

struct server {
    struct pgr_loop *loop;
    enum server_habit habit;
    int listener;
    uint16_t port;
    struct pgr_poll *listening;
    int fd;
    struct pgr_poll *poll;
    struct pgr_timer *dribble;
    struct pgr_buf in;
    struct pgr_buf out;
    bool is_started;
    bool has_application_name;
    bool has_dbname;
};

/* ---- messages ---- */

static void put_message(struct server *s, char type, const void *body, size_t len)
{
    pgr_buf_put_u8(&s->out, (uint8_t)type);
    pgr_buf_put_u32(&s->out, (uint32_t)len + 4);
    pgr_buf_put(&s->out, body, len);
}

#define PUT(s, type, literal) put_message((s), (type), (literal), sizeof(literal) - 1)

static void put_ready(struct server *s)
{
    PUT(s, 'Z', "I");
}

/* One column "c", the rows given as one character each; a space is NULL. */
static void put_rows(struct server *s, const char *rows)
{
    PUT(s, 'T', "\0\1c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
    for (; *rows; rows++) {
        if (*rows == ' ')
            PUT(s, 'D', "\0\1\xff\xff\xff\xff");
        else
            put_message(s, 'D', (const char[]){0, 1, 0, 0, 0, 1, *rows}, 7);
    }
    PUT(s, 'C', "SELECT\0");
}

static void put_error(struct server *s, const char *severity)
{
    char body[80];
    int len = snprintf(body, sizeof(body), "S%s%cC42P01%cMno such thing%c", severity, 0, 0, 0);
    put_message(s, 'E', body, (size_t)len + 1);
}

static void let_in(struct server *s)
{
    if (s->habit == HABIT_REFUSES) {
        put_error(s, "FATAL");
        return;
    }
    PUT(s, 'R', "\0\0\0\0");
    PUT(s, 'S',
        "server_version\0"
        "15.20\0");
    PUT(s, 'S', "client_encoding\0UTF8\0");
    PUT(s, 'K', "\0\0\0\1\0\0\0\2");
    put_ready(s);
}

static void answer(struct server *s, const char *sql)
{
    if (strcmp(sql, "rows") == 0) {
        put_rows(s, "ab ");
    } else if (strcmp(sql, "script") == 0) {
        PUT(s, 'C', "BEGIN\0");
        put_rows(s, "x");
        put_rows(s, "");
        PUT(s, 'C', "COMMIT\0");
    } else if (strcmp(sql, "noise") == 0) {
        PUT(s, 'N', "SNOTICE\0C00000\0Mhear\0\0");
        PUT(s, 'A', "\0\0\0\1channel\0payload\0");
        put_rows(s, "n");
    } else if (strcmp(sql, "error") == 0) {
        put_rows(s, "1");
        put_error(s, "ERROR");
    } else if (strcmp(sql, "copy") == 0) {
        PUT(s, 'H', "\0\0\0");
    } else if (strcmp(sql, "nothing") == 0) {
        PUT(s, 'I', "");
    } else if (strcmp(sql, "never") == 0) {
        return;
    }
    put_ready(s);
}

/* ---- the server ---- */

static void hang_up(struct server *s)
{
    if (s->poll != NULL)
        pgr_poll_close(&s->poll);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static void send_some(struct server *s, size_t most)
{
    struct pgr_bytes bytes = pgr_buf_bytes(&s->out);
    size_t len = bytes.len < most ? bytes.len : most;
    if (len == 0 || s->fd < 0)
        return;
    ssize_t sent = send(s->fd, bytes.at, len, MSG_NOSIGNAL);
    if (sent > 0)
        pgr_buf_consume(&s->out, (size_t)sent);
}

static void on_dribble(void *arg)
{
    send_some(arg, 1);
}

static void on_startup(struct server *s, const uint8_t *body, size_t len)
{
    uint32_t code = pgr_load_be32(body);
    if (code == 80877103 || code == 80877104) { /* SSLRequest, GSSENCRequest */
        pgr_buf_put_u8(&s->out, 'N');
        return;
    }
    s->is_started = true;
    s->has_application_name = memmem(body, len, "application_name\0pgrecall", 25) != NULL;
    s->has_dbname = memmem(body, len, "database\0host=evil\0", 19) != NULL;
    let_in(s);
}

static bool next_message(struct server *s)
{
    struct pgr_bytes in = pgr_buf_bytes(&s->in);
    size_t header = s->is_started ? 5 : 4;
    if (in.len < header)
        return false;
    size_t total = pgr_load_be32(in.at + header - 4) + header - 4;
    if (in.len < total)
        return false;
    if (!s->is_started)
        on_startup(s, in.at + header, total - header);
    else if (in.at[0] == 'Q' && s->habit == HABIT_HANGS_UP)
        hang_up(s);
    else if (in.at[0] == 'Q')
        answer(s, (const char *)in.at + header);
    pgr_buf_consume(&s->in, total);
    return true;
}

static void on_client(void *arg, int events)
{
    struct server *s = arg;
    uint8_t bytes[512];
    PGR_UNUSED(events);
    ssize_t len = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (len <= 0) {
        if (len == 0 || errno != EAGAIN)
            hang_up(s);
        return;
    }
    pgr_buf_put(&s->in, bytes, (size_t)len);
    while (s->habit != HABIT_SILENT && next_message(s)) {
    }
    if (s->habit != HABIT_DRIBBLES)
        send_some(s, SIZE_MAX);
    if (s->habit == HABIT_REFUSES && s->is_started)
        hang_up(s);
}

static void on_accept(void *arg, int events)
{
    struct server *s = arg;
    PGR_UNUSED(events);
    hang_up(s);
    s->fd = accept(s->listener, NULL, NULL);
    assert_true(s->fd >= 0);
    s->is_started = false;
    pgr_buf_reset(&s->in);
    pgr_buf_reset(&s->out);
    s->poll = pgr_poll_create(s->loop, s->fd, on_client, s);
    pgr_poll_want(s->poll, PGR_POLL_READ);
}

static void start_server(struct server *s, enum server_habit habit)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    *s = (struct server){.loop = pgr_loop_create(&pgr_clock_monotonic), .habit = habit, .fd = -1};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    getsockname(s->listener, (struct sockaddr *)&address, &len);
    s->port = ntohs(address.sin_port);
    pgr_buf_init(&s->in, 1 << 20);
    pgr_buf_init(&s->out, 1 << 20);
    s->listening = pgr_poll_create(s->loop, s->listener, on_accept, s);
    pgr_poll_want(s->listening, PGR_POLL_READ);
    s->dribble = pgr_timer_create(s->loop, on_dribble, s);
    if (habit == HABIT_DRIBBLES)
        pgr_timer_start(s->dribble, 1, 1);
}

static void stop_server(struct server *s)
{
    hang_up(s);
    pgr_poll_close(&s->listening);
    pgr_timer_close(&s->dribble);
    close(s->listener);
    pgr_buf_fini(&s->in);
    pgr_buf_fini(&s->out);
    pgr_loop_destroy(&s->loop);
}

/* ---- the client's side ---- */

/* What callbacks said, as words: "0:ab-" is result 0 with rows a, b, NULL; '.' ends the script. */
struct story {
    char said[256];
    int done;
    struct pgr_pqconn **close_at_once; /* closed inside the next callback */
    struct pgr_pqconn *ask_again;      /* "rows" is queued inside the next last callback */
};

static void say(struct story *story, const char *word)
{
    strncat(story->said, word, sizeof(story->said) - strlen(story->said) - 1);
}

static const char *err_word(enum pgr_err err)
{
    return err == PGR_ERR_TIMEOUT   ? "timeout"
           : err == PGR_ERR_INVALID ? "invalid"
           : err == PGR_ERR_CLOSED  ? "closed"
                                    : "io";
}

static void on_ready(void *arg, enum pgr_err err, const char *text)
{
    struct story *story = arg;
    assert_true((err == PGR_OK) == (text == NULL));
    say(story, err ? err_word(err) : "ready");
    say(story, " ");
    story->done++;
    if (story->close_at_once != NULL)
        pgr_pqconn_close(story->close_at_once);
}

static void on_result(void *arg, enum pgr_err err, const char *text,
                      const struct pgr_pqresult *result, int index, bool is_last)
{
    struct story *story = arg;
    char word[64];
    if (err != PGR_OK) {
        assert_non_null(text);
        assert_null(result);
        assert_true(is_last);
        snprintf(word, sizeof(word), "%d:%s", index, err_word(err));
    } else {
        int len = snprintf(word, sizeof(word), "%d:", index);
        for (int row = 0; row < pgr_pqresult_rows(result); row++) {
            assert_int_equal(pgr_pqresult_columns(result), 1);
            const char *value = pgr_pqresult_value(result, row, 0);
            len += snprintf(word + len, sizeof(word) - (size_t)len, "%s", value ? value : "-");
        }
    }
    say(story, word);
    say(story, is_last ? ". " : " ");
    if (is_last)
        story->done++;
    if (story->close_at_once != NULL)
        pgr_pqconn_close(story->close_at_once);
    if (is_last && story->ask_again != NULL) {
        struct pgr_pqconn *conn = story->ask_again;
        story->ask_again = NULL;
        pgr_pqconn_query(conn, "rows", on_result, story);
    }
}

static struct pgr_pqconn *create_with(struct server *s, uint64_t timeout_us)
{
    char dsn[80];
    snprintf(dsn, sizeof(dsn), "host=127.0.0.1 port=%u user=u dbname=d passfile=/nonexistent",
             (unsigned)s->port);
    return pgr_pqconn_create(s->loop, &(struct pgr_pqconn_options){
                                          .dsn = dsn,
                                          .dbname = "host=evil",
                                          .application_name = "pgrecall",
                                          .connect_timeout_us = timeout_us,
                                          .query_timeout_us = timeout_us,
                                      });
}

static struct pgr_pqconn *connect_to(struct server *s, uint64_t timeout_us)
{
    struct story story = {.done = 0};
    struct pgr_pqconn *conn = create_with(s, timeout_us);
    pgr_pqconn_connect(conn, on_ready, &story);
    assert_int_equal(story.done, 0); /* never inside the call */
    PUMP_UNTIL(s->loop, story.done);
    assert_string_equal(story.said, "ready ");
    assert_true(pgr_pqconn_is_ready(conn));
    return conn;
}

#define LONG_US ((uint64_t)60 * 1000000)

static void results_come_one_by_one(void **state)
{
    PGR_UNUSED(state);
    static const struct {
        const char *sql;
        const char *said;
    } cases[] = {
        {"rows", "0:ab-. "},          {"script", "0: 1:x 2: 3:. "}, {"noise", "0:n. "},
        {"error", "0:1 1:invalid. "}, {"nothing", "0:. "},
    };
    static const enum server_habit habits[] = {HABIT_GOOD, HABIT_DRIBBLES};
    for (size_t h = 0; h < PGR_ARRAY_LEN(habits); h++) {
        struct server s;
        start_server(&s, habits[h]);
        struct pgr_pqconn *conn = connect_to(&s, LONG_US);
        assert_int_equal(pgr_pqconn_server_version(conn), 150020);
        assert_true(s.has_application_name);
        assert_true(s.has_dbname); /* taken as a name, not as a connection string */
        for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
            struct story story = {.done = 0};
            pgr_pqconn_query(conn, cases[i].sql, on_result, &story);
            PUMP_UNTIL(s.loop, story.done);
            assert_string_equal(story.said, cases[i].said);
        }
        pgr_pqconn_close(&conn);
        assert_null(conn);
        stop_server(&s);
    }
}

static void queries_wait_their_turn(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    struct story story = {.done = 0};
    start_server(&s, HABIT_GOOD);
    struct pgr_pqconn *conn = create_with(&s, LONG_US);
    pgr_pqconn_connect(conn, on_ready, &story);
    pgr_pqconn_query(conn, "rows", on_result, &story);
    pgr_pqconn_query(conn, "error", on_result, &story);
    pgr_pqconn_query(conn, "script", on_result, &story);
    story.ask_again = conn;
    PUMP_UNTIL(s.loop, story.done == 5);
    assert_string_equal(story.said, "ready 0:ab-. 0:1 1:invalid. 0: 1:x 2: 3:. 0:ab-. ");
    pgr_pqconn_close(&conn);
    stop_server(&s);
}

static void an_answer_of_no_results_is_an_error(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    struct story story = {.done = 0};
    start_server(&s, HABIT_GOOD);
    struct pgr_pqconn *conn = connect_to(&s, LONG_US);
    pgr_pqconn_query(conn, "unknown", on_result, &story);
    PUMP_UNTIL(s.loop, story.done);
    assert_string_equal(story.said, "0:invalid. ");
    pgr_pqconn_close(&conn);
    stop_server(&s);
}

static void a_lost_connection_fails_what_is_queued(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    struct story story = {.done = 0};
    start_server(&s, HABIT_HANGS_UP);
    struct pgr_pqconn *conn = connect_to(&s, LONG_US);
    pgr_pqconn_query(conn, "rows", on_result, &story);
    pgr_pqconn_query(conn, "rows", on_result, &story);
    PUMP_UNTIL(s.loop, story.done == 2);
    assert_string_equal(story.said, "0:io. 0:closed. ");
    assert_false(pgr_pqconn_is_ready(conn));

    /* It stays so until it is connected again. */
    pgr_pqconn_query(conn, "rows", on_result, &story);
    assert_int_equal(story.done, 2);
    PUMP_UNTIL(s.loop, story.done == 3);
    s.habit = HABIT_GOOD;
    pgr_pqconn_connect(conn, on_ready, &story);
    pgr_pqconn_query(conn, "rows", on_result, &story);
    PUMP_UNTIL(s.loop, story.done == 5);
    assert_string_equal(story.said, "0:io. 0:closed. 0:closed. ready 0:ab-. ");
    pgr_pqconn_close(&conn);
    stop_server(&s);
}

static void an_idle_connection_is_seen_to_end(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    start_server(&s, HABIT_GOOD);
    struct pgr_pqconn *conn = connect_to(&s, LONG_US);
    hang_up(&s);
    PUMP_UNTIL(s.loop, !pgr_pqconn_is_ready(conn));
    pgr_pqconn_close(&conn);
    stop_server(&s);
}

static void copy_is_not_for_us(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    struct story story = {.done = 0};
    start_server(&s, HABIT_GOOD);
    struct pgr_pqconn *conn = connect_to(&s, LONG_US);
    pgr_pqconn_query(conn, "copy", on_result, &story);
    PUMP_UNTIL(s.loop, story.done);
    assert_string_equal(story.said, "0:invalid. ");
    assert_false(pgr_pqconn_is_ready(conn));
    pgr_pqconn_close(&conn);
    stop_server(&s);
}

static void who_cannot_connect_is_told_once(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    start_server(&s, HABIT_REFUSES);
    struct story story = {.done = 0};
    struct pgr_pqconn *conn = create_with(&s, LONG_US);
    pgr_pqconn_connect(conn, on_ready, &story);
    PUMP_UNTIL(s.loop, story.done);
    pump_some(s.loop);
    assert_string_equal(story.said, "io ");
    pgr_pqconn_close(&conn);

    static const char *const bad[] = {"host=127.0.0.1 port=1", "host='unended", "sslmode=odd",
                                      "host=/nonexistent/socket"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(bad); i++) {
        struct story other = {.done = 0};
        conn = pgr_pqconn_create(s.loop, &(struct pgr_pqconn_options){.dsn = bad[i]});
        pgr_pqconn_connect(conn, on_ready, &other);
        assert_int_equal(other.done, 0);
        PUMP_UNTIL(s.loop, other.done);
        pump_some(s.loop);
        assert_string_equal(other.said, "io ");
        pgr_pqconn_close(&conn);
    }
    stop_server(&s);
}

static void patience_ends(void **state)
{
    PGR_UNUSED(state);
    struct server s;
    struct story story = {.done = 0};
    start_server(&s, HABIT_SILENT);
    struct pgr_pqconn *conn = create_with(&s, 20000);
    pgr_pqconn_connect(conn, on_ready, &story);
    PUMP_UNTIL(s.loop, story.done);
    assert_string_equal(story.said, "timeout ");
    pgr_pqconn_close(&conn);

    story = (struct story){.done = 0};
    s.habit = HABIT_GOOD;
    conn = connect_to(&s, 300000);
    pgr_pqconn_query(conn, "never", on_result, &story);
    pgr_pqconn_query(conn, "rows", on_result, &story);
    PUMP_UNTIL(s.loop, story.done == 2);
    assert_string_equal(story.said, "0:timeout. 0:closed. ");
    pgr_pqconn_close(&conn);
    stop_server(&s);
}

static void it_may_be_closed_at_any_point(void **state)
{
    PGR_UNUSED(state);
    static const char *const queries[] = {"rows", "script", "error", "copy", "never"};
    for (int turns = 0; turns < 40; turns++) {
        struct server s;
        struct story story = {.done = 0};
        start_server(&s, HABIT_GOOD);
        struct pgr_pqconn *conn = create_with(&s, LONG_US);
        pgr_pqconn_connect(conn, on_ready, &story);
        for (size_t i = 0; i < PGR_ARRAY_LEN(queries); i++)
            pgr_pqconn_query(conn, queries[i], on_result, &story);
        for (int i = 0; i < turns; i++)
            pgr_loop_turn(s.loop);
        int done = story.done;
        pgr_pqconn_close(&conn);
        pump_some(s.loop);
        assert_int_equal(story.done, done);
        stop_server(&s);
    }
}

static void it_may_be_closed_inside_its_callbacks(void **state)
{
    PGR_UNUSED(state);
    static const struct {
        enum server_habit habit;
        const char *sql;
        const char *said;
    } cases[] = {
        {HABIT_GOOD, NULL, "ready "},       {HABIT_REFUSES, NULL, "io "},
        {HABIT_GOOD, "script", "0: "},      {HABIT_GOOD, "rows", "0:ab-. "},
        {HABIT_HANGS_UP, "rows", "0:io. "}, {HABIT_GOOD, "copy", "0:invalid. "},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct server s;
        start_server(&s, cases[i].habit);
        struct story story = {.done = 0};
        struct pgr_pqconn *conn = cases[i].sql ? connect_to(&s, LONG_US) : create_with(&s, LONG_US);
        story.close_at_once = &conn;
        if (cases[i].sql == NULL)
            pgr_pqconn_connect(conn, on_ready, &story);
        else
            pgr_pqconn_query(conn, cases[i].sql, on_result, &story);
        pgr_pqconn_query(conn, "rows", on_result, &story);
        PUMP_UNTIL(s.loop, conn == NULL);
        pump_some(s.loop);
        assert_string_equal(story.said, cases[i].said);
        stop_server(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_one_by_one),
        cmocka_unit_test(queries_wait_their_turn),
        cmocka_unit_test(an_answer_of_no_results_is_an_error),
        cmocka_unit_test(a_lost_connection_fails_what_is_queued),
        cmocka_unit_test(an_idle_connection_is_seen_to_end),
        cmocka_unit_test(copy_is_not_for_us),
        cmocka_unit_test(who_cannot_connect_is_told_once),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(it_may_be_closed_at_any_point),
        cmocka_unit_test(it_may_be_closed_inside_its_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
