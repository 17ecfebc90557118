// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * store_priv.h - the store's inside, for its tests: the contract is pgrecall/cache/store.h.
 */
#include "pgrecall/cache/store.h"

#include "shard_priv.h"

struct pgr_store {
    uint64_t seed;
    uint32_t shard_count; /* power of two */
    _Atomic uint32_t sweep_turn;
    struct pgr_shard *shards;
};
