// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * log_priv.h - text that stays on one line, whatever bytes it is made of.
 *
 * Threads  any.   Memory  the caller's array.
 * Errors   what does not fit is left out whole (a character, a word), and `is_cut` is set for good.
 */
#include "pgrecall/base/bytes.h"

struct pgr_log_text {
    char *out;
    size_t len;
    size_t cap; /* bytes that may be used */
    bool is_cut;
};

/* Appends len bytes, or nothing and sets is_cut. */
bool pgr_log_text_put(struct pgr_log_text *text, const char *data, size_t len);
bool pgr_log_text_printf(struct pgr_log_text *text, const char *format, ...) PGR_PRINTF(2, 3);
/* Appends s with everything escaped that could end a line or a quoted string. */
void pgr_log_text_escape(struct pgr_log_text *text, const char *s);
/* Whether logfmt must quote s. */
bool pgr_log_text_needs_quotes(const char *s);
