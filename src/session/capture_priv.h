// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * capture_priv.h - an answer copied aside while it streams to the client.
 *
 * Why      what is stored is exactly what PostgreSQL sent: [RowDescription] DataRow* CommandComplete.
 * Threads  the session's.
 * Memory   counted references (the session's portal and the queue share one); bounded by max_entry.
 * Errors   a capture that cannot be finished is spoilt with a reason, and nothing is stored.
 */
#include "pgrecall/base/buf.h"
#include "pgrecall/base/reasons.h"
#include "pgrecall/cache/entry.h"
#include "pgrecall/policy/verdict.h"

struct pgr_capture {
    uint32_t refs;
    struct pgr_buf key; /* the key's bytes */
    struct pgr_hash128 hash;
    struct pgr_context *context;
    struct pgr_token token;
    struct pgr_tag *tag;
    struct pgr_buf reply;
    size_t description_len;
    uint32_t rows;
    uint64_t birth_us;
    uint64_t done_us;
    uint64_t mark;            /* pgr_hot_mark() of the text, 0 for a simple Query */
    bool is_complete;         /* CommandComplete was seen */
    enum pgr_reason spoilt;   /* NONE while good */
    struct pgr_capture *next; /* of the session's finished ones */
};

/* Copies the key, takes the token; references context and tag. */
struct pgr_capture *pgr_capture_create(const struct pgr_key *key, struct pgr_context *context,
                                       struct pgr_token *token, struct pgr_tag *tag,
                                       uint64_t birth_us, size_t max_entry);
struct pgr_capture *pgr_capture_ref(struct pgr_capture *capture);
void pgr_capture_unref(struct pgr_capture *capture); /* NULL is allowed */

void pgr_capture_spoil(struct pgr_capture *capture, enum pgr_reason reason);
/* Bytes of a RowDescription, DataRow or CommandComplete, as they came (any part of one). */
void pgr_capture_append(struct pgr_capture *capture, struct pgr_bytes bytes);

/* The entry, or NULL if the capture is incomplete, spoilt or memory is short. */
struct pgr_entry *pgr_capture_entry(struct pgr_capture *capture);
