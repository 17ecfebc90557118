// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * reader_priv.h - what the decoders of both directions share.
 *
 * Threads  any; pure.   Memory  borrows.   Errors  the reader's sticky `bad`.
 */
#include "pgrecall/base/bytes.h"

/* Returns whether everything was read and nothing is left: PostgreSQL refuses trailing bytes too.
 */
static inline bool pgr_reader_is_done(const struct pgr_reader *reader)
{
    return !reader->bad && reader->rest.len == 0;
}

/* An int32 length and its bytes, as in Bind and DataRow: -1 is NULL, other negatives are bad. */
static inline struct pgr_bytes pgr_read_value(struct pgr_reader *reader)
{
    uint32_t len = pgr_read_u32(reader);
    if (len == UINT32_MAX)
        return PGR_BYTES(NULL, 0);
    if (len > INT32_MAX)
        reader->bad = true;
    return pgr_read_bytes(reader, len);
}
