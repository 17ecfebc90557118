// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * encode.h - messages we write ourselves, appended to a buffer.
 *
 * Threads  any; pure.   Memory  the buffer's.
 * Errors   the buffer's `is_short` tells that something did not fit.
 */
#include "pgrecall/base/buf.h"
#include "pgrecall/base/err.h"

/* To the client. */
void pgr_encode_error(struct pgr_buf *out, const char *severity, const struct pgr_fault *fault);
void pgr_encode_ready(struct pgr_buf *out, uint8_t status);
void pgr_encode_parse_complete(struct pgr_buf *out);
void pgr_encode_bind_complete(struct pgr_buf *out);

/* To the server. */
void pgr_encode_query(struct pgr_buf *out, const char *text);
void pgr_encode_parse(struct pgr_buf *out, const char *name, const char *text);
/* Bind of the unnamed portal to `statement`, no parameters, text results. */
void pgr_encode_bind_plain(struct pgr_buf *out, const char *statement);
void pgr_encode_execute_all(struct pgr_buf *out); /* unnamed portal, no limit */
void pgr_encode_close_statement(struct pgr_buf *out, const char *name);
void pgr_encode_sync(struct pgr_buf *out);
void pgr_encode_terminate(struct pgr_buf *out);
