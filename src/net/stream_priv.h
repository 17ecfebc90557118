// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * stream_priv.h - the inside of a stream, for stream.c and connect.c.
 */
#include "address_priv.h"
#include "input_priv.h"
#include "loop_priv.h"
#include "output_priv.h"
#include "pgrecall/net/stream.h"

enum pgr_stream_state {
    PGR_STREAM_CONNECTING, /* no descriptor yet; writes are kept */
    PGR_STREAM_OPEN,
    PGR_STREAM_ENDED,     /* on_closed was called, or connecting failed; writes are dropped */
    PGR_STREAM_LINGERING, /* the owner is gone; output and the peer's EOF are awaited */
    PGR_STREAM_GONE,      /* closed; the memory waits for the callbacks on the stack */
};

struct pgr_connect;

struct pgr_stream {
    uint32_t magic;
    enum pgr_stream_state state;
    struct pgr_owner owner;
    struct pgr_loop *loop;
    const struct pgr_stream_events *events;
    void *arg;

    int fd; /* -1: none */
    struct pgr_poll *poll;
    int watched;
    bool is_paused;
    bool is_eof;
    bool is_blocked;    /* the kernel takes no more for now */
    bool is_over_high;  /* on_drained is owed */
    bool is_memory_out; /* to be ended with ENOMEM */
    int write_error;    /* writing failed; what the peer had still sent is read first */

    struct pgr_input input;
    struct pgr_output output;
    struct pgr_task report; /* unread input, or the end of memory */
    struct pgr_task flush;
    struct pgr_task burial;
    struct pgr_timer *linger;
    struct pgr_connect *connect;

    bool is_local;
    char peer[PGR_ADDRESS_TEXT];
};

struct pgr_stream *pgr_stream_new(struct pgr_loop *loop, const struct pgr_stream_events *events,
                                  void *arg);
/* Takes fd, connected, and starts reading. Returns 0 or errno (the stream keeps fd). */
int pgr_stream_start(struct pgr_stream *stream, int fd);
/* Gives up connecting: no callback comes any more. */
void pgr_connect_cancel(struct pgr_connect *connect);
