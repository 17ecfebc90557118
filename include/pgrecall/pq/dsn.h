// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * dsn.h - libpq's own reading of a connection string: keyword/value or URI, passfile, service file
 *         and PG* environment honoured.
 *
 * Threads  any.   Memory  owned by the struct; fini frees.
 * Errors   INVALID with libpq's sentence in text (no password in it).
 */
#include "pgrecall/base/err.h"

struct pgr_dsn {
    char *text;    /* as given */
    char *host;    /* first host: name, address, or directory of a unix socket; never NULL */
    char *port;    /* "5432" by default */
    char *user;    /* NULL if the DSN itself names none */
    char *dbname;  /* NULL likewise */
    char *sslmode; /* as given or from the environment, else NULL */
    bool is_multi_host;
    bool has_password;
};

enum pgr_err pgr_dsn_parse(const char *text, struct pgr_dsn *out, char *error,
                           size_t error_cap) PGR_MUST_CHECK;
void pgr_dsn_fini(struct pgr_dsn *dsn);
