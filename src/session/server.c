// SPDX-License-Identifier: PostgreSQL
/*
 * Messages from PostgreSQL. Rows stream through in runs as long as the input; only what proves
 * something is looked into: ReadyForQuery (committed and visible, B0), ParameterStatus, and the row
 * of our own probe.
 */
#include "session_priv.h"
#include "txn_priv.h"

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/wire/backend.h"

/* Spans of the input that go to the client in one write. */
struct run {
    const uint8_t *at;
    size_t len;
};

enum taken {
    TAKEN,     /* the message was dealt with: go on behind it */
    TAKEN_NOT, /* more bytes, or an answer of the authority, must come first */
};

/* ---- what expectations own, when they are met or lost ---- */

static void finish_capture(struct pgr_session *s, struct pgr_op *op, enum pgr_op_end end)
{
    struct pgr_capture *capture = op->capture;
    bool is_last = op->type == PGR_FE_EXECUTE || op->type == PGR_FE_QUERY;
    if (end != PGR_OP_ANSWERED)
        pgr_capture_spoil(capture, PGR_REASON_UNCLEAN_REPLY);
    if (!is_last) {
        pgr_capture_unref(capture);
        return;
    }
    capture->done_us = pgr_loop_clock_us(s->env->loop);
    capture->next = s->finished;
    s->finished = capture;
}

static void tell_op(struct pgr_session *s, struct pgr_op *op, enum pgr_op_end end)
{
    op->note.is_error |= end != PGR_OP_ANSWERED;
    if (op->note.outcome == PGR_OUTCOME_MISS && op->capture != NULL &&
        op->capture->spoilt == PGR_REASON_TOO_LARGE) {
        op->note.outcome = PGR_OUTCOME_BYPASS;
        op->note.reason = PGR_REASON_TOO_LARGE;
    }
    pgr_tell_call(s, &op->note, pgr_loop_clock_us(s->env->loop));
    pgr_stmt_unref(op->note.stmt);
}

/* Not to be asked again before something changes. */
static void refuse_facts(struct pgr_session *s)
{
    pgr_backend_refuse(&s->facts, PGR_REASON_SETTINGS_UNKNOWN);
    s->facts.conf_epoch = s->probe_conf_epoch;
    s->facts.epoch = s->probe_catalog ? s->probe_catalog->epoch : 0;
}

void pgr_server_finish_op(void *arg, struct pgr_op *op, enum pgr_op_end end)
{
    struct pgr_session *s = arg;
    if (op->note.stmt != NULL)
        tell_op(s, op, end);
    if (op->prepared != NULL) {
        if (end == PGR_OP_ANSWERED && op->type == PGR_FE_PARSE)
            op->prepared->is_confirmed = true;
        else if (end ==
                 PGR_OP_ANSWERED) /* executed anew: PostgreSQL has checked it in this epoch */
            op->prepared->epoch = op->prepared->sent_epoch;
        else if (op->type == PGR_FE_PARSE)
            pgr_names_drop(s->statements, op->prepared);
        pgr_prepared_unref(op->prepared);
    }
    if (op->capture != NULL)
        finish_capture(s, op, end);
    while (op->writes != NULL) { /* its ReadyForQuery is still to come */
        struct pgr_open_write *w = op->writes;
        op->writes = w->next;
        w->next = s->txn.unit;
        s->txn.unit = w;
    }
    if (op->owner == PGR_OP_PROBE && op->type == PGR_FE_EXECUTE && end != PGR_OP_ANSWERED)
        refuse_facts(s);
    if (op->owner == PGR_OP_PROBE && op->type == PGR_FE_SYNC) {
        s->work.is_waiting = false;
        s->work.ask = PGR_ASK_ANSWERED;
    }
}

void pgr_server_lose_track(struct pgr_session *s)
{
    pgr_count_add(s->env->counters, PGR_COUNTER_protocol_surprises, 1);
    pgr_log(PGR_LOG_WARNING, "protocol_surprise", pgr_f_int("pid", s->server.pid),
            pgr_f_str("reason", pgr_reason_name(PGR_REASON_SESSION_UNCERTAIN)));
    /* From here on this session may write anything at any time, until its backend is gone. */
    enum pgr_answer answer;
    struct pgr_open_write *w = pgr_open_write_begin(&s->env->funnel, s->database,
                                                    pgr_relset_ref(pgr_database_all(s->database)),
                                                    &answer, pgr_session_wake, s);
    pgr_open_write_define(w);
    if (answer == PGR_ANSWER_LATER)
        s->asks++;
    w->next = s->txn.held;
    s->txn.held = w;
    pgr_hold_release(s);
    pgr_session_set_state(s, PGR_SESSION_TUNNEL);
}

/* ---- ParameterStatus ---- */

static bool is_ascii_safe(struct pgr_bytes encoding)
{
    static const char *const unsafe[] = {"SJIS", "SHIFT_JIS_2004", "BIG5", "GBK",
                                         "UHC",  "GB18030",        "JOHAB"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(unsafe); i++)
        if (pgr_bytes_eq(encoding, pgr_bytes_str(unsafe[i])))
            return false;
    return true;
}

void pgr_server_note_parameter(struct pgr_session *s, struct pgr_bytes body)
{
    struct pgr_bytes name;
    struct pgr_bytes value;
    if (!pgr_msg_param_status(body, &name, &value))
        return;
    if (pgr_bytes_eq(name, PGR_BYTES_LIT("application_name"))) {
        pgr_free(s->identity.application);
        s->identity.application = pgr_strndup((const char *)value.at, value.len);
        return;
    }
    if (pgr_bytes_eq(name, PGR_BYTES_LIT("standard_conforming_strings")))
        s->txn.has_odd_strings = !pgr_bytes_eq(value, PGR_BYTES_LIT("on"));
    else if (pgr_bytes_eq(name, PGR_BYTES_LIT("client_encoding")))
        s->txn.has_odd_encoding = !is_ascii_safe(value);
    pgr_backend_forget(&s->facts);
}

static void spoil_captures(struct pgr_session *s)
{
    for (size_t i = 0; i < s->replies.count; i++) {
        struct pgr_op *op = &s->replies.ring[(s->replies.head + i) & (s->replies.cap - 1)];
        if (op->capture != NULL)
            pgr_capture_spoil(op->capture, PGR_REASON_UNCLEAN_REPLY);
    }
    for (struct pgr_capture *c = s->finished; c != NULL; c = c->next)
        pgr_capture_spoil(c, PGR_REASON_UNCLEAN_REPLY);
    if (s->portal.capture != NULL)
        pgr_capture_spoil(s->portal.capture, PGR_REASON_UNCLEAN_REPLY);
}

/* ---- ReadyForQuery ---- */

static void on_end_done(void *arg)
{
    struct pgr_session *s = arg;
    s->server.ends_pending--;
    pgr_session_wake(s);
    if (s->state == PGR_SESSION_READY)
        pgr_server_pump(s);
}

static void end_one(struct pgr_session *s, struct pgr_open_write *w)
{
    if (pgr_open_write_end(w, on_end_done, s) == PGR_ANSWER_LATER) {
        s->server.ends_pending++;
        s->asks++;
    }
}

/* Ends a list of write sets; those that hold exclusive locks stay while the transaction is open. */
static void end_list(struct pgr_session *s, struct pgr_open_write **list, uint8_t status)
{
    struct pgr_open_write *all = *list;
    *list = NULL;
    while (all != NULL) {
        struct pgr_open_write *w = all;
        all = w->next;
        if (w->is_exclusive && status == 'T') {
            w->next = s->txn.held;
            s->txn.held = w;
        } else {
            end_one(s, w);
        }
    }
}

/* What was written by new definitions under the eyes of old ones: everything is outdated. */
static void outdate_all(struct pgr_session *s)
{
    enum pgr_answer answer;
    struct pgr_open_write *w = pgr_open_write_begin(&s->env->funnel, s->database,
                                                    pgr_relset_ref(pgr_database_all(s->database)),
                                                    &answer, pgr_session_wake, s);
    if (answer == PGR_ANSWER_LATER)
        s->asks++;
    end_one(s, w);
}

static void end_writes(struct pgr_session *s, uint8_t status)
{
    if (pgr_txn_is_outdated(&s->txn, s->database))
        outdate_all(s);
    struct pgr_op *closing = pgr_replies_closing(&s->replies);
    if (closing != NULL)
        end_list(s, &closing->writes, status);
    end_list(s, &s->txn.unit, status);
    if (status != 'T')
        end_list(s, &s->txn.held, status);
}

static void store_one(struct pgr_session *s, struct pgr_capture *capture)
{
    struct pgr_authority *authority = s->env->funnel.authority;
    struct pgr_entry *entry = pgr_capture_entry(capture);
    if (entry == NULL)
        return;
    if (capture->mark != 0)
        s->env->hot[capture->mark % PGR_HOT_SLOTS] = capture->mark;
    authority->ops->put(authority, entry);
    pgr_count_add(s->env->counters, PGR_COUNTER_stores, 1);
}

static void store_finished(struct pgr_session *s, uint8_t status)
{
    while (s->finished != NULL) {
        struct pgr_capture *capture = s->finished;
        s->finished = capture->next;
        if (status == 'I')
            store_one(s, capture);
        pgr_capture_unref(capture);
    }
}

/* Everything that was asked is answered: what the session is now is certain. */
static void settle(struct pgr_session *s)
{
    s->txn.is_open_implicitly = false;
    s->txn.may_lex_otherwise = false;
    if (s->txn.status != 'I')
        return;
    if (s->txn.has_touched_settings)
        pgr_backend_forget(&s->facts);
    pgr_names_clear(s->portals);
    pgr_txn_end(&s->txn);
}

static enum taken on_ready(struct pgr_session *s, struct pgr_bytes body, enum pgr_route *route)
{
    uint8_t status;
    if (!pgr_msg_ready(body, &status)) {
        *route = PGR_ROUTE_SURPRISE;
        return TAKEN;
    }
    if (!s->server.are_ends_started) {
        s->server.are_ends_started = true;
        end_writes(s, status);
    }
    if (s->server.ends_pending > 0)
        return TAKEN_NOT;
    s->server.are_ends_started = false;
    *route = pgr_replies_accept(&s->replies, PGR_BE_READY);
    s->txn.status = status;
    store_finished(s, status);
    if (s->replies.count == 0)
        settle(s);
    return TAKEN;
}

/* ---- one message ---- */

static bool is_reply_part(uint8_t type)
{
    return type == PGR_BE_ROW_DESCRIPTION || type == PGR_BE_DATA_ROW ||
           type == PGR_BE_COMMAND_COMPLETE;
}

static bool is_whole(struct pgr_bytes message)
{
    return message.len == 1 + (size_t)pgr_load_be32(message.at + 1);
}

/* Copies aside what belongs to the answer; anything else in it spoils it. */
static void capture_message(struct pgr_capture *capture, uint8_t type, struct pgr_bytes seen)
{
    static const uint8_t harmless[] = {PGR_BE_PARSE_COMPLETE, PGR_BE_BIND_COMPLETE};
    if (is_reply_part(type))
        pgr_capture_append(capture, seen);
    else if (type != harmless[0] && type != harmless[1])
        pgr_capture_spoil(capture, PGR_REASON_UNCLEAN_REPLY);
    if (type == PGR_BE_ROW_DESCRIPTION && (capture->description_len > 0 || !is_whole(seen)))
        pgr_capture_spoil(capture, PGR_REASON_UNCLEAN_REPLY); /* described twice */
    else if (type == PGR_BE_ROW_DESCRIPTION)
        capture->description_len = seen.len;
    else if (type == PGR_BE_DATA_ROW)
        capture->rows++;
    else if (type == PGR_BE_COMMAND_COMPLETE)
        capture->is_complete = true;
}

static void learn_facts(struct pgr_session *s, struct pgr_bytes row)
{
    struct pgr_facts_expect expect = {
        .catalog = s->probe_catalog,
        .backend_pid = s->server.pid,
        .conf_epoch = s->probe_conf_epoch,
        .contexts = s->env->contexts,
    };
    pgr_backend_learn(&s->facts, row, &expect);
    if (s->has_doubtful_names) {
        pgr_names_keep(s->statements, s->facts.prepared ? s->facts.prepared : "");
        s->has_doubtful_names = false;
    }
    pgr_log(PGR_LOG_DEBUG, "session_probe", pgr_f_int("pid", s->server.pid),
            pgr_f_str("reason", pgr_reason_name(s->facts.reason)));
}

static bool is_fatal(struct pgr_bytes body)
{
    struct pgr_bytes severity;
    return pgr_msg_error_field(body, 'V', &severity) &&
           (pgr_bytes_eq(severity, PGR_BYTES_LIT("FATAL")) ||
            pgr_bytes_eq(severity, PGR_BYTES_LIT("PANIC")));
}

/* A whole message but ReadyForQuery, or the seen part of a long one. */
static enum pgr_route route_message(struct pgr_session *s, uint8_t type, struct pgr_bytes seen)
{
    struct pgr_bytes body = PGR_BYTES(seen.at + PGR_FRAME_HEAD, seen.len - PGR_FRAME_HEAD);
    if (type == PGR_BE_NOTICE || type == PGR_BE_PARAM_STATUS || type == PGR_BE_NOTIFICATION) {
        spoil_captures(s);
        if (type == PGR_BE_PARAM_STATUS)
            pgr_server_note_parameter(s, body);
        return PGR_ROUTE_CLIENT;
    }
    struct pgr_op *op = pgr_replies_front(&s->replies);
    if (op != NULL && op->capture != NULL)
        capture_message(op->capture, type, seen);
    if (op != NULL && op->owner == PGR_OP_PROBE && type == PGR_BE_DATA_ROW)
        learn_facts(s, body);
    enum pgr_route route = pgr_replies_accept(&s->replies, type);
    /* The end of the backend is the client's to know, whoever had asked something. */
    return type == PGR_BE_ERROR && is_fatal(body) ? PGR_ROUTE_CLIENT : route;
}

static void flush_run(struct pgr_session *s, struct run *run)
{
    if (run->len > 0)
        pgr_stream_write(s->client.stream, PGR_BYTES(run->at, run->len));
    run->len = 0;
}

static void add_to_run(struct pgr_session *s, struct run *run, struct pgr_bytes bytes)
{
    if (run->len > 0 && run->at + run->len != bytes.at)
        flush_run(s, run);
    if (run->len == 0)
        run->at = bytes.at;
    run->len += bytes.len;
}

/* The rest of a long message, as it comes. */
static size_t pass_rest(struct pgr_session *s, struct run *run, struct pgr_bytes input)
{
    size_t len = input.len < s->server.passing ? input.len : (size_t)s->server.passing;
    struct pgr_bytes part = PGR_BYTES(input.at, len);
    struct pgr_op *op = pgr_replies_front(&s->replies);
    if (op != NULL && op->capture != NULL)
        pgr_capture_append(op->capture, part);
    if (s->server.route == PGR_ROUTE_CLIENT)
        add_to_run(s, run, part);
    s->server.passing -= len;
    return len;
}

/* Rows and copy data may be forwarded before they are whole. */
static bool may_pass_in_part(uint8_t type)
{
    return type == PGR_BE_DATA_ROW || type == PGR_BE_COPY_DATA;
}

/* Deals with the message at the front of `input`; *used says how many bytes it took. */
static enum taken take_message(struct pgr_session *s, struct run *run, struct pgr_bytes input,
                               size_t *used)
{
    struct pgr_frame frame;
    enum pgr_parse parsed = pgr_frame_peek(input, PGR_FRAME_MAX, &frame);
    if (parsed == PGR_PARSE_MORE)
        return TAKEN_NOT;
    if (parsed == PGR_PARSE_BAD) {
        flush_run(s, run);
        pgr_server_lose_track(s);
        return TAKEN;
    }
    size_t size = pgr_frame_size(&frame);
    bool is_whole = input.len >= size;
    struct pgr_op *front = pgr_replies_front(&s->replies);
    bool is_ours = front != NULL && front->owner == PGR_OP_PROBE;
    if (!is_whole && (!may_pass_in_part(frame.type) || is_ours) && size <= PGR_HOLD_MAX) {
        pgr_stream_want(s->server.stream, size);
        return TAKEN_NOT;
    }
    struct pgr_bytes seen = PGR_BYTES(input.at, is_whole ? size : input.len);
    enum pgr_route route;
    if (frame.type == PGR_BE_READY) {
        flush_run(s, run); /* what follows may write to the client by itself */
        if (on_ready(s, pgr_frame_body(input, &frame), &route) == TAKEN_NOT)
            return TAKEN_NOT;
    } else {
        route = route_message(s, frame.type, seen);
    }
    if (route != PGR_ROUTE_SWALLOW)
        add_to_run(s, run, seen);
    s->server.passing = size - seen.len;
    s->server.route = route == PGR_ROUTE_SWALLOW ? route : PGR_ROUTE_CLIENT;
    *used = seen.len;
    if (route == PGR_ROUTE_SURPRISE) {
        flush_run(s, run);
        pgr_server_lose_track(s);
    }
    return TAKEN;
}

/* One look at the input: everything in it that can be dealt with. */
static void pump_once(struct pgr_session *s)
{
    struct pgr_bytes input = pgr_stream_input(s->server.stream);
    struct run run = {0};
    size_t done = 0;
    while (done < input.len && s->state == PGR_SESSION_READY) {
        struct pgr_bytes rest = PGR_BYTES(input.at + done, input.len - done);
        size_t used = 0;
        if (s->server.passing > 0)
            used = pass_rest(s, &run, rest);
        else if (take_message(s, &run, rest, &used) == TAKEN_NOT)
            break;
        done += used;
        if (used == 0)
            break;
    }
    flush_run(s, &run);
    if (s->state != PGR_SESSION_CLOSING) {
        pgr_stream_consume(s->server.stream, done);
        pgr_count_add(s->env->counters, PGR_COUNTER_bytes_upstream, done);
    }
}

void pgr_server_pump(struct pgr_session *s)
{
    if (pgr_stream_is_full(s->client.stream)) {
        pgr_stream_pause(s->server.stream);
        return;
    }
    pump_once(s);
    if (s->state == PGR_SESSION_TUNNEL) {
        pgr_tunnel_pump(s->server.stream, s->client.stream);
        pgr_tunnel_pump(s->client.stream, s->server.stream);
        return;
    }
    if (s->state != PGR_SESSION_READY)
        return;
    if (pgr_stream_is_full(s->client.stream))
        pgr_stream_pause(s->server.stream);
    pgr_client_pump(s); /* a probe may have come back, a unit may have become answerable */
}
