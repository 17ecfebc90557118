// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * stmt_priv.h - a statement under construction, and what it weighs.
 *
 * Why      the contract's struct pgr_stmt is immutable; here is the arena behind it.
 * Threads  the creator's until it is handed out.
 * Memory   one box: the arena goes with the last reference.
 * Errors   create aborts when memory is short (a few hundred bytes); the rest degrades.
 */
#include "arena_priv.h"
#include "pgrecall/sql/stmt.h"

/* Kind UNPARSED, block UNPARSED, one reference. */
struct pgr_stmt *pgr_stmt_create(void);
struct pgr_arena *pgr_stmt_arena(struct pgr_stmt *stmt);
/* Bytes held by the statement: for budgets. */
size_t pgr_stmt_bytes(const struct pgr_stmt *stmt);
/* Empties what was collected and states why nothing is known. */
void pgr_stmt_refuse(struct pgr_stmt *stmt, enum pgr_reason reason);
/* What a statement of this kind is called before anyone looks into a SELECT. */
enum pgr_class pgr_class_of_kind(enum pgr_stmt_kind kind);
