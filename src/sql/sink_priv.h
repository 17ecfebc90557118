// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * sink_priv.h - takes the normalised text piece by piece: hashes it and keeps its beginning.
 *
 * Threads  the caller's stack.
 * Memory   embedded; nothing to free. `normal` is borrowed.
 * Errors   none.
 */
#include "pgrecall/base/bytes.h"

/* Texts up to this are hashed as they are; of longer ones each block is hashed with the last hash.
 */
#define PGR_SINK_BLOCK ((size_t)4096)

struct pgr_sink {
    uint8_t block[PGR_SINK_BLOCK];
    size_t used;
    char *normal; /* may be NULL */
    size_t cap;
    size_t len;
    bool is_cut; /* normal does not hold everything */
};

void pgr_sink_init(struct pgr_sink *sink, char *normal, size_t cap);
void pgr_sink_put(struct pgr_sink *sink, const void *data, size_t len);
/* Returns the hash; *len, unless NULL, is how much of `normal` is written: no half UTF-8 at its
 * end. */
uint64_t pgr_sink_finish(struct pgr_sink *sink, size_t *len);
