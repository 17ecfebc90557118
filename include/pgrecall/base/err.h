// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * err.h - the three words in which a function says that it did not succeed.
 *
 * Why      style of the tree: expected failures are enum pgr_err, parsers answer enum pgr_parse,
 *          what a client is told is a struct pgr_fault filled where the cause is known.
 * Threads  any.   Memory  none.   Errors  none.
 */
#include "pgrecall/base/base.h"

/* 0 is success. Out-parameters are untouched on failure. */
enum pgr_err {
    PGR_OK = 0,
    PGR_ERR_NOMEM,     /* a size chosen by data could not be had: degrade */
    PGR_ERR_LIMIT,     /* a stated limit was reached */
    PGR_ERR_INVALID,   /* the input is wrong; a message says how */
    PGR_ERR_NOT_FOUND, /* no such thing */
    PGR_ERR_IO,        /* the system refused; errno or a message says why */
    PGR_ERR_CLOSED,    /* the peer or the object is gone */
    PGR_ERR_TIMEOUT,
};

/* Returns a static lower-case word for logs. */
const char *pgr_err_text(enum pgr_err err);

/* What a parser of incomplete or hostile bytes answers. It consumes nothing on MORE. */
enum pgr_parse {
    PGR_PARSE_OK,
    PGR_PARSE_MORE,
    PGR_PARSE_BAD,
};

/* What the client sees and the log repeats: a PostgreSQL SQLSTATE and a sentence. */
struct pgr_fault {
    char sqlstate[6];
    char text[250];
};

/* Fills *fault; `sqlstate` has five characters. */
void pgr_fault_set(struct pgr_fault *fault, const char *sqlstate, const char *format, ...)
    PGR_PRINTF(3, 4);
