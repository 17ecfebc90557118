// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * decoding.h - one row of a table: a body, and what is to be read out of it.
 *
 * Why      each decoder is shown its input whole, arriving byte by byte, cut at every length and
 *          with a byte too many; what it found is compared as text.
 * Memory   inputs are copied to the very end of an allocation, so that ASan sees a read past them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pgrecall/base/buf.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/wire/frame.h"

/* PGR_BYTES_LIT for tables of static duration. */
#define RAW(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)("" s), sizeof(s) - 1                                                     \
    }

#define REFUSED "refused"

/* Writes what was decoded, or REFUSED. */
typedef void render_fn(struct pgr_bytes body, struct pgr_buf *out);

struct decoding {
    const char *title;
    struct pgr_bytes body;
    const char *expect;
};

static inline struct pgr_bytes copy_to_end(struct pgr_bytes bytes)
{
    uint8_t *block = pgr_alloc(1 + bytes.len);
    if (bytes.len > 0)
        memcpy(block + 1, bytes.at, bytes.len);
    return PGR_BYTES(block + 1, bytes.len);
}

static inline void free_copy(struct pgr_bytes copy)
{
    pgr_free((void *)(copy.at - 1));
}

/* Printable bytes as they are, others as <hex>; NULL as the word. */
static inline void put_text(struct pgr_buf *out, struct pgr_bytes bytes)
{
    if (bytes.at == NULL)
        pgr_buf_printf(out, "NULL");
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i] >= ' ' && bytes.at[i] < 0x7f)
            pgr_buf_put_u8(out, bytes.at[i]);
        else
            pgr_buf_printf(out, "<%02x>", bytes.at[i]);
    }
}

static inline void check_render(const char *title, struct pgr_bytes body, render_fn *render,
                                const char *expect)
{
    struct pgr_buf found;
    pgr_buf_init(&found, 1 << 20);
    render(body, &found);
    pgr_buf_put_u8(&found, 0);
    assert_false(found.is_short);
    const char *text = (const char *)pgr_buf_bytes(&found).at;
    if (strcmp(text, expect) != 0)
        fail_msg("%s (%zu bytes): found '%s', expected '%s'", title, body.len, text, expect);
    pgr_buf_fini(&found);
}

static inline void check_copy(const char *title, struct pgr_bytes body, render_fn *render,
                              const char *expect)
{
    struct pgr_bytes copy = copy_to_end(body);
    check_render(title, copy, render, expect);
    free_copy(copy);
}

/* The message comes through a buffer one byte at a time; it is decoded once it is complete. */
static inline void check_trickle(const struct decoding *row, render_fn *render)
{
    uint8_t head[PGR_FRAME_HEAD] = {'?'};
    struct pgr_buf in;
    struct pgr_frame frame;
    size_t size = PGR_FRAME_HEAD + row->body.len;
    pgr_store_be32(head + 1, (uint32_t)row->body.len + 4);
    pgr_buf_init(&in, size);
    for (size_t i = 0; i < size; i++) {
        bool has_frame = pgr_frame_peek(pgr_buf_bytes(&in), PGR_FRAME_MAX, &frame) == PGR_PARSE_OK;
        assert_int_equal(has_frame, i >= PGR_FRAME_HEAD);
        if (has_frame)
            assert_true(pgr_frame_size(&frame) > pgr_buf_len(&in));
        pgr_buf_put_u8(&in, i < PGR_FRAME_HEAD ? head[i] : row->body.at[i - PGR_FRAME_HEAD]);
    }
    assert_int_equal(pgr_frame_peek(pgr_buf_bytes(&in), PGR_FRAME_MAX, &frame), PGR_PARSE_OK);
    assert_int_equal(pgr_frame_size(&frame), pgr_buf_len(&in));
    check_render(row->title, pgr_frame_body(pgr_buf_bytes(&in), &frame), render, row->expect);
    pgr_buf_fini(&in);
}

static inline void check_decoding(const struct decoding *row, render_fn *render)
{
    check_copy(row->title, row->body, render, row->expect);
    check_trickle(row, render);
}

/* For messages whose end is known from what is in them: cut or lengthened, they are refused. */
static inline void check_exact(const struct decoding *row, render_fn *render)
{
    check_decoding(row, render);
    if (strcmp(row->expect, REFUSED) == 0)
        return;
    for (size_t len = 0; len < row->body.len; len++)
        check_copy(row->title, PGR_BYTES(row->body.at, len), render, REFUSED);
    for (unsigned extra = 0; extra < 256; extra += 51) {
        struct pgr_buf longer;
        pgr_buf_init(&longer, row->body.len + 1);
        pgr_buf_put_bytes(&longer, row->body);
        pgr_buf_put_u8(&longer, (uint8_t)extra);
        check_copy(row->title, pgr_buf_bytes(&longer), render, REFUSED);
        pgr_buf_fini(&longer);
    }
}

#define check_table(rows, check, render)                                                           \
    do {                                                                                           \
        for (size_t row = 0; row < PGR_ARRAY_LEN(rows); row++)                                     \
            check(&(rows)[row], (render));                                                         \
    } while (0)
