// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * value_priv.h - the words that stand behind `=`, read and written.
 *
 * Why      one spelling for times and sizes wherever they come from: file, environment, command
 * line. Threads  any.   Memory  none. Errors   a reader returns false and says in `why` what is
 * wrong; *out is then untouched.
 */
#include "pgrecall/base/base.h"

#define PGR_WHY_MAX 300

struct pgr_why {
    char text[PGR_WHY_MAX];
};

void pgr_why_set(struct pgr_why *why, const char *format, ...) PGR_PRINTF(2, 3);

bool pgr_value_bool(const char *text, bool *out, struct pgr_why *why);
/* A whole number without sign. */
bool pgr_value_uint(const char *text, uint64_t *out, struct pgr_why *why);
/* "250ms", "10 s", "0": microseconds. */
bool pgr_value_duration(const char *text, uint64_t *out, struct pgr_why *why);
/* "64MB", "8 kB", "0": bytes; units are powers of 1024. */
bool pgr_value_size(const char *text, uint64_t *out, struct pgr_why *why);
/* Which of "a|b|c" it is, upper and lower case alike. */
bool pgr_value_word(const char *text, const char *words, uint32_t *out, struct pgr_why *why);
/* Exactly 16 hexadecimal digits, not all 0. */
bool pgr_value_fingerprint(const char *text, uint64_t *out, struct pgr_why *why);

/* The same in the largest unit that divides it; always NUL-terminated. */
void pgr_value_put_duration(uint64_t us, char *out, size_t cap);
void pgr_value_put_size(uint64_t bytes, char *out, size_t cap);

/* Copies the next of "a|b|c" into word (cut at cap) and moves *words on; false when none is left.
 */
bool pgr_words_next(const char **words, char *word, size_t cap);
