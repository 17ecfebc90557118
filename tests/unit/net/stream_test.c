// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/net/stream.h"
#include "pump.h"

/* One stream on a socketpair or on TCP; the test holds the other end as a plain descriptor. */
struct world {
    struct pgr_loop *loop;
    struct pgr_stream *stream;
    int peer;

    char input[4096]; /* all that was taken, when is_taking */
    size_t input_len;
    bool is_taking;
    bool is_echoing;
    int inputs;
    int drains;
    int ends;
    int err;
    size_t input_len_at_end;
    char close_in; /* 'i'nput, 'd'rained, 'c'losed or 0 */
    enum pgr_close_how how;
};

static void close_if(struct world *w, char where)
{
    if (w->close_in == where)
        pgr_stream_close(&w->stream, w->how);
}

static void on_input(void *arg)
{
    struct world *w = arg;
    w->inputs++;
    struct pgr_bytes bytes = pgr_stream_input(w->stream);
    if (w->is_echoing)
        pgr_stream_write(w->stream, bytes);
    if (w->is_taking) {
        PGR_ASSERT(w->input_len + bytes.len <= sizeof(w->input));
        memcpy(w->input + w->input_len, bytes.at, bytes.len);
        w->input_len += bytes.len;
        pgr_stream_consume(w->stream, bytes.len);
    }
    close_if(w, 'i');
}

static void on_drained(void *arg)
{
    struct world *w = arg;
    w->drains++;
    close_if(w, 'd');
}

static void on_closed(void *arg, int err)
{
    struct world *w = arg;
    w->ends++;
    w->err = err;
    w->input_len_at_end = w->input_len;
    close_if(w, 'c');
}

static const struct pgr_stream_events events = {on_input, on_drained, on_closed};

static void open_pair(struct world *w)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    w->peer = ends[1];
    w->stream = pgr_stream_adopt(w->loop, ends[0], &events, w);
}

static void open_tcp(struct world *w)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t len = sizeof(addr);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
    w->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(w->peer, (struct sockaddr *)&addr, len), 0);
    w->stream = pgr_stream_adopt(w->loop, accept(listener, NULL, NULL), &events, w);
    close(listener);
}

static void close_peer(struct world *w)
{
    if (w->peer >= 0)
        close(w->peer);
    w->peer = -1;
}

static int set_up_with(void **state, void (*open)(struct world *))
{
    struct world *w = pgr_new(struct world);
    w->loop = pgr_loop_create(&pgr_clock_monotonic);
    w->is_taking = true;
    open(w);
    *state = w;
    return 0;
}

static int set_up_pair(void **state)
{
    return set_up_with(state, open_pair);
}

static int set_up_tcp(void **state)
{
    return set_up_with(state, open_tcp);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    pgr_mem_fail_nth(0);
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
    close_peer(w);
    pgr_loop_destroy(&w->loop);
    pgr_free(w);
    return 0;
}

static void reset_by_peer(struct world *w)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(w->peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close_peer(w);
}

/* ---- reading ---- */

static void it_echoes(void **state)
{
    struct world *w = *state;
    w->is_echoing = true;
    for (int i = 0; i < 100; i++) {
        char line[32];
        char got[32] = "";
        int len = snprintf(line, sizeof(line), "line %d", i);
        assert_int_equal(write(w->peer, line, (size_t)len), len);
        PUMP_UNTIL(w->loop, w->inputs == i + 1);
        pgr_loop_turn(w->loop);
        assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), len);
        assert_string_equal(got, line);
    }
}

static void nothing_is_reported_before_the_first_turn(void **state)
{
    struct world *w = *state;
    assert_int_equal(write(w->peer, "x", 1), 1);
    assert_int_equal(w->inputs, 0);
    PUMP_UNTIL(w->loop, w->inputs == 1);
}

static void unread_input_stays_and_grows(void **state)
{
    struct world *w = *state;
    w->is_taking = false;
    for (size_t i = 0; i < 26; i++) {
        char letter = (char)('a' + i);
        assert_int_equal(write(w->peer, &letter, 1), 1);
        PUMP_UNTIL(w->loop, pgr_stream_input(w->stream).len == i + 1);
    }
    assert_memory_equal(pgr_stream_input(w->stream).at, "abcdefghijklmnopqrstuvwxyz", 26);
    pgr_stream_consume(w->stream, 20);
    assert_memory_equal(pgr_stream_input(w->stream).at, "uvwxyz", 6);
}

static void input_comes_before_the_end(void **state)
{
    struct world *w = *state;
    assert_int_equal(write(w->peer, "last words", 10), 10);
    shutdown(w->peer, SHUT_WR);
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->err, 0);
    assert_int_equal(w->input_len_at_end, 10);
    pump_some(w->loop);
    assert_int_equal(w->ends, 1);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("too late"));
    assert_int_equal(pgr_stream_pending(w->stream), 0);
}

static void what_was_written_before_eof_still_leaves(void **state)
{
    struct world *w = *state;
    char got[16] = "";
    w->is_echoing = true;
    assert_int_equal(write(w->peer, "question", 8), 8);
    shutdown(w->peer, SHUT_WR);
    w->close_in = 'c';
    w->how = PGR_CLOSE_FLUSH;
    PUMP_UNTIL(w->loop, w->ends == 1);
    pump_some(w->loop);
    assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), 8);
    assert_string_equal(got, "question");
    assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), 0);
}

static void a_reset_is_an_error_told_once(void **state)
{
    struct world *w = *state;
    reset_by_peer(w);
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->err, ECONNRESET);
    pump_some(w->loop);
    assert_int_equal(w->ends, 1);
}

/* As when PostgreSQL says why and goes, while we are still sending. */
static void last_words_are_read_though_writing_fails(void **state)
{
    struct world *w = *state;
    assert_int_equal(write(w->peer, "FATAL", 5), 5);
    close_peer(w);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("a"));
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->input_len_at_end, 5);
    assert_memory_equal(w->input, "FATAL", 5);
}

static void a_failed_write_is_told_with_its_error(void **state)
{
    struct world *w = *state;
    close_peer(w);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("a"));
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->err, EPIPE);
    assert_int_equal(pgr_stream_pending(w->stream), 0);
}

/* ---- pausing ---- */

static size_t write_until_full(int fd)
{
    char block[4096];
    size_t total = 0;
    ssize_t n;
    memset(block, 'x', sizeof(block));
    while ((n = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        total += (size_t)n;
    return total;
}

static void pausing_leaves_the_bytes_in_the_socket(void **state)
{
    struct world *w = *state;
    pgr_stream_pause(w->stream);
    assert_true(pgr_stream_is_paused(w->stream));
    assert_true(write_until_full(w->peer) > 0);
    pump_some(w->loop);
    assert_int_equal(w->inputs, 0);
    assert_int_equal(pgr_stream_input(w->stream).len, 0);
    assert_int_equal(write_until_full(w->peer), 0); /* and so the peer is held back */
    w->is_taking = false;
    pgr_stream_resume(w->stream);
    assert_false(pgr_stream_is_paused(w->stream));
    assert_int_equal(w->inputs, 0);
    PUMP_UNTIL(w->loop, w->inputs > 0);
}

static void an_input_buffer_that_is_full_holds_the_peer_back(void **state)
{
    struct world *w = *state;
    w->is_taking = false;
    for (int i = 0; i < 20; i++) {
        write_until_full(w->peer);
        pump_some(w->loop);
    }
    assert_int_equal(pgr_stream_input(w->stream).len, 65536);
    int before = w->inputs;
    pgr_stream_consume(w->stream, 65536);
    PUMP_UNTIL(w->loop, w->inputs > before);
}

static void resuming_reports_what_was_left_unread(void **state)
{
    struct world *w = *state;
    w->is_taking = false;
    assert_int_equal(write(w->peer, "abc", 3), 3);
    PUMP_UNTIL(w->loop, w->inputs == 1);
    pgr_stream_pause(w->stream);
    pump_some(w->loop);
    assert_int_equal(w->inputs, 1);
    pgr_stream_resume(w->stream);
    pgr_stream_pause(w->stream);
    pump_some(w->loop);
    assert_int_equal(w->inputs, 1); /* paused again before its turn came */
    pgr_stream_resume(w->stream);
    assert_int_equal(w->inputs, 1);
    PUMP_UNTIL(w->loop, w->inputs == 2);
    pump_some(w->loop);
    assert_int_equal(w->inputs, 2);
}

static void take_one_byte(void *arg)
{
    struct world *w = arg;
    pgr_stream_consume(w->stream, 1);
    if (++w->inputs == 1000)
        pgr_loop_stop(w->loop);
    else
        pgr_stream_resume(w->stream);
}

static void give_up(void *arg)
{
    struct world *w = arg;
    w->ends = -1;
    pgr_loop_stop(w->loop);
}

/* Nothing new arrives and no timer is due: the loop must not wait while it owes a report. */
static void a_running_loop_does_not_wait_while_it_owes_a_report(void **state)
{
    static const struct pgr_stream_events frugal = {take_one_byte, on_drained, on_closed};
    struct world *w = *state;
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
    close_peer(w);
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    w->peer = ends[1];
    w->stream = pgr_stream_adopt(w->loop, ends[0], &frugal, w);
    char block[1000] = {0};
    assert_int_equal(write(w->peer, block, sizeof(block)), sizeof(block));
    struct pgr_timer *guard = pgr_timer_create(w->loop, give_up, w);
    pgr_timer_start(guard, 20000, 0);
    pgr_loop_run(w->loop);
    pgr_timer_close(&guard);
    assert_int_equal(w->ends, 0);
    assert_int_equal(w->inputs, 1000);
}

static void eof_waits_while_paused(void **state)
{
    struct world *w = *state;
    pgr_stream_pause(w->stream);
    assert_int_equal(write(w->peer, "abc", 3), 3);
    close_peer(w);
    pump_some(w->loop);
    assert_int_equal(w->ends, 0);
    pgr_stream_resume(w->stream);
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->input_len_at_end, 3);
}

static void a_wanted_message_arrives_whole(void **state)
{
    static const size_t lens[] = {70000, 300000, (size_t)1 << 20};
    struct world *w = *state;
    w->is_taking = false;
    for (size_t i = 0; i < PGR_ARRAY_LEN(lens); i++) {
        size_t sent = 0;
        char block[10000];
        memset(block, 'a' + (int)i, sizeof(block));
        pgr_stream_want(w->stream, lens[i]);
        while (pgr_stream_input(w->stream).len < lens[i]) {
            size_t left = lens[i] - sent < sizeof(block) ? lens[i] - sent : sizeof(block);
            ssize_t n = left ? send(w->peer, block, left, MSG_DONTWAIT) : 0;
            sent += n > 0 ? (size_t)n : 0;
            pgr_loop_turn(w->loop);
        }
        struct pgr_bytes all = pgr_stream_input(w->stream);
        assert_int_equal(all.len, lens[i]);
        assert_int_equal(all.at[0], 'a' + i);
        assert_int_equal(all.at[all.len - 1], 'a' + i);
        pgr_stream_consume(w->stream, all.len);
    }
}

/* ---- writing ---- */

static void a_turn_of_writes_leaves_in_one_piece(void **state)
{
    struct world *w = *state;
    char got[2048];
    struct pgr_blob *blob = pgr_blob_create(1000);
    memset(blob->data, 'b', blob->len);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("head"));
    pgr_stream_write_blob(w->stream, blob, 100, 600);
    pgr_stream_write_blob(w->stream, blob, 0, 5);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("tail"));
    pgr_stream_write(w->stream, PGR_BYTES(NULL, 0));
    assert_int_equal(pgr_stream_pending(w->stream), 613);
    assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), -1); /* nothing before */
    pgr_loop_turn(w->loop);
    assert_int_equal(pgr_stream_pending(w->stream), 0);
    assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), 613);
    assert_memory_equal(got, "head", 4);
    assert_memory_equal(got + 4, blob->data, 605);
    assert_memory_equal(got + 609, "tail", 4);
    assert_int_equal(blob->refs, 1);
    pgr_blob_unref(blob);
}

static void write_much(struct world *w, size_t len)
{
    struct pgr_blob *blob = pgr_blob_create(len);
    memset(blob->data, 'y', len);
    pgr_stream_write_blob(w->stream, blob, 0, len);
    pgr_blob_unref(blob);
}

static size_t read_all_there_is(int fd)
{
    char block[16384];
    size_t total = 0;
    ssize_t n;
    while ((n = recv(fd, block, sizeof(block), MSG_DONTWAIT)) > 0)
        total += (size_t)n;
    return total;
}

static void fullness_is_seen_and_its_end_told(void **state)
{
    const size_t much = (size_t)8 << 20;
    struct world *w = *state;
    size_t got = 0;
    assert_false(pgr_stream_is_full(w->stream));
    write_much(w, much);
    assert_true(pgr_stream_is_full(w->stream));
    assert_int_equal(pgr_stream_pending(w->stream), much);
    pump_some(w->loop);
    assert_true(pgr_stream_is_full(w->stream));
    while (got < much) {
        got += read_all_there_is(w->peer);
        bool was_low = pgr_stream_pending(w->stream) < PGR_STREAM_LOW;
        assert_int_equal(w->drains, was_low ? 1 : 0);
        pgr_loop_turn(w->loop);
    }
    assert_int_equal(got, much);
    assert_int_equal(pgr_stream_pending(w->stream), 0);
    assert_int_equal(w->drains, 1);
}

static void want_of_memory_ends_the_stream_on_a_later_turn(void **state)
{
    struct world *w = *state;
    pgr_mem_fail_nth(1);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("abc"));
    assert_int_equal(w->ends, 0);
    assert_int_equal(pgr_stream_pending(w->stream), 0);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("abc"));
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->err, ENOMEM);
    pump_some(w->loop);
    assert_int_equal(w->ends, 1);
}

static void no_nth_allocation_breaks_an_exchange(void **state)
{
    struct world *w = *state;
    bool has_failed = true;
    for (unsigned n = 1; has_failed; n++) {
        pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
        close_peer(w);
        pump_some(w->loop);
        open_pair(w);
        w->is_taking = false;
        w->is_echoing = true;
        w->ends = 0;
        pgr_mem_fail_nth(n);
        for (int i = 0; i < 30 && w->ends == 0; i++) {
            write_until_full(w->peer);
            pgr_loop_turn(w->loop);
            if (w->ends == 0)
                pgr_stream_consume(w->stream, pgr_stream_input(w->stream).len);
            read_all_there_is(w->peer);
        }
        has_failed = w->ends > 0;
        if (has_failed)
            assert_int_equal(w->err, ENOMEM);
        assert_true(n < 1000);
    }
}

/* ---- closing ---- */

static void it_may_be_closed_in_each_of_its_callbacks(void **state)
{
    static const char places[] = {'i', 'd', 'c'};
    struct world *w = *state;
    for (size_t i = 0; i < 2 * PGR_ARRAY_LEN(places); i++) {
        pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
        close_peer(w);
        open_pair(w);
        w->close_in = places[i / 2];
        w->how = i % 2 ? PGR_CLOSE_FLUSH : PGR_CLOSE_NOW;
        w->is_taking = i % 2;
        w->input_len = 0;
        w->ends = 0;
        assert_int_equal(write(w->peer, "abc", 3), 3);
        write_much(w, 2 * PGR_STREAM_HIGH);
        if (w->close_in == 'c')
            shutdown(w->peer, SHUT_WR);
        while (w->stream != NULL) {
            pgr_loop_turn(w->loop);
            read_all_there_is(w->peer);
        }
        int inputs = w->inputs;
        int drains = w->drains;
        int ends = w->ends;
        pump_some(w->loop);
        assert_int_equal(ends, w->close_in == 'c');
        assert_int_equal(w->inputs, inputs);
        assert_int_equal(w->drains, drains);
        assert_int_equal(w->ends, ends);
    }
}

static void a_flushing_close_lets_everything_out(void **state)
{
    const size_t much = (size_t)4 << 20;
    struct world *w = *state;
    size_t got = 0;
    assert_true(write_until_full(w->peer) > 0); /* unread: would reset the connection */
    write_much(w, much);
    pgr_stream_close(&w->stream, PGR_CLOSE_FLUSH);
    assert_null(w->stream);
    while (got < much) {
        pgr_loop_turn(w->loop);
        got += read_all_there_is(w->peer);
    }
    pump_some(w->loop);
    char end;
    assert_int_equal(recv(w->peer, &end, 1, MSG_DONTWAIT), 0);
    assert_int_equal(got, much);
    close_peer(w);
    PUMP_UNTIL(w->loop, !pgr_loop_turn(w->loop)); /* and it does not stay for ever */
    assert_int_equal(w->inputs + w->ends, 0);
}

/* A plain close() would answer the unread bytes with a reset, and the client never see its error.
 */
static void an_error_told_at_closing_is_followed_by_eof_not_by_a_reset(void **state)
{
    struct world *w = *state;
    char got[16] = "";
    pgr_stream_pause(w->stream);
    assert_true(write_until_full(w->peer) > 0);
    pgr_stream_write(w->stream, PGR_BYTES_LIT("FATAL"));
    pgr_stream_close(&w->stream, PGR_CLOSE_FLUSH);
    pump_some(w->loop);
    assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), 5);
    assert_string_equal(got, "FATAL");
    assert_int_equal(recv(w->peer, got, sizeof(got), MSG_DONTWAIT), 0);
}

static void a_close_at_once_drops_what_is_pending(void **state)
{
    struct world *w = *state;
    pgr_stream_write(w->stream, PGR_BYTES_LIT("never sent"));
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
    char end;
    assert_int_equal(recv(w->peer, &end, 1, MSG_DONTWAIT), 0);
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW); /* NULL is allowed */
    assert_false(pgr_loop_turn(w->loop) && pgr_loop_turn(w->loop));
}

static void lingering_ends_with_the_loop(void **state)
{
    struct world *w = *state;
    write_much(w, (size_t)4 << 20);
    pgr_stream_close(&w->stream, PGR_CLOSE_FLUSH);
    pump_some(w->loop);
    pgr_loop_destroy(&w->loop);
    w->loop = pgr_loop_create(&pgr_clock_monotonic);
}

static void a_bad_descriptor_is_told_later(void **state)
{
    struct world *w = *state;
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    int closed = dup(ends[1]);
    close(ends[1]);
    close(closed);
    w->stream = pgr_stream_adopt(w->loop, closed, &events, w);
    assert_int_equal(w->ends, 0);
    PUMP_UNTIL(w->loop, w->ends == 1);
    assert_int_equal(w->err, EBADF);
}

/* ---- addresses ---- */

static struct sockaddr_in6 v6(const uint8_t raw[16])
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6};
    memcpy(&addr.sin6_addr, raw, 16);
    return addr;
}

static void loopback_and_unix_are_local(void **state)
{
    static const struct {
        uint32_t ip;
        bool is_local;
    } v4[] = {{0x7F000001, true},  {0x7FFFFFFE, true},  {0x80000001, false},
              {0x7EFFFFFF, false}, {0x0A000001, false}, {0, false}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(v4); i++) {
        struct sockaddr_in addr = {.sin_family = AF_INET};
        addr.sin_addr.s_addr = htonl(v4[i].ip);
        assert_int_equal(pgr_sockaddr_is_local((struct sockaddr *)&addr), v4[i].is_local);
    }
    static const struct {
        uint8_t raw[16];
        bool is_local;
    } cases[] = {
        {{[15] = 1}, true},
        {{[15] = 2}, false},
        {{[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}, true},
        {{[10] = 0xFF, [11] = 0xFF, [12] = 10, [15] = 1}, false},
        {{[12] = 127, [15] = 1}, false},
        {{0xFE, 0x80, [15] = 1}, false},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct sockaddr_in6 addr = v6(cases[i].raw);
        assert_int_equal(pgr_sockaddr_is_local((struct sockaddr *)&addr), cases[i].is_local);
    }
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_true(pgr_sockaddr_is_local((struct sockaddr *)&un));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    assert_false(pgr_sockaddr_is_local(&none));
    PGR_UNUSED(state);
}

static void the_peer_is_named(void **state)
{
    struct world *w = *state;
    assert_string_equal(pgr_stream_peer(w->stream), "unix");
    assert_true(pgr_stream_is_local(w->stream));
    pgr_stream_close(&w->stream, PGR_CLOSE_NOW);
    close_peer(w);
    open_tcp(w);
    struct sockaddr_in addr;
    socklen_t len = sizeof(addr);
    char expect[64];
    assert_int_equal(getsockname(w->peer, (struct sockaddr *)&addr, &len), 0);
    snprintf(expect, sizeof(expect), "127.0.0.1:%u", ntohs(addr.sin_port));
    assert_string_equal(pgr_stream_peer(w->stream), expect);
    assert_true(pgr_stream_is_local(w->stream));
}

#define PAIR_TEST(f) cmocka_unit_test_setup_teardown(f, set_up_pair, tear_down)
#define TCP_TEST(f)  cmocka_unit_test_setup_teardown(f, set_up_tcp, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(it_echoes),
        TCP_TEST(it_echoes),
        PAIR_TEST(nothing_is_reported_before_the_first_turn),
        PAIR_TEST(unread_input_stays_and_grows),
        PAIR_TEST(input_comes_before_the_end),
        TCP_TEST(input_comes_before_the_end),
        TCP_TEST(what_was_written_before_eof_still_leaves),
        TCP_TEST(a_reset_is_an_error_told_once),
        PAIR_TEST(last_words_are_read_though_writing_fails),
        TCP_TEST(last_words_are_read_though_writing_fails),
        PAIR_TEST(a_failed_write_is_told_with_its_error),
        PAIR_TEST(pausing_leaves_the_bytes_in_the_socket),
        PAIR_TEST(an_input_buffer_that_is_full_holds_the_peer_back),
        TCP_TEST(an_input_buffer_that_is_full_holds_the_peer_back),
        PAIR_TEST(resuming_reports_what_was_left_unread),
        PAIR_TEST(a_running_loop_does_not_wait_while_it_owes_a_report),
        TCP_TEST(eof_waits_while_paused),
        PAIR_TEST(a_wanted_message_arrives_whole),
        PAIR_TEST(a_turn_of_writes_leaves_in_one_piece),
        PAIR_TEST(fullness_is_seen_and_its_end_told),
        TCP_TEST(fullness_is_seen_and_its_end_told),
        PAIR_TEST(want_of_memory_ends_the_stream_on_a_later_turn),
        PAIR_TEST(no_nth_allocation_breaks_an_exchange),
        PAIR_TEST(it_may_be_closed_in_each_of_its_callbacks),
        PAIR_TEST(a_flushing_close_lets_everything_out),
        TCP_TEST(a_flushing_close_lets_everything_out),
        TCP_TEST(an_error_told_at_closing_is_followed_by_eof_not_by_a_reset),
        TCP_TEST(a_close_at_once_drops_what_is_pending),
        PAIR_TEST(lingering_ends_with_the_loop),
        PAIR_TEST(a_bad_descriptor_is_told_later),
        PAIR_TEST(loopback_and_unix_are_local),
        PAIR_TEST(the_peer_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
