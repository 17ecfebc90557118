// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * session.h - one client and its backend, from accept to close.
 *
 * Why      the place where a request is answered from the cache or forwarded untouched, and where
 *          every reply finds its way back in order. docs/states.md has its states.
 * Threads  one worker's loop for ever.
 * Memory   the session frees itself after both sockets are closed; `closed` is told last.
 *          Bounded per session: 1 MiB of input each way, 256 KiB of unsent output each way plus one
 *          message, and max_entry while an answer is being copied aside.
 * Errors   a failure of ours is a bypass with a reason; the client only ever sees PostgreSQL's own
 *          errors, or a FATAL of ours when there is no PostgreSQL to speak to.
 */
#include <stdatomic.h>

#include "pgrecall/base/list.h"
#include "pgrecall/cache/authority.h"
#include "pgrecall/catalog/database.h"
#include "pgrecall/conf/settings.h"
#include "pgrecall/inval/open_write.h"
#include "pgrecall/metrics/counters.h"
#include "pgrecall/metrics/types.h"
#include "pgrecall/net/stream.h"
#include "pgrecall/sql/memo.h"

struct pgr_session;

/* Texts lately answered by PostgreSQL: a hint, by hash, that their Parse will not fail. */
#define PGR_HOT_SLOTS 8192

/* What a worker lends its sessions. All of it outlives them. */
struct pgr_session_env {
    struct pgr_loop *loop;
    struct pgr_funnel funnel; /* the loop and the authority */
    struct pgr_contexts *contexts;
    struct pgr_databases *databases;
    struct pgr_memo *memo;
    struct pgr_types *types;
    struct pgr_counters *counters;
    struct pgr_offload_pool *offload;
    const struct pgr_endpoint *upstream;
    const struct pgr_settings *settings; /* in force; swapped by the worker between turns */
    _Atomic uint32_t *clients;           /* sessions admitted in the process: [proxy] max_clients */
    uint64_t skipped_rules[2];           /* test seam: verdict rules left out */
    void (*closed)(void *arg);           /* a session was freed */
    void *arg;
    struct pgr_list sessions; /* every open one */
    uint64_t hot[PGR_HOT_SLOTS];
};

/* Takes the accepted descriptor. The session links itself into env->sessions. */
void pgr_session_open(struct pgr_session_env *env, int fd);
/* Calls fn for every open session; fn may end it. */
void pgr_session_each(struct pgr_session_env *env, void (*fn)(struct pgr_session *session));

/* Drain: ends the session as soon as it is idle outside a transaction. */
void pgr_session_drain(struct pgr_session *session);
/* Ends it now, with 57P01 to the client. */
void pgr_session_kill(struct pgr_session *session);

/* The markdown of docs/states.md, from the same table that the code runs on. */
void pgr_session_states_doc(struct pgr_buf *out);
