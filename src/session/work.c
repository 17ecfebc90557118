// SPDX-License-Identifier: PostgreSQL
/*
 * A message on its way upstream takes the steps listed for its type. A step that must wait is run
 * again when what it waits for has come; the message stays at the front of the input until its last
 * step has sent it, so nothing is copied and nothing is half done.
 */
#include "work_priv.h"

void pgr_work_reset(struct pgr_work *work)
{
    pgr_prepared_unref(work->prepared);
    pgr_stmt_unref(work->stmt);
    pgr_effects_fini(&work->effects);
    pgr_capture_unref(work->capture);
    pgr_tag_unref(work->tag);
    pgr_relset_unref(work->deps);
    pgr_entry_unref(work->get.entry); /* answers that nobody looked at */
    pgr_token_fini(&work->take.token);
    PGR_ASSERT(work->begun == NULL);
    *work = (struct pgr_work){0};
}

/* ---- the lists of steps ---- */

static pgr_step_fn *const query_steps[] = {pgr_step_analyse_query,
                                           pgr_step_learn,
                                           pgr_step_decide_query,
                                           pgr_step_take,
                                           pgr_step_begin_query,
                                           pgr_step_send_query,
                                           NULL};
static pgr_step_fn *const parse_steps[] = {pgr_step_analyse_parse, pgr_step_learn,
                                           pgr_step_send_parse, NULL};
static pgr_step_fn *const bind_steps[] = {pgr_step_recall_bind,
                                          pgr_step_learn,
                                          pgr_step_decide_bind,
                                          pgr_step_take,
                                          pgr_step_weigh_bind,
                                          pgr_step_send_bind,
                                          NULL};
static pgr_step_fn *const describe_steps[] = {pgr_step_send_describe, NULL};
static pgr_step_fn *const execute_steps[] = {pgr_step_begin_execute, pgr_step_send_execute, NULL};
static pgr_step_fn *const close_steps[] = {pgr_step_send_close, NULL};
static pgr_step_fn *const sync_steps[] = {pgr_step_begin_sync, pgr_step_send_answered, NULL};
static pgr_step_fn *const function_steps[] = {pgr_step_begin_function, pgr_step_send_answered,
                                              NULL};
static pgr_step_fn *const copy_end_steps[] = {pgr_step_send_answered, NULL};
static pgr_step_fn *const terminate_steps[] = {pgr_step_send_terminate, NULL};
static pgr_step_fn *const other_steps[] = {pgr_step_send_silent, NULL};
static pgr_step_fn *const long_steps[] = {pgr_step_begin_long, pgr_step_send_long, NULL};
static pgr_step_fn *const long_bind_steps[] = {pgr_step_recall_long_bind, pgr_step_send_long, NULL};
static pgr_step_fn *const long_plain_steps[] = {pgr_step_send_long, NULL};

static pgr_step_fn *const *steps_of(uint8_t type)
{
    switch (type) {
    case PGR_FE_QUERY:
        return query_steps;
    case PGR_FE_PARSE:
        return parse_steps;
    case PGR_FE_BIND:
        return bind_steps;
    case PGR_FE_DESCRIBE:
        return describe_steps;
    case PGR_FE_EXECUTE:
        return execute_steps;
    case PGR_FE_CLOSE:
        return close_steps;
    case PGR_FE_SYNC:
        return sync_steps;
    case PGR_FE_FUNCTION_CALL:
        return function_steps;
    case PGR_FE_COPY_DONE:
    case PGR_FE_COPY_FAIL:
        return copy_end_steps;
    case PGR_FE_TERMINATE:
        return terminate_steps;
    default:
        return other_steps;
    }
}

static pgr_step_fn *const *steps_of_long(uint8_t type)
{
    if (type == PGR_FE_QUERY || type == PGR_FE_FUNCTION_CALL)
        return long_steps;
    return type == PGR_FE_BIND ? long_bind_steps : long_plain_steps;
}

bool pgr_work_run(struct pgr_session *s, const struct pgr_frame *frame, enum pgr_extent extent)
{
    struct pgr_work *work = &s->work;
    if (!work->is_active) {
        work->is_active = true;
        work->outcome = PGR_OUTCOME_BYPASS;
        work->start_us = pgr_loop_clock_us(s->env->loop);
    }
    pgr_step_fn *const *steps =
        extent == PGR_WHOLE ? steps_of(frame->type) : steps_of_long(frame->type);
    while (steps[work->at] != NULL) {
        struct pgr_bytes message = pgr_stream_input(s->client.stream);
        if (message.len > pgr_frame_size(frame))
            message.len = pgr_frame_size(frame);
        enum pgr_step_result result = steps[work->at](s, message);
        if (s->state != PGR_SESSION_READY)
            return false;
        if (result == PGR_STEP_WAIT) {
            work->is_waiting = true;
            return false;
        }
        if (result == PGR_STEP_AGAIN)
            break;
        work->at++;
    }
    pgr_work_reset(work);
    return true;
}
