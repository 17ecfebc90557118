// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "pgrecall/base/mem.h"

/*
 * `max` bounds the unread bytes. The allocation may be one byte larger, because vsnprintf()
 * insists on writing a NUL that is then not counted.
 */
#define FIRST_CAP ((size_t)256)
#define KEEP_CAP  ((size_t)256 << 10)

void pgr_buf_init(struct pgr_buf *buf, size_t max)
{
    PGR_ASSERT(max < SIZE_MAX / 4);
    *buf = (struct pgr_buf){.max = max};
}

static void drop_memory(struct pgr_buf *buf)
{
    pgr_free(buf->base);
    buf->base = NULL;
    buf->start = buf->end = buf->cap = 0;
}

void pgr_buf_fini(struct pgr_buf *buf)
{
    drop_memory(buf);
    buf->is_short = false;
}

void pgr_buf_reset(struct pgr_buf *buf)
{
    buf->start = buf->end = 0;
    buf->is_short = false;
}

static void compact(struct pgr_buf *buf)
{
    size_t len = pgr_buf_len(buf);
    if (len > 0)
        memmove(buf->base, buf->base + buf->start, len);
    buf->start = 0;
    buf->end = len;
}

static bool grow(struct pgr_buf *buf, size_t need)
{
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    if (cap > buf->max + 1)
        cap = buf->max + 1;
    uint8_t *base = pgr_try_realloc(buf->base, cap);
    if (base == NULL)
        return false;
    buf->base = base;
    buf->cap = cap;
    return true;
}

/* Makes n bytes writable at `end`; the ceiling was checked by the caller. */
static bool make_room(struct pgr_buf *buf, size_t n)
{
    if (buf->cap > 0 && buf->cap - buf->end >= n)
        return true;
    size_t len = pgr_buf_len(buf);
    /* Moving no more bytes than were read since the last move keeps the cost linear. */
    bool is_move_cheap = buf->start >= len && len + n <= buf->cap && buf->cap > 0;
    if (!is_move_cheap && !grow(buf, buf->end + n) && (buf->cap == 0 || len + n > buf->cap))
        return false;
    if (buf->cap - buf->end < n)
        compact(buf);
    return true;
}

static bool fits(const struct pgr_buf *buf, size_t n)
{
    return n <= buf->max && pgr_buf_len(buf) <= buf->max - n;
}

uint8_t *pgr_buf_reserve(struct pgr_buf *buf, size_t n)
{
    if (!fits(buf, n) || !make_room(buf, n)) {
        buf->is_short = true;
        return NULL;
    }
    return buf->base + buf->end;
}

void pgr_buf_commit(struct pgr_buf *buf, size_t n)
{
    PGR_ASSERT(n <= buf->cap - buf->end);
    buf->end += n;
}

void pgr_buf_consume(struct pgr_buf *buf, size_t n)
{
    PGR_ASSERT(n <= pgr_buf_len(buf));
    buf->start += n;
    if (buf->start != buf->end)
        return;
    buf->start = buf->end = 0;
    if (buf->cap > KEEP_CAP)
        drop_memory(buf);
}

bool pgr_buf_put(struct pgr_buf *buf, const void *data, size_t len)
{
    uint8_t *to = pgr_buf_reserve(buf, len);
    if (to == NULL)
        return false;
    if (len > 0)
        memcpy(to, data, len);
    buf->end += len;
    return true;
}

bool pgr_buf_put_bytes(struct pgr_buf *buf, struct pgr_bytes bytes)
{
    return pgr_buf_put(buf, bytes.at, bytes.len);
}

bool pgr_buf_put_u8(struct pgr_buf *buf, uint8_t v)
{
    return pgr_buf_put(buf, &v, 1);
}

bool pgr_buf_put_u16(struct pgr_buf *buf, uint16_t v)
{
    uint8_t raw[2];
    pgr_store_be16(raw, v);
    return pgr_buf_put(buf, raw, sizeof(raw));
}

bool pgr_buf_put_u32(struct pgr_buf *buf, uint32_t v)
{
    uint8_t raw[4];
    pgr_store_be32(raw, v);
    return pgr_buf_put(buf, raw, sizeof(raw));
}

bool pgr_buf_put_u64(struct pgr_buf *buf, uint64_t v)
{
    uint8_t raw[8];
    pgr_store_be32(raw, (uint32_t)(v >> 32));
    pgr_store_be32(raw + 4, (uint32_t)v);
    return pgr_buf_put(buf, raw, sizeof(raw));
}

bool pgr_buf_put_cstr(struct pgr_buf *buf, const char *s)
{
    return pgr_buf_put(buf, s, strlen(s) + 1);
}

bool pgr_buf_printf(struct pgr_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !fits(buf, (size_t)len) || !make_room(buf, (size_t)len + 1)) {
        buf->is_short = true;
        return false;
    }
    va_start(args, format);
    vsnprintf((char *)buf->base + buf->end, (size_t)len + 1, format, args);
    va_end(args);
    buf->end += (size_t)len;
    return true;
}
