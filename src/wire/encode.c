// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/encode.h"

#include "encode_priv.h"
#include "pgrecall/wire/backend.h"
#include "pgrecall/wire/frame.h"
#include "pgrecall/wire/frontend.h"

bool pgr_encode_head(struct pgr_buf *out, uint8_t type, size_t body_len)
{
    if (body_len > PGR_FRAME_MAX - 4 || pgr_buf_reserve(out, PGR_FRAME_HEAD + body_len) == NULL) {
        out->is_short = true;
        return false;
    }
    pgr_buf_put_u8(out, type);
    pgr_buf_put_u32(out, (uint32_t)body_len + 4);
    return true;
}

static void put_field(struct pgr_buf *out, char code, const char *text)
{
    pgr_buf_put_u8(out, (uint8_t)code);
    pgr_buf_put_cstr(out, text);
}

/* Code and terminator included. */
static size_t field_size(const char *text)
{
    return 1 + strlen(text) + 1;
}

void pgr_encode_error(struct pgr_buf *out, const char *severity, const struct pgr_fault *fault)
{
    size_t size = 2 * field_size(severity) + field_size(fault->sqlstate) + field_size(fault->text);
    if (!pgr_encode_head(out, PGR_BE_ERROR, size + 1))
        return;
    put_field(out, 'S', severity);
    put_field(out, 'V', severity); /* the one that is never translated */
    put_field(out, 'C', fault->sqlstate);
    put_field(out, 'M', fault->text);
    pgr_buf_put_u8(out, 0);
}

void pgr_encode_ready(struct pgr_buf *out, uint8_t status)
{
    if (pgr_encode_head(out, PGR_BE_READY, 1))
        pgr_buf_put_u8(out, status);
}

void pgr_encode_parse_complete(struct pgr_buf *out)
{
    (void)pgr_encode_head(out, PGR_BE_PARSE_COMPLETE, 0);
}

void pgr_encode_bind_complete(struct pgr_buf *out)
{
    (void)pgr_encode_head(out, PGR_BE_BIND_COMPLETE, 0);
}

void pgr_encode_query(struct pgr_buf *out, const char *text)
{
    if (pgr_encode_head(out, PGR_FE_QUERY, strlen(text) + 1))
        pgr_buf_put_cstr(out, text);
}

void pgr_encode_parse(struct pgr_buf *out, const char *name, const char *text)
{
    if (!pgr_encode_head(out, PGR_FE_PARSE, strlen(name) + 1 + strlen(text) + 1 + 2))
        return;
    pgr_buf_put_cstr(out, name);
    pgr_buf_put_cstr(out, text);
    pgr_buf_put_u16(out, 0); /* PostgreSQL finds the types */
}

void pgr_encode_bind_plain(struct pgr_buf *out, const char *statement)
{
    if (!pgr_encode_head(out, PGR_FE_BIND, 1 + strlen(statement) + 1 + 3 * 2))
        return;
    pgr_buf_put_cstr(out, "");
    pgr_buf_put_cstr(out, statement);
    pgr_buf_put_u16(out, 0); /* parameter formats */
    pgr_buf_put_u16(out, 0); /* parameters */
    pgr_buf_put_u16(out, 0); /* result formats: none given means text */
}

void pgr_encode_execute_all(struct pgr_buf *out)
{
    if (!pgr_encode_head(out, PGR_FE_EXECUTE, 1 + 4))
        return;
    pgr_buf_put_cstr(out, "");
    pgr_buf_put_u32(out, 0);
}

void pgr_encode_close_statement(struct pgr_buf *out, const char *name)
{
    if (!pgr_encode_head(out, PGR_FE_CLOSE, 1 + strlen(name) + 1))
        return;
    pgr_buf_put_u8(out, 'S');
    pgr_buf_put_cstr(out, name);
}

void pgr_encode_sync(struct pgr_buf *out)
{
    (void)pgr_encode_head(out, PGR_FE_SYNC, 0);
}

void pgr_encode_terminate(struct pgr_buf *out)
{
    (void)pgr_encode_head(out, PGR_FE_TERMINATE, 0);
}
