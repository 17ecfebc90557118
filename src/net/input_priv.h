// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * input_priv.h - unread bytes of one stream.
 *
 * Why      nearly every read is consumed whole within its callback, so bytes are first read into
 *          memory that all streams of a loop share; only what was left over is kept. A stream that
 *          waits holds no memory.
 * Threads  the loop's.
 * Memory   embedded; fini frees.
 * Errors   room and settle say when memory is short; nothing is lost by room, but the stream must
 *          be given up when settle fails.
 */
#include "pgrecall/base/bytes.h"
#include "pgrecall/base/err.h"

#define PGR_INPUT_CAP ((size_t)64 << 10)
#define PGR_INPUT_MAX ((size_t)1 << 20)

struct pgr_input {
    uint8_t *base; /* shared while is_shared, else ours; NULL: nothing unread */
    size_t start;
    size_t end;
    size_t cap;
    size_t want; /* room asked for; 0 again when that much was there */
    bool is_shared;
};

static inline struct pgr_bytes pgr_input_bytes(const struct pgr_input *input)
{
    return PGR_BYTES(input->base ? input->base + input->start : NULL, input->end - input->start);
}

void pgr_input_fini(struct pgr_input *input);
/* Whether there is room to read, without asking for memory. */
bool pgr_input_has_room(const struct pgr_input *input);
/*
 * Where to read to, and how much; there must be room. `shared` has PGR_INPUT_CAP bytes. After the
 * read come commit (0 if nothing was read), the reader, and settle.
 */
enum pgr_err pgr_input_room(struct pgr_input *input, uint8_t *shared, uint8_t **at,
                            size_t *len) PGR_MUST_CHECK;
void pgr_input_commit(struct pgr_input *input, size_t len);
/* Keeps what was not consumed of the shared memory. */
enum pgr_err pgr_input_settle(struct pgr_input *input) PGR_MUST_CHECK;
void pgr_input_consume(struct pgr_input *input, size_t len);
void pgr_input_want(struct pgr_input *input, size_t len);
