// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * buf.h - a byte buffer with a ceiling: bytes are appended at the end and consumed at the front.
 *
 * Why      everything that grows because of a peer grows in one of these, and no further than told.
 * Threads  owner's.
 * Memory   embedded; init/fini. Grows by doubling, shrinks to nothing when emptied above 256 KiB.
 * Errors   appends return false when the ceiling is reached or memory is short, and then change
 *          nothing; `is_short` stays set, so a run of appends may be checked once at its end.
 */
#include "pgrecall/base/bytes.h"

struct pgr_buf {
    uint8_t *base; /* allocation */
    size_t start;  /* first unread byte */
    size_t end;    /* one past the last */
    size_t cap;
    size_t max;
    bool is_short;
};

void pgr_buf_init(struct pgr_buf *buf, size_t max);
void pgr_buf_fini(struct pgr_buf *buf);
/* Forgets the content and `is_short`, keeps the memory. */
void pgr_buf_reset(struct pgr_buf *buf);

static inline size_t pgr_buf_len(const struct pgr_buf *buf)
{
    return buf->end - buf->start;
}

/* Borrowed until the next change of the buffer. */
static inline struct pgr_bytes pgr_buf_bytes(const struct pgr_buf *buf)
{
    return PGR_BYTES(buf->base ? buf->base + buf->start : NULL, buf->end - buf->start);
}

/* Room for n bytes at the end, or NULL; pgr_buf_commit() then takes what was really written. */
uint8_t *pgr_buf_reserve(struct pgr_buf *buf, size_t n);
void pgr_buf_commit(struct pgr_buf *buf, size_t n);
void pgr_buf_consume(struct pgr_buf *buf, size_t n);

bool pgr_buf_put(struct pgr_buf *buf, const void *data, size_t len);
bool pgr_buf_put_bytes(struct pgr_buf *buf, struct pgr_bytes bytes);
bool pgr_buf_put_u8(struct pgr_buf *buf, uint8_t v);
bool pgr_buf_put_u16(struct pgr_buf *buf, uint16_t v);     /* big-endian */
bool pgr_buf_put_u32(struct pgr_buf *buf, uint32_t v);     /* big-endian */
bool pgr_buf_put_u64(struct pgr_buf *buf, uint64_t v);     /* big-endian */
bool pgr_buf_put_cstr(struct pgr_buf *buf, const char *s); /* with its NUL */
bool pgr_buf_printf(struct pgr_buf *buf, const char *format, ...) PGR_PRINTF(2, 3); /* no NUL */
