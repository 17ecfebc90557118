// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * frame.h - finds message boundaries in a stream of PostgreSQL v3 bytes.
 *
 * Why      one place knows that a message is a type byte and a length that counts itself.
 * Threads  any; pure.   Memory  borrows.
 * Errors   BAD for a length below 4 or above `max` (PostgreSQL's own ceiling is 1 GiB - 1).
 */
#include "pgrecall/base/bytes.h"
#include "pgrecall/base/err.h"

#define PGR_FRAME_HEAD 5
#define PGR_FRAME_MAX  0x3fffffffu

struct pgr_frame {
    uint8_t type;
    uint32_t body_len; /* without the type byte and the length word */
};

/* Reads the head of the message at the front of `in`; consumes nothing. */
enum pgr_parse pgr_frame_peek(struct pgr_bytes in, uint32_t max, struct pgr_frame *out);

/* Whole size on the wire. */
static inline size_t pgr_frame_size(const struct pgr_frame *frame)
{
    return (size_t)frame->body_len + PGR_FRAME_HEAD;
}

/* The body of a frame that lies whole at the front of `in`. */
static inline struct pgr_bytes pgr_frame_body(struct pgr_bytes in, const struct pgr_frame *frame)
{
    return PGR_BYTES(in.at + PGR_FRAME_HEAD, frame->body_len);
}
