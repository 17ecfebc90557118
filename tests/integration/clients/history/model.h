// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * model.h - what PostgreSQL may answer at this moment, known without asking it.
 *
 * Why      each row carries a version that its writer chose; whoever reads a row can say whether
 *          that version may be seen now.
 *            floor  the greatest version that was acknowledged, or that anybody has seen
 *            top    the greatest version that was ever sent
 *          An answer is a violation when its version lies below the floor of the moment at which
 *          the read began, was never sent, was not yet sent to be committed, or was rolled back.
 * Threads  any; a row has one writer at a time (pgr_key_lock), and readers only load atomics.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pgr_store {
    PGR_STORE_A,       /* a plain table … */
    PGR_STORE_B,       /* … and another, joined with it in a view */
    PGR_STORE_FAMILY,  /* written at the parent, read at the child: foreign key cascades */
    PGR_STORE_AUDIT,   /* written at one table, read at the one that its trigger writes */
    PGR_STORE_PARTS,   /* partitioned: written at leaf or root */
    PGR_STORE_COUNTER, /* several writers of a row at a time: version = version + 1 */
    PGR_STORE_COUNT
};

#define PGR_IDS 6 /* rows of a store */

struct pgr_key;

void pgr_model_init(void);
struct pgr_key *pgr_model_key(enum pgr_store store, int id);
enum pgr_store pgr_key_store(const struct pgr_key *key);
int pgr_key_id(const struct pgr_key *key);

/* ---- writing ---- */

/* False when another writer has it. */
bool pgr_key_try_lock(struct pgr_key *key);
void pgr_key_unlock(struct pgr_key *key);
/* What the writer that holds the lock will find. */
bool pgr_key_is_present(const struct pgr_key *key);
/* A new version, not yet to be seen by anybody else; 0 when there are no more. */
uint32_t pgr_key_draft(struct pgr_key *key, bool is_present);
/* Call before the message that may commit it is sent. */
void pgr_key_send(struct pgr_key *key, uint32_t version);
/* Call when ReadyForQuery has come. */
void pgr_key_acknowledge(struct pgr_key *key, uint32_t version);
void pgr_key_undo(struct pgr_key *key, uint32_t version);

/* Counters: one more increment is sent; `version` was seen or acknowledged. */
void pgr_counter_send(struct pgr_key *key);

/* ---- reading ---- */

/* To be loaded before the read is sent. */
uint32_t pgr_key_floor(const struct pgr_key *key);
uint32_t pgr_key_top(const struct pgr_key *key);
/* Judges an answer that has come; NULL, or what is wrong with it. A right one raises the floor. */
const char *pgr_key_judge_present(struct pgr_key *key, uint32_t floor, uint32_t version);
const char *pgr_key_judge_absent(struct pgr_key *key, uint32_t floor);
/* Whether an absence would be right, without concluding anything from it. */
bool pgr_key_may_be_absent(const struct pgr_key *key, uint32_t floor);

/* ---- dirty windows: a message that may commit a write to the store is under way ---- */

#define PGR_DIRTY_ALL (1u << PGR_STORE_COUNT)
void pgr_dirty_enter(unsigned stores);
void pgr_dirty_leave(unsigned stores);
bool pgr_dirty_is(unsigned stores);
