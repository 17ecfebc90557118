// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * target_priv.h - where PostgreSQL is, and with which DSN we ask it ourselves.
 *
 * Threads  main.   Memory  init by resolve, freed by fini; the endpoint borrows from it.
 * Errors   INVALID with a sentence: what the DSN asks for that this version cannot give is refused
 *          (TLS, several hosts), never ignored.
 */
#include "pgrecall/conf/settings.h"
#include "pgrecall/net/stream.h"
#include "pgrecall/pq/dsn.h"

struct pgr_target {
    struct pgr_dsn dsn;
    struct pgr_endpoint endpoint;
    char *unix_path;
    char *service_dsn; /* owned; "" when there is none: the cache stays off */
};

enum pgr_err pgr_target_resolve(const struct pgr_settings *settings, struct pgr_target *out,
                                char *text, size_t text_cap) PGR_MUST_CHECK;
void pgr_target_fini(struct pgr_target *target);
