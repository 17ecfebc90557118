// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * versions_priv.h - what the room and its tests know of the version table beyond the contract.
 */
#include "pgrecall/cache/versions.h"

#define PGR_VERSIONS_MAX_SLOTS ((uint32_t)1 << 24)

/* A word is 48 bits of version above 16 bits of writes in flight. */
#define PGR_WORD_IN_FLIGHT ((uint64_t)0xffff)
#define PGR_WORD_VERSION   ((uint64_t)1 << 16)

/* IN_FLIGHT wins over OUTDATED: who asks then knows that no token is to be had either. */
enum pgr_versions_state {
    PGR_VERSIONS_CURRENT,
    PGR_VERSIONS_OUTDATED,
    PGR_VERSIONS_IN_FLIGHT,
};

enum pgr_versions_state pgr_versions_judge(const struct pgr_versions *versions,
                                           const struct pgr_relset *deps, const uint64_t *words);

/* As pgr_versions_create, with room for fewer relations: from 2 to PGR_VERSIONS_MAX_SLOTS. */
struct pgr_versions *pgr_versions_create_limited(uint32_t max_slots);
/* The word of a slot, as it is now. */
uint64_t pgr_versions_word(const struct pgr_versions *versions, uint32_t slot);
