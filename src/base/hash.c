// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/hash.h"

/* Inlined and static: libpg_query exports XXH symbols of another version. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t pgr_hash64(struct pgr_bytes bytes)
{
    return XXH3_64bits(bytes.at, bytes.len);
}

struct pgr_hash128 pgr_hash128(struct pgr_bytes bytes, uint64_t seed)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(bytes.at, bytes.len, seed);
    return (struct pgr_hash128){.low = h.low64, .high = h.high64};
}
