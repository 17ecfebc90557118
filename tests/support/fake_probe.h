// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * fake_probe.h - what a backend answers to the session probe, found from the probe's own text.
 *
 * Why      the answer follows the question: a column that is asked for anew gets a value, one that
 *          is no longer asked for gets none, and no test counts columns.
 * Threads  one.   Memory  say.h's.   Errors  fails the running test.
 */
#include "say.h"

/* Values that differ from those of an ordinary backend of alice in database db. */
struct fake_answer {
    const char *column; /* a part of the expression that is asked for */
    const char *value;  /* NULL: SQL NULL */
};

#define FAKE_PID 4711

/* The expressions of `SELECT a, f(b, c), 'd,e'`: borrowed from the text. */
size_t fake_probe_columns(struct pgr_bytes text, struct pgr_bytes *columns, size_t cap);
/* The DataRow (whole message), with the first answer whose `column` occurs in an expression. */
struct pgr_bytes fake_probe_row(struct pgr_bytes text, const struct fake_answer *answers,
                                size_t count);
