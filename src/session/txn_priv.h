// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * txn_priv.h - W, the set of relations this session may have written and not yet seen committed,
 *              and its explicit locks.
 *
 * Threads  the session's; pure but for the write sets it hands out.
 * Memory   W is a counted set; what pgr_txn_write_set() returns is a reference for the caller.
 */
#include "pgrecall/policy/effects.h"
#include "session_priv.h"

enum pgr_may_commit {
    PGR_MAY_COMMIT,
    PGR_MAY_NOT_COMMIT,
};

/* W grows by what a statement may write; it never shrinks before the transaction's end (G1). */
void pgr_txn_add(struct pgr_txn *txn, const struct pgr_effects *effects, uint64_t epoch);
/* Definitions changed since W was weighed: what it really writes is not known any more. */
bool pgr_txn_is_outdated(const struct pgr_txn *txn, const struct pgr_database *database);
/* A reference to W as slots (ALL for everything), or NULL when nothing was written. */
const struct pgr_relset *pgr_txn_write_set(const struct pgr_txn *txn,
                                           const struct pgr_database *database);
void pgr_txn_note_locks(struct pgr_txn *txn, unsigned effects);
/* ReadyForQuery 'I' with nothing outstanding: what was written is committed or gone. */
void pgr_txn_end(struct pgr_txn *txn);
