// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * encode_priv.h - how a message of ours begins.
 *
 * Why      a message is written whole or not at all: a buffer that ran short holds no half of one.
 * Threads  any; pure.   Memory  the buffer's.   Errors  false, and the buffer is_short.
 */
#include "pgrecall/base/buf.h"

/* Makes room for the whole message and writes its head; the body's puts can then not fail. */
bool pgr_encode_head(struct pgr_buf *out, uint8_t type, size_t body_len);
