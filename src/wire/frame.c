// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/frame.h"

/* The length word counts itself, but not the type byte. */
#define LENGTH_MIN 4u

enum pgr_parse pgr_frame_peek(struct pgr_bytes in, uint32_t max, struct pgr_frame *out)
{
    if (in.len < PGR_FRAME_HEAD)
        return PGR_PARSE_MORE;
    uint32_t length = pgr_load_be32(in.at + 1);
    if (length < LENGTH_MIN || length > max)
        return PGR_PARSE_BAD;
    *out = (struct pgr_frame){.type = in.at[0], .body_len = length - LENGTH_MIN};
    return PGR_PARSE_OK;
}
