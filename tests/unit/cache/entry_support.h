// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * entry_support.h - small entries with numbered keys, for the tests of this room.
 */
#include <stdlib.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/cache/entry.h"

struct small_key {
    uint8_t data[8];
    struct pgr_key key; /* borrows `data`: do not copy this struct */
};

static inline void small_key_init(struct small_key *key, uint64_t number, uint64_t seed)
{
    memcpy(key->data, &number, sizeof(number));
    key->key.bytes = PGR_BYTES(key->data, sizeof(key->data));
    key->key.hash = pgr_hash128(key->key.bytes, seed);
}

struct small_entry {
    uint64_t number;
    uint64_t birth_us;
    uint64_t cost_us;
    size_t reply_len;
};

/* Without deps: such an entry is always current. The reply repeats the number's low byte. */
static inline struct pgr_entry *small_entry_create(uint64_t seed, struct small_entry options)
{
    struct small_key key;
    small_key_init(&key, options.number, seed);
    struct pgr_token token = {pgr_relset_create(NULL, 0), NULL};
    struct pgr_blob *reply = pgr_blob_create(options.reply_len);
    memset(reply->data, (int)(options.number & 0xff), options.reply_len);
    struct pgr_entry_parts parts = {
        .key = key.key,
        .token = &token,
        .reply = reply,
        .birth_us = options.birth_us,
        .cost_us = options.cost_us,
    };
    return pgr_entry_create(&parts);
}

/* A generator whose runs can be repeated. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
