// SPDX-License-Identifier: PostgreSQL
/* The last step: the message leaves, and the queue learns what the server now owes. */
#include "work_priv.h"

#include "pgrecall/wire/encode.h"

/* ---- sending ---- */

static void push_replay(struct pgr_session *s, uint8_t type)
{
    struct pgr_op op = {.type = type, .owner = PGR_OP_REPLAY};
    pgr_replies_push(&s->replies, &op);
}

/* What upstream must know of the unnamed statement before a message that could see it (A3, G5). */
static void settle_unnamed(struct pgr_session *s, struct pgr_bytes message)
{
    uint8_t type = message.at[0];
    bool can_see =
        type == PGR_FE_BIND || type == PGR_FE_DESCRIBE || type == PGR_FE_EXECUTE ||
        type == PGR_FE_CLOSE || type == PGR_FE_FLUSH ||
        (type == PGR_FE_PARSE && message.len > PGR_FRAME_HEAD && message.at[PGR_FRAME_HEAD] != 0);
    if (s->unnamed == PGR_UNNAMED_SAME || !can_see)
        return;
    struct pgr_prepared *prepared = pgr_statement_of(s, PGR_BYTES("", 0));
    if (s->unnamed == PGR_UNNAMED_UNSENT && prepared != NULL) {
        push_replay(s, PGR_FE_PARSE);
        pgr_stream_write_blob(s->server.stream, prepared->message, 0, prepared->message->len);
    } else {
        push_replay(s, PGR_FE_CLOSE);
        pgr_buf_reset(&s->scratch);
        pgr_encode_close_statement(&s->scratch, "");
        pgr_stream_write(s->server.stream, pgr_buf_bytes(&s->scratch));
    }
    s->unnamed = PGR_UNNAMED_SAME;
}

/* The message leaves; everything that only its sending makes true happens here. */
static void dispatch(struct pgr_session *s, struct pgr_bytes message, struct pgr_op *op)
{
    if (!s->txn.is_open_implicitly)
        s->txn.is_unit_clean = s->replies.visible == 0 && s->txn.status == 'I';
    settle_unnamed(s, message);
    if (op != NULL) {
        op->owner = PGR_OP_CLIENT;
        op->writes = s->work.begun;
        s->work.begun = NULL;
        pgr_replies_push(&s->replies, op);
    }
    pgr_stream_write(s->server.stream, message);
    s->txn.is_open_implicitly = true;
    s->unit.must_send = false;
    pgr_stream_consume(s->client.stream, message.len);
}

static struct pgr_call_note note_of(const struct pgr_session *s)
{
    return (struct pgr_call_note){
        .stmt = s->work.stmt ? pgr_stmt_ref(s->work.stmt) : NULL,
        .outcome = s->work.outcome,
        .reason = s->work.reason,
        .start_us = s->work.start_us,
    };
}

static struct pgr_capture *capture_ref_or_null(struct pgr_capture *capture)
{
    return capture ? pgr_capture_ref(capture) : NULL;
}

enum pgr_step_result pgr_step_send_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_op op = {
        .type = PGR_FE_QUERY,
        .capture = capture_ref_or_null(s->work.capture),
        .note = note_of(s),
    };
    pgr_names_put(s->statements, PGR_BYTES("", 0), NULL);
    s->unnamed = PGR_UNNAMED_SAME;
    pgr_work_apply_effects(s);
    dispatch(s, message, &op);
    if (s->work.outcome != PGR_OUTCOME_MISS)
        s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_send_parse(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_parse parse;
    struct pgr_op op = {.type = PGR_FE_PARSE};
    if (pgr_msg_parse_parse(pgr_body_of(message), &parse)) {
        struct pgr_prepared *prepared =
            s->work.stmt ? pgr_prepared_create(message, s->work.stmt) : NULL;
        if (prepared != NULL) {
            prepared->generation = s->facts.generation;
            prepared->conf_epoch = pgr_database_conf_epoch(s->database);
        }
        if (prepared != NULL && s->facts.state == PGR_FACTS_KNOWN) {
            prepared->context_id = pgr_context_id(s->facts.context);
            prepared->epoch = pgr_database_epoch(s->database);
        }
        pgr_names_put(s->statements, parse.name, prepared);
        op.prepared = prepared;
        if (parse.name.len == 0)
            s->unnamed = PGR_UNNAMED_SAME;
    }
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

static void set_portal(struct pgr_session *s)
{
    pgr_prepared_unref(s->portal.prepared);
    pgr_capture_unref(s->portal.capture);
    s->portal = (struct pgr_portal){
        .prepared = s->work.prepared ? pgr_prepared_ref(s->work.prepared) : NULL,
        .capture = capture_ref_or_null(s->work.capture),
        .outcome = s->work.outcome,
        .reason = s->work.reason,
    };
}

enum pgr_step_result pgr_step_send_bind(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_bind bind;
    struct pgr_op op = {.type = PGR_FE_BIND};
    if (!pgr_msg_bind_parse(pgr_body_of(message), &bind) || bind.portal.len == 0)
        set_portal(s);
    else
        pgr_names_put(s->portals, bind.portal, s->work.prepared);
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_send_describe(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_target target;
    struct pgr_op op = {.type = PGR_FE_DESCRIBE};
    if (pgr_msg_target_parse(pgr_body_of(message), &target)) {
        op.target = target.kind;
        if (target.kind == 'P' && target.name.len == 0)
            op.capture = capture_ref_or_null(s->portal.capture);
    }
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

/* The capture moves from the portal to its first Execute; a row limit spoils it. */
static struct pgr_capture *capture_for_execute(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_execute execute;
    struct pgr_capture *capture = s->portal.capture;
    if (capture == NULL || !pgr_msg_execute_parse(pgr_body_of(message), &execute) ||
        execute.portal.len > 0)
        return NULL;
    s->portal.capture = NULL;
    s->portal.outcome = PGR_OUTCOME_BYPASS;
    s->portal.reason = PGR_REASON_PARTIAL_UNIT;
    if (execute.max_rows != 0) {
        pgr_capture_spoil(capture, PGR_REASON_ROW_LIMIT);
        pgr_work_bypass(&s->work, PGR_REASON_ROW_LIMIT);
    }
    return capture;
}

enum pgr_step_result pgr_step_send_execute(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_capture *capture = capture_for_execute(s, message);
    struct pgr_op op = {
        .type = PGR_FE_EXECUTE,
        .capture = capture,
        .note = note_of(s),
        .prepared = capture ? pgr_prepared_ref(s->work.prepared) : NULL,
    };
    if (capture != NULL)
        s->work.prepared->sent_epoch = pgr_database_epoch(s->database);
    pgr_work_apply_effects(s);
    dispatch(s, message, &op);
    if (capture == NULL)
        s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_send_close(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_target target;
    struct pgr_op op = {.type = PGR_FE_CLOSE};
    if (pgr_msg_target_parse(pgr_body_of(message), &target))
        pgr_names_put(target.kind == 'S' ? s->statements : s->portals, target.name, NULL);
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_send_answered(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_op op = {.type = message.at[0]};
    if (op.type == PGR_FE_COPY_FAIL)
        op.type = PGR_FE_COPY_DONE;
    pgr_work_apply_effects(s); /* of a function call; the others have none */
    dispatch(s, message, &op);
    if (op.type != PGR_FE_SYNC)
        s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}

/* Flush, and whatever PostgreSQL itself will refuse. */
enum pgr_step_result pgr_step_send_silent(struct pgr_session *s, struct pgr_bytes message)
{
    uint8_t type = message.at[0];
    dispatch(s, message, NULL);
    if (type != PGR_FE_FLUSH)
        s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_send_terminate(struct pgr_session *s, struct pgr_bytes message)
{
    dispatch(s, message, NULL);
    s->client.has_said_goodbye = true; /* PostgreSQL answers what came before, and closes */
    return PGR_STEP_NEXT;
}

/* ---- messages too long to be held: what is judged is their front ---- */

/* The statement that a long Bind names stands in its front. */
enum pgr_step_result pgr_step_recall_long_bind(struct pgr_session *s, struct pgr_bytes front)
{
    struct pgr_reader r = pgr_reader_of(pgr_body_of(front));
    struct pgr_bytes portal = pgr_read_cstr(&r);
    struct pgr_bytes name = pgr_read_cstr(&r);
    struct pgr_prepared *prepared = r.bad ? NULL : pgr_statement_of(s, name);
    if (prepared != NULL)
        s->work.prepared = pgr_prepared_ref(prepared);
    pgr_work_bypass(&s->work, PGR_REASON_TOO_LONG);
    if (r.bad || portal.len == 0)
        set_portal(s);
    else
        pgr_names_put(s->portals, portal, prepared);
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_send_long(struct pgr_session *s, struct pgr_bytes front)
{
    struct pgr_frame frame;
    struct pgr_op op = {.type = front.at[0], .note = note_of(s)};
    PGR_ASSERT(pgr_frame_peek(front, PGR_FRAME_MAX, &frame) == PGR_PARSE_OK);
    bool is_unnamed =
        op.type == PGR_FE_PARSE && front.len > PGR_FRAME_HEAD && front.at[PGR_FRAME_HEAD] == 0;
    pgr_work_apply_effects(s);
    s->client.passing = pgr_frame_size(&frame) - front.len;
    dispatch(s, front, op.type == PGR_FE_COPY_DATA ? NULL : &op);
    if (op.type == PGR_FE_PARSE) /* gives some name a meaning that was not seen */
        pgr_names_clear(s->statements);
    if (op.type == PGR_FE_QUERY)
        pgr_names_put(s->statements, PGR_BYTES("", 0), NULL);
    if (op.type == PGR_FE_QUERY || is_unnamed)
        s->unnamed = PGR_UNNAMED_SAME;
    s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}
