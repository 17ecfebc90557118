// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * memo.h - remembers the analysis of recent texts; whole texts are compared.
 *
 * Threads  owner's (one per worker).
 * Memory   bounded by max_bytes (texts and statements); LRU.
 * Errors   a put that cannot be had is dropped.
 */
#include "pgrecall/sql/stmt.h"

struct pgr_memo;

struct pgr_memo *pgr_memo_create(size_t max_bytes);
void pgr_memo_destroy(struct pgr_memo **memo);
/* Borrowed until the next put; NULL if unknown. */
const struct pgr_stmt *pgr_memo_get(struct pgr_memo *memo, struct pgr_bytes text);
void pgr_memo_put(struct pgr_memo *memo, struct pgr_bytes text, const struct pgr_stmt *stmt);
