// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * bytes.h - a borrowed run of bytes, and a bounds-checked big-endian reader over it.
 *
 * Why      lengths travel with pointers; PostgreSQL's wire format is big-endian throughout.
 * Threads  any.   Memory  borrows; never frees.
 * Errors   the reader has a sticky `bad`: after a read past the end every read yields 0 or empty.
 */
#include <string.h>

#include "pgrecall/base/base.h"

struct pgr_bytes {
    const uint8_t *at;
    size_t len;
};

#define PGR_BYTES(p, n)  ((struct pgr_bytes){(const uint8_t *)(p), (n)})
#define PGR_BYTES_LIT(s) PGR_BYTES("" s, sizeof(s) - 1)

static inline struct pgr_bytes pgr_bytes_str(const char *s)
{
    return PGR_BYTES(s, strlen(s));
}

static inline bool pgr_bytes_eq(struct pgr_bytes a, struct pgr_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline uint32_t pgr_load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint16_t pgr_load_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void pgr_store_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void pgr_store_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

struct pgr_reader {
    struct pgr_bytes rest;
    bool bad;
};

static inline struct pgr_reader pgr_reader_of(struct pgr_bytes all)
{
    return (struct pgr_reader){all, false};
}

/* Takes n bytes off the front; empty and `bad` if there are fewer. */
static inline struct pgr_bytes pgr_read_bytes(struct pgr_reader *r, size_t n)
{
    if (r->bad || n > r->rest.len) {
        r->bad = true;
        return PGR_BYTES(NULL, 0);
    }
    struct pgr_bytes out = {r->rest.at, n};
    r->rest.at += n;
    r->rest.len -= n;
    return out;
}

static inline uint8_t pgr_read_u8(struct pgr_reader *r)
{
    struct pgr_bytes b = pgr_read_bytes(r, 1);
    return b.len ? b.at[0] : 0;
}

static inline uint16_t pgr_read_u16(struct pgr_reader *r)
{
    struct pgr_bytes b = pgr_read_bytes(r, 2);
    return b.len ? pgr_load_be16(b.at) : 0;
}

static inline uint32_t pgr_read_u32(struct pgr_reader *r)
{
    struct pgr_bytes b = pgr_read_bytes(r, 4);
    return b.len ? pgr_load_be32(b.at) : 0;
}

/* A NUL-terminated string; the result excludes the NUL and is a valid C string in place. */
static inline struct pgr_bytes pgr_read_cstr(struct pgr_reader *r)
{
    const uint8_t *nul = r->bad || r->rest.len == 0 ? NULL : memchr(r->rest.at, 0, r->rest.len);
    if (nul == NULL) {
        r->bad = true;
        return PGR_BYTES("", 0);
    }
    struct pgr_bytes out = {r->rest.at, (size_t)(nul - r->rest.at)};
    r->rest.at += out.len + 1;
    r->rest.len -= out.len + 1;
    return out;
}
