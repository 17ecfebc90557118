// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/net/listener.h"
#include "pump.h"

/* A label longer than 63 letters is refused by the resolver itself: no packet leaves. */
#define IMPOSSIBLE_NAME "a234567890123456789012345678901234567890123456789012345678901234567890"

struct world {
    struct pgr_loop *loop;
    struct pgr_stream *stream;
    struct pgr_listener *listener;
    int accepted;
    bool shall_close;
    enum pgr_close_how how;

    int connected_calls;
    int err;
    char text[600];
    int inputs;
    int closed_calls;
};

static void on_connected(void *arg, int err, const char *text)
{
    struct world *w = arg;
    w->connected_calls++;
    w->err = err;
    snprintf(w->text, sizeof(w->text), "%s", text);
    if (w->shall_close)
        pgr_stream_close(&w->stream, w->how);
}

static void on_input(void *arg)
{
    struct world *w = arg;
    w->inputs++;
}

static void on_drained(void *arg)
{
    PGR_UNUSED(arg);
}

static void on_closed(void *arg, int err)
{
    struct world *w = arg;
    w->closed_calls++;
    w->err = err;
}

static const struct pgr_stream_events events = {on_input, on_drained, on_closed};

static void on_accept(void *arg, int fd)
{
    struct world *w = arg;
    w->accepted = fd;
}

static int set_up(void **state)
{
    struct world *w = pgr_new(struct world);
    w->loop = pgr_loop_create(&pgr_clock_monotonic);
    w->accepted = -1;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    if (w->accepted >= 0)
        close(w->accepted);
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
    pgr_listener_close(&w->listener);
    pgr_loop_destroy(&w->loop);
    pgr_free(w);
    return 0;
}

static void start(struct world *w, const struct pgr_endpoint *endpoint, uint64_t timeout_ms)
{
    w->stream = pgr_stream_connect(w->loop, endpoint, timeout_ms, &events, on_connected, w);
    assert_non_null(w->stream);
    assert_int_equal(w->connected_calls, 0); /* never before it returned */
}

static uint16_t listen_on(struct world *w, const struct pgr_endpoint *endpoint)
{
    char text[256];
    assert_int_equal(
        pgr_listener_open(w->loop, endpoint, on_accept, w, &w->listener, text, sizeof(text)),
        PGR_OK);
    return pgr_listener_port(w->listener);
}

/* A port of loopback on which certainly nobody listens: bound, but not listening. */
static int reserve_port(uint16_t *port, int backlog)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t len = sizeof(addr);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

static void assert_connects_and_talks(struct world *w)
{
    PUMP_UNTIL(w->loop, w->connected_calls == 1 && w->accepted >= 0);
    assert_int_equal(w->err, 0);
    assert_string_equal(w->text, "");
    assert_true(pgr_stream_is_local(w->stream));
    assert_int_equal(write(w->accepted, "hello", 5), 5);
    PUMP_UNTIL(w->loop, pgr_stream_input(w->stream).len == 5);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("world"));
    pgr_loop_turn(w->loop);
    char got[8] = "";
    assert_int_equal(read(w->accepted, got, sizeof(got)), 5);
    assert_string_equal(got, "world");
}

static void it_connects_by_address(void **state)
{
    struct world *w = *state;
    struct pgr_endpoint endpoint = {.host = "127.0.0.1"};
    endpoint.port = listen_on(w, &endpoint);
    start(w, &endpoint, 5000);
    assert_connects_and_talks(w);
    char expect[64];
    snprintf(expect, sizeof(expect), "127.0.0.1:%u", endpoint.port);
    assert_string_equal(pgr_stream_peer(w->stream), expect);
}

/* Whatever addresses the name has here, the one that is listened on is found. */
static void it_connects_by_name(void **state)
{
    struct world *w = *state;
    struct pgr_endpoint endpoint = {.host = "127.0.0.1"};
    endpoint.port = listen_on(w, &endpoint);
    endpoint.host = "localhost";
    start(w, &endpoint, 5000);
    assert_connects_and_talks(w);
}

static void it_connects_to_a_unix_socket(void **state)
{
    struct world *w = *state;
    char dir[] = "/tmp/pgr-connect-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/.s.PGSQL.1", dir);
    struct pgr_endpoint endpoint = {.unix_path = path};
    listen_on(w, &endpoint);
    start(w, &endpoint, 5000);
    memset(path, 'x', sizeof(path) - 1); /* the endpoint was copied */
    assert_connects_and_talks(w);
    assert_string_equal(pgr_stream_peer(w->stream), "unix");
    pgr_listener_close(&w->listener);
    rmdir(dir);
}

static void what_was_written_before_leaves_when_connected(void **state)
{
    struct world *w = *state;
    struct pgr_endpoint endpoint = {.host = "127.0.0.1"};
    endpoint.port = listen_on(w, &endpoint);
    start(w, &endpoint, 5000);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("early"));
    PUMP_UNTIL(w->loop, w->accepted >= 0 && pgr_stream_pending(w->stream) == 0);
    char got[8] = "";
    assert_int_equal(read(w->accepted, got, sizeof(got)), 5);
    assert_string_equal(got, "early");
}

static void assert_fails(struct world *w, int err, const char *text)
{
    PUMP_UNTIL(w->loop, w->connected_calls > 0);
    pump_some(w->loop);
    assert_int_equal(w->connected_calls, 1);
    assert_int_equal(w->closed_calls, 0);
    assert_string_equal(w->text, text);
    assert_int_equal(w->err, err);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("dropped"));
    assert_int_equal(pgr_stream_pending(w->stream), 0);
}

static void refusal_is_told_in_the_words_of_libpq(void **state)
{
    struct world *w = *state;
    char expect[128];
    struct pgr_endpoint endpoint = {.host = "127.0.0.1"};
    int fd = reserve_port(&endpoint.port, -1);
    start(w, &endpoint, 5000);
    snprintf(expect, sizeof(expect),
             "connection to server at \"127.0.0.1\", port %u failed: Connection refused",
             endpoint.port);
    assert_fails(w, ECONNREFUSED, expect);
    close(fd);
}

static void a_missing_socket_file_is_named(void **state)
{
    struct pgr_endpoint endpoint = {.unix_path = "/nonexistent/.s.PGSQL.1"};
    start(*state, &endpoint, 5000);
    assert_fails(*state, ENOENT,
                 "connection to server on socket \"/nonexistent/.s.PGSQL.1\" failed: "
                 "No such file or directory");
}

static void a_name_that_cannot_be_is_told(void **state)
{
    struct world *w = *state;
    struct pgr_endpoint endpoint = {.host = IMPOSSIBLE_NAME, .port = 1};
    start(w, &endpoint, 5000);
    PUMP_UNTIL(w->loop, w->connected_calls == 1);
    assert_int_equal(w->err, EHOSTUNREACH);
    assert_ptr_equal(
        strstr(w->text, "could not translate host name \"" IMPOSSIBLE_NAME "\" to address: "),
        w->text);
}

/* A listener whose backlog is full drops what comes: connecting neither succeeds nor fails. */
static int fill_backlog(uint16_t port, int *fds, int count)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        int rc = connect(fds[i], (struct sockaddr *)&addr, sizeof(addr));
        assert_true(rc == 0 || errno == EINPROGRESS);
    }
    return count;
}

static void silence_ends_with_the_timeout(void **state)
{
    struct world *w = *state;
    int fds[4];
    char expect[128];
    struct pgr_endpoint endpoint = {.host = "127.0.0.1"};
    int listener = reserve_port(&endpoint.port, 0);
    int count = fill_backlog(endpoint.port, fds, 4);
    start(w, &endpoint, 30);
    snprintf(expect, sizeof(expect),
             "connection to server at \"127.0.0.1\", port %u failed: timeout expired",
             endpoint.port);
    assert_fails(w, ETIMEDOUT, expect);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    close(listener);
}

static void closing_at_any_stage_is_silent(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", IMPOSSIBLE_NAME};
    struct world *w = *state;
    struct pgr_endpoint endpoint = {.host = "127.0.0.1"};
    endpoint.port = listen_on(w, &endpoint);
    for (size_t i = 0; i < PGR_ARRAY_LEN(hosts); i++) {
        for (int turns = 0; turns < 3; turns++) {
            endpoint.host = hosts[i];
            start(w, &endpoint, 5000);
            for (int k = 0; k < turns && w->connected_calls == 0; k++)
                pgr_loop_turn(w->loop);
            w->connected_calls = 0;
            pgr_stream_close(&w->stream, turns % 2 ? PGR_CLOSE_FLUSH : PGR_CLOSE_NOW);
            pump_some(w->loop);
            assert_int_equal(w->connected_calls, 0);
            assert_int_equal(w->closed_calls, 0);
            if (w->accepted >= 0)
                close(w->accepted);
            w->accepted = -1;
        }
    }
}

static void it_may_be_closed_when_connected_or_failed(void **state)
{
    struct world *w = *state;
    struct pgr_endpoint good = {.host = "127.0.0.1"};
    struct pgr_endpoint bad = {.host = "127.0.0.1"};
    good.port = listen_on(w, &good);
    int fd = reserve_port(&bad.port, -1);
    w->shall_close = true;
    for (int i = 0; i < 4; i++) {
        w->how = i % 2 ? PGR_CLOSE_FLUSH : PGR_CLOSE_NOW;
        w->connected_calls = 0;
        start(w, i < 2 ? &good : &bad, 5000);
        PUMP_UNTIL(w->loop, w->connected_calls == 1);
        assert_null(w->stream);
        pump_some(w->loop);
        assert_int_equal(w->connected_calls, 1);
        if (w->accepted >= 0)
            close(w->accepted);
        w->accepted = -1;
    }
    close(fd);
}

static void a_loop_takes_what_is_still_connecting_with_it(void **state)
{
    struct pgr_loop *loop = pgr_loop_create(&pgr_clock_monotonic);
    struct world *w = *state;
    struct pgr_endpoint endpoint = {.host = "localhost", .port = 1};
    pgr_stream_connect(loop, &endpoint, 5000, &events, on_connected, w);
    pgr_loop_turn(loop); /* the name is being resolved on another thread now */
    pgr_loop_destroy(&loop);
    assert_int_equal(w->connected_calls, 0);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(it_connects_by_address),
        WORLD_TEST(it_connects_by_name),
        WORLD_TEST(it_connects_to_a_unix_socket),
        WORLD_TEST(what_was_written_before_leaves_when_connected),
        WORLD_TEST(refusal_is_told_in_the_words_of_libpq),
        WORLD_TEST(a_missing_socket_file_is_named),
        WORLD_TEST(a_name_that_cannot_be_is_told),
        WORLD_TEST(silence_ends_with_the_timeout),
        WORLD_TEST(closing_at_any_stage_is_silent),
        WORLD_TEST(it_may_be_closed_when_connected_or_failed),
        WORLD_TEST(a_loop_takes_what_is_still_connecting_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
