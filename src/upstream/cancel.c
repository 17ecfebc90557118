// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/upstream/cancel.h"

#include "pgrecall/base/mem.h"

struct cancel {
    struct pgr_stream *stream;
    struct pgr_timer *timer;
    struct pgr_blob *packet;
    pgr_loop_fn *done;
    void *arg;
};

static void finish(struct cancel *c)
{
    pgr_stream_close(&c->stream, PGR_CLOSE_NOW);
    pgr_timer_close(&c->timer);
    pgr_blob_unref(c->packet);
    c->done(c->arg);
    pgr_free(c);
}

static void on_timeout(void *arg)
{
    finish(arg);
}

static void on_closed(void *arg, int err)
{
    PGR_UNUSED(err);
    finish(arg);
}

/* The server says nothing on such a connection; whatever comes is dropped. */
static void on_input(void *arg)
{
    struct cancel *c = arg;
    pgr_stream_consume(c->stream, pgr_stream_input(c->stream).len);
}

static void on_drained(void *arg)
{
    PGR_UNUSED(arg);
}

static void on_connected(void *arg, int err, const char *text)
{
    struct cancel *c = arg;
    PGR_UNUSED(text);
    if (err) {
        finish(c);
        return;
    }
    pgr_stream_write_blob(c->stream, c->packet, 0, c->packet->len);
}

void pgr_cancel_relay(struct pgr_loop *loop, const struct pgr_endpoint *endpoint,
                      struct pgr_bytes packet, uint64_t timeout_ms, pgr_loop_fn *done, void *arg)
{
    static const struct pgr_stream_events events = {on_input, on_drained, on_closed};
    struct pgr_blob *copy = pgr_blob_copy(packet);
    if (copy == NULL) {
        done(arg);
        return;
    }
    struct cancel *c = pgr_new(struct cancel);
    c->packet = copy;
    c->done = done;
    c->arg = arg;
    c->timer = pgr_timer_create(loop, on_timeout, c);
    pgr_timer_start(c->timer, timeout_ms, 0);
    c->stream = pgr_stream_connect(loop, endpoint, timeout_ms, &events, on_connected, c);
}
