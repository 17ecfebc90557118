// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * fuzz.h - what every fuzz target includes.
 *
 * Why      a property that does not hold aborts, under libFuzzer and in the replay alike.
 */
#include "pgrecall/base/bytes.h"
#include "pgrecall/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy at the very end of an allocation, so that ASan sees a read past any prefix of the input.
 */
static inline struct pgr_bytes fuzz_copy(struct pgr_bytes bytes)
{
    uint8_t *block = pgr_alloc(1 + bytes.len);
    if (bytes.len > 0)
        memcpy(block + 1, bytes.at, bytes.len);
    return PGR_BYTES(block + 1, bytes.len);
}

static inline void fuzz_free(struct pgr_bytes copy)
{
    pgr_free((void *)(copy.at - 1));
}

/* Returns whether `part` is empty or lies in `whole`. */
static inline bool fuzz_is_inside(struct pgr_bytes part, struct pgr_bytes whole)
{
    return part.len == 0 || (part.at >= whole.at && part.len <= whole.len &&
                             (size_t)(part.at - whole.at) <= whole.len - part.len);
}
