// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * versions.h - one 64-bit word per relation: 48 bits of version, 16 bits of writes in flight.
 *
 * Why      B1 of the design: an entry is valid while the words of everything it depends on are what
 *          they were before its query was sent, and nothing is in flight (G21).
 * Threads  any; atomics. begin and end are sequentially consistent read-modify-writes; relations are
 *          loaded in sequence and the first load is the linearization point.
 * Memory   slots are allocated in chunks and never freed or reused; at most 2^24.
 * Errors   an overflow of in-flight (65535) sticks: the relation is bypassed until restart.
 */
#include "pgrecall/base/relset.h"

struct pgr_versions;

struct pgr_versions *pgr_versions_create(void);
void pgr_versions_destroy(struct pgr_versions **versions);

/*
 * The slot of relation `oid` of database `database_id` (ids are given by catalog/database.c); made
 * on first use. oid 0 is ALL: every read of the database depends on it.
 */
uint32_t pgr_versions_slot(struct pgr_versions *versions, uint32_t database_id, uint32_t oid);

void pgr_versions_begin(struct pgr_versions *versions, const struct pgr_relset *writes);
void pgr_versions_end(struct pgr_versions *versions, const struct pgr_relset *writes);
/* Loads the words into words[deps->count]; false if something is in flight. */
bool pgr_versions_token(const struct pgr_versions *versions, const struct pgr_relset *deps,
                        uint64_t *words);
/* Whether the words are still these and nothing is in flight. */
bool pgr_versions_match(const struct pgr_versions *versions, const struct pgr_relset *deps,
                        const uint64_t *words);

/*
 * Test seam (correctness.md G22): parts of B1 that a mutant leaves out, chosen at run time.
 * Production passes 0.
 */
enum pgr_versions_mutant {
    PGR_MUTANT_NO_BEGIN_BUMP = 1,
    PGR_MUTANT_NO_END_BUMP = 2,
    PGR_MUTANT_NO_INFLIGHT_TEST = 4,
};
void pgr_versions_mutate(struct pgr_versions *versions, unsigned mutants);
