// SPDX-License-Identifier: PostgreSQL
/*
 * docs/key.md is the specification. Everything of variable size carries its length in front, and
 * the order of parts is fixed: two different sets of parts can never give the same bytes.
 */
#include "pgrecall/cache/key.h"

enum {
    KEY_FORMAT = 1,
    PART_COUNT = 5,
    FIXED_LEN = 1 + 1 + 8 + PART_COUNT * 4,
};

bool pgr_key_build(struct pgr_buf *out, const struct pgr_key_parts *parts, uint64_t seed,
                   struct pgr_key *key)
{
    const struct pgr_bytes list[PART_COUNT] = {parts->text, parts->oids, parts->formats,
                                               parts->params, parts->results};
    pgr_buf_reset(out);
    size_t left = PGR_KEY_MAX - FIXED_LEN;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (list[i].len > left)
            return false;
        left -= list[i].len;
    }
    pgr_buf_put_u8(out, KEY_FORMAT);
    pgr_buf_put_u8(out, parts->protocol);
    pgr_buf_put_u64(out, parts->context_id);
    for (size_t i = 0; i < PART_COUNT; i++) {
        pgr_buf_put_u32(out, (uint32_t)list[i].len);
        pgr_buf_put_bytes(out, list[i]);
    }
    if (out->is_short)
        return false;
    key->bytes = pgr_buf_bytes(out);
    key->hash = pgr_hash128(key->bytes, seed);
    return true;
}
