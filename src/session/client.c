// SPDX-License-Identifier: PostgreSQL
/*
 * Messages from the client. Held messages stay where they are, at the front of the input: the next
 * message is looked at behind them, and releasing them is forgetting that they are held.
 */
#include "session_priv.h"

#include "pgrecall/base/mem.h"

/* Expectations kept at most: memory is bounded whatever a client sends without reading. */
#define OUTSTANDING_MAX ((size_t)16384)

/* Forwards what has come of a long message. */
static bool pass_on(struct pgr_session *s)
{
    struct pgr_bytes input = pgr_stream_input(s->client.stream);
    size_t len = input.len < s->client.passing ? input.len : (size_t)s->client.passing;
    if (len == 0)
        return false;
    pgr_stream_write(s->server.stream, PGR_BYTES(input.at, len));
    pgr_stream_consume(s->client.stream, len);
    s->client.passing -= len;
    return true;
}

/* CopyData has no answer and no meaning for us; anything longer than we hold streams through. */
static bool is_streamed(const struct pgr_frame *frame)
{
    return frame->type == PGR_FE_COPY_DATA || pgr_frame_size(frame) > PGR_HOLD_MAX - 16;
}

static bool start_streaming(struct pgr_session *s, const struct pgr_frame *frame,
                            struct pgr_bytes seen)
{
    if (s->client.held > 0) {
        pgr_hold_release(s);
        return true;
    }
    if (frame->type != PGR_FE_COPY_DATA && seen.len < 4096 && seen.len < pgr_frame_size(frame)) {
        pgr_stream_want(s->client.stream, 4096); /* the names in its front are worth knowing */
        return false;
    }
    return pgr_work_run(s, frame, PGR_FRONT);
}

/* A whole message lies behind what is held. */
static bool dispatch(struct pgr_session *s, const struct pgr_frame *frame, struct pgr_bytes rest)
{
    if (!s->work.is_active && !s->unit.must_send) {
        switch (pgr_hold_consider(s, frame, pgr_frame_body(rest, frame))) {
        case PGR_HOLD_KEEP:
            s->client.held += pgr_frame_size(frame);
            return true;
        case PGR_HOLD_ANSWERED:
            return true;
        case PGR_HOLD_WAIT:
            return false;
        case PGR_HOLD_SEND:
            break;
        }
    }
    if (s->client.held > 0) {
        pgr_hold_release(s);
        return true;
    }
    return pgr_work_run(s, frame, PGR_WHOLE);
}

/* Held messages may fill the buffer to its last byte: what follows them must find room. */
static bool await_more(struct pgr_session *s)
{
    size_t len = s->client.held + 4096;
    if (s->client.held == 0)
        return false;
    if (len > PGR_HOLD_MAX) {
        pgr_hold_release(s);
        return true;
    }
    pgr_stream_want(s->client.stream, len);
    return false;
}

static bool next_message(struct pgr_session *s)
{
    if (s->work.is_waiting || s->replies.count > OUTSTANDING_MAX)
        return false; /* PostgreSQL's answers bring us back here */
    if (pgr_stream_is_full(s->server.stream) || pgr_stream_is_full(s->client.stream)) {
        pgr_stream_pause(s->client.stream);
        return false;
    }
    if (s->client.passing > 0)
        return pass_on(s);
    struct pgr_bytes input = pgr_stream_input(s->client.stream);
    struct pgr_bytes rest = PGR_BYTES(input.at + s->client.held, input.len - s->client.held);
    struct pgr_frame frame;
    switch (pgr_frame_peek(rest, PGR_FRAME_MAX, &frame)) {
    case PGR_PARSE_MORE:
        return await_more(s);
    case PGR_PARSE_BAD:
        pgr_server_lose_track(s);
        pgr_tunnel_pump(s->client.stream, s->server.stream);
        return false;
    case PGR_PARSE_OK:
        break;
    }
    if (is_streamed(&frame))
        return start_streaming(s, &frame, rest);
    size_t size = pgr_frame_size(&frame);
    if (rest.len < size) {
        if (s->client.held + size > PGR_HOLD_MAX) {
            pgr_hold_release(s);
            return true;
        }
        pgr_stream_want(s->client.stream, s->client.held + size);
        return false;
    }
    return dispatch(s, &frame, rest);
}

void pgr_client_pump(struct pgr_session *s)
{
    if (s->is_pumping)
        return;
    s->is_pumping = true;
    while (s->state == PGR_SESSION_READY && next_message(s))
        continue;
    s->is_pumping = false;
    if (s->state != PGR_SESSION_READY)
        return;
    bool must_wait = s->work.is_waiting || pgr_stream_is_full(s->server.stream) ||
                     s->replies.count > OUTSTANDING_MAX;
    if (s->client.is_gone && !must_wait)
        pgr_session_close(s);
    else
        pgr_session_close_if_drained(s);
}
