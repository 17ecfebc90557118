// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * loader_priv.h - one script of catalog queries over a side connection, into a builder.
 *
 * Threads  the loop's.
 * Memory   the load ends with its callback, or with cancel (the connection is closed first).
 * Errors   libpq's sentence, or ours about a row; the callback comes once.
 */
#include "builder_priv.h"
#include "pgrecall/pq/pqconn.h"

struct pgr_load;

/* The receiver owns the builder; NULL when err is set. */
typedef void pgr_load_done_fn(void *arg, enum pgr_err err, const char *text,
                              struct pgr_builder *builder);

/* Everything; finish the builder for a snapshot. */
struct pgr_load *pgr_load_catalog(struct pgr_pqconn *conn, pgr_load_done_fn *fn, void *arg);
/* Identity and version only. */
struct pgr_load *pgr_load_version(struct pgr_pqconn *conn, pgr_load_done_fn *fn, void *arg);
void pgr_load_cancel(struct pgr_load **load); /* NULL is allowed */
