// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/net/listener.h"
#include "pump.h"

/*
 * Two streams of one loop: the source sends a long run of bytes and checks what comes back, the
 * mirror returns them. Each stops reading while its own output is full.
 */
#define LENGTH ((size_t)6 << 20)

struct side {
    struct pgr_stream *stream;
    size_t sent;
    size_t got;
    size_t most_pending;
    int pauses;
    int ends;
    bool is_slow; /* takes little at a time */
    bool is_source;
};

struct world {
    struct pgr_loop *loop;
    struct pgr_listener *listener;
    struct side source;
    struct side mirror;
    int connected;
};

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

static void note_pending(struct side *side)
{
    size_t pending = pgr_stream_pending(side->stream);
    if (pending > side->most_pending)
        side->most_pending = pending;
}

static void send_more(struct side *source)
{
    while (source->sent < LENGTH && !pgr_stream_is_full(source->stream)) {
        size_t len = 1 + source->sent % 50000;
        if (len > LENGTH - source->sent)
            len = LENGTH - source->sent;
        struct pgr_blob *blob = pgr_blob_create(len);
        for (size_t i = 0; i < len; i++)
            blob->data[i] = byte_at(source->sent + i);
        if (len % 2)
            pgr_stream_write(source->stream, PGR_BYTES(blob->data, len));
        else
            pgr_stream_write_blob(source->stream, blob, 0, len);
        pgr_blob_unref(blob);
        source->sent += len;
        note_pending(source);
    }
}

static void check_input(struct side *side, struct pgr_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        PGR_ASSERT(bytes.at[i] == byte_at(side->got + i));
    side->got += bytes.len;
}

static void on_input(void *arg)
{
    struct side *side = arg;
    struct pgr_bytes bytes = pgr_stream_input(side->stream);
    if (side->is_slow && bytes.len > 7777)
        bytes.len = 7777;
    check_input(side, bytes);
    if (!side->is_source)
        pgr_stream_write(side->stream, bytes);
    pgr_stream_consume(side->stream, bytes.len);
    if (side->is_slow)
        pgr_stream_resume(side->stream); /* come again for the rest */
    note_pending(side);
    if (!side->is_source && pgr_stream_is_full(side->stream)) {
        side->pauses++;
        pgr_stream_pause(side->stream);
    }
}

static void on_drained(void *arg)
{
    struct side *side = arg;
    if (side->is_source)
        send_more(side);
    else
        pgr_stream_resume(side->stream);
}

static void on_closed(void *arg, int err)
{
    struct side *side = arg;
    PGR_ASSERT(err == 0);
    side->ends++;
}

static const struct pgr_stream_events events = {on_input, on_drained, on_closed};

static void on_accept(void *arg, int fd)
{
    struct world *w = arg;
    w->mirror.stream = pgr_stream_adopt(w->loop, fd, &events, &w->mirror);
}

static void on_connected(void *arg, int err, const char *text)
{
    struct side *source = arg;
    PGR_ASSERT(err == 0 && text[0] == '\0');
    send_more(source);
}

static void transfer(struct world *w, const char *word)
{
    char storage[128];
    char text[256];
    struct pgr_endpoint endpoint;
    assert_int_equal(
        pgr_endpoint_parse(word, 1, storage, sizeof(storage), &endpoint, text, sizeof(text)),
        PGR_OK);
    w->loop = pgr_loop_create(&pgr_clock_monotonic);
    w->source.is_source = true;
    assert_int_equal(
        pgr_listener_open(w->loop, &endpoint, on_accept, w, &w->listener, text, sizeof(text)),
        PGR_OK);
    if (endpoint.host != NULL)
        endpoint.port = pgr_listener_port(w->listener);
    w->source.stream =
        pgr_stream_connect(w->loop, &endpoint, 5000, &events, on_connected, &w->source);
    PUMP_UNTIL(w->loop, w->source.got == LENGTH);
    assert_int_equal(w->mirror.got, LENGTH);

    pgr_stream_close(&w->source.stream, PGR_CLOSE_FLUSH);
    PUMP_UNTIL(w->loop, w->mirror.ends == 1);
    pgr_stream_close(&w->mirror.stream, PGR_CLOSE_NOW);
    pgr_listener_close(&w->listener);
    pgr_loop_destroy(&w->loop);
    assert_int_equal(w->source.ends, 0);
}

static void transfer_over_unix(struct world *w)
{
    char dir[] = "/tmp/pgr-transfer-XXXXXX";
    assert_non_null(mkdtemp(dir));
    transfer(w, dir);
    assert_int_equal(rmdir(dir), 0);
}

/* What may be on its way out is bounded by the watermark and one write more. */
static void assert_bounded(const struct world *w)
{
    assert_true(w->source.most_pending <= PGR_STREAM_HIGH + 50000);
    assert_true(w->mirror.most_pending <= PGR_STREAM_HIGH + 65536);
}

static void much_goes_there_and_back_over_tcp(void **state)
{
    struct world w = {0};
    transfer(&w, "127.0.0.1:0");
    assert_bounded(&w);
    PGR_UNUSED(state);
}

static void much_goes_there_and_back_over_a_unix_socket(void **state)
{
    struct world w = {0};
    transfer_over_unix(&w);
    assert_bounded(&w);
    PGR_UNUSED(state);
}

/* A unix socket's buffers are small: a slow reader is felt soon. */
static void a_slow_reader_holds_the_sender_back(void **state)
{
    struct world w = {.source = {.is_slow = true}};
    transfer_over_unix(&w);
    assert_bounded(&w);
    assert_true(w.mirror.pauses > 0);
    PGR_UNUSED(state);
}

static void a_slow_mirror_too(void **state)
{
    struct world w = {.mirror = {.is_slow = true}};
    transfer_over_unix(&w);
    assert_bounded(&w);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(much_goes_there_and_back_over_tcp),
        cmocka_unit_test(much_goes_there_and_back_over_a_unix_socket),
        cmocka_unit_test(a_slow_reader_holds_the_sender_back),
        cmocka_unit_test(a_slow_mirror_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
