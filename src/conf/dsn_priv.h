// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * dsn_priv.h - a connection string cut into what may be shown and what may not.
 *
 * Why      libpq belongs to another room, and what libpq refuses must not reach a log either.
 * Threads  any.   Memory  parts borrow from the string.
 * Errors   false: not a string libpq could read; what is doubtful then counts as secret.
 */
#include "pgrecall/base/bytes.h"

enum pgr_dsn_part {
    PGR_DSN_PLAIN,
    PGR_DSN_PASSWORD, /* what PostgreSQL asks for; never empty */
    PGR_DSN_SECRET,   /* anything else not to be shown; never empty */
};

typedef void pgr_dsn_part_fn(void *arg, enum pgr_dsn_part part, struct pgr_bytes text);

/* The parts, joined, are the string. */
bool pgr_dsn_walk(const char *dsn, pgr_dsn_part_fn *fn, void *arg);
bool pgr_dsn_is_plausible(const char *dsn);
