// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * work_priv.h - the steps a message takes on its way upstream, and what they share.
 *
 * Why      a message is sent only when everything that must be true before it leaves is true; each
 *          such thing is a step, and the list of steps of a message type is a table (work.c).
 * Threads  the session's.
 * Memory   what a step finds lies in the session's pgr_work until the message has left.
 * Errors   a step that fails makes the statement a bypass, or unknown: a possible write to all.
 */
#include "session_priv.h"

/* Run again, from its beginning, when what it waited for has come. */
typedef enum pgr_step_result pgr_step_fn(struct pgr_session *s, struct pgr_bytes message);

/* analyse.c */
pgr_step_fn pgr_step_analyse_parse;
pgr_step_fn pgr_step_analyse_query;
pgr_step_fn pgr_step_learn;
pgr_step_fn pgr_step_recall_bind;

/* judge.c */
pgr_step_fn pgr_step_decide_bind;
pgr_step_fn pgr_step_decide_query;
pgr_step_fn pgr_step_take;

/* begin.c */
pgr_step_fn pgr_step_weigh_bind;
pgr_step_fn pgr_step_begin_execute;
pgr_step_fn pgr_step_begin_function;
pgr_step_fn pgr_step_begin_long;
pgr_step_fn pgr_step_begin_query;
pgr_step_fn pgr_step_begin_sync;

/* send.c */
pgr_step_fn pgr_step_recall_long_bind;
pgr_step_fn pgr_step_send_answered;
pgr_step_fn pgr_step_send_bind;
pgr_step_fn pgr_step_send_close;
pgr_step_fn pgr_step_send_describe;
pgr_step_fn pgr_step_send_execute;
pgr_step_fn pgr_step_send_long;
pgr_step_fn pgr_step_send_parse;
pgr_step_fn pgr_step_send_query;
pgr_step_fn pgr_step_send_silent;
pgr_step_fn pgr_step_send_terminate;

/* Settings, statements and locks follow at once: what is sent later means what it means after it. */
void pgr_work_apply_effects(struct pgr_session *s);
void pgr_work_bypass(struct pgr_work *work, enum pgr_reason reason);

static inline struct pgr_bytes pgr_body_of(struct pgr_bytes message)
{
    return PGR_BYTES(message.at + PGR_FRAME_HEAD, message.len - PGR_FRAME_HEAD);
}
