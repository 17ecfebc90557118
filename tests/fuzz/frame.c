// SPDX-License-Identifier: PostgreSQL
/*
 * frame.c - a stream of typed messages of either direction.
 *
 * Properties: no prefix of the stream contradicts the whole; what a decoder returns lies in the
 * body; a body that was accepted is refused with a byte more (its end is known from what is in it);
 * what we encode from the same strings is framed and decoded back to them.
 */
#include "pgrecall/wire/frame.h"
#include "fuzz.h"
#include "pgrecall/wire/backend.h"
#include "pgrecall/wire/encode.h"
#include "pgrecall/wire/frontend.h"
#include "pgrecall/wire/sqlstate.h"

#define OUT_MAX ((size_t)1 << 22)

static void check_prefixes(struct pgr_bytes in, enum pgr_parse whole, const struct pgr_frame *frame)
{
    size_t longest = in.len < 2 * PGR_FRAME_HEAD ? in.len : 2 * PGR_FRAME_HEAD;
    for (size_t len = 0; len < longest; len++) {
        struct pgr_frame early = {0};
        enum pgr_parse parse = pgr_frame_peek(PGR_BYTES(in.at, len), PGR_FRAME_MAX, &early);
        PGR_ASSERT(parse == (len < PGR_FRAME_HEAD ? PGR_PARSE_MORE : whole));
        PGR_ASSERT(parse != PGR_PARSE_OK ||
                   (early.type == frame->type && early.body_len == frame->body_len));
    }
}

static bool decode_query(struct pgr_bytes body)
{
    struct pgr_msg_query msg;
    if (!pgr_msg_query_parse(body, &msg))
        return false;
    PGR_ASSERT(msg.text.len + 1 == body.len && msg.text.at[msg.text.len] == 0);
    return true;
}

static bool decode_parse(struct pgr_bytes body)
{
    struct pgr_msg_parse msg;
    if (!pgr_msg_parse_parse(body, &msg))
        return false;
    PGR_ASSERT(msg.oids.len == (size_t)msg.oid_count * 4);
    PGR_ASSERT(msg.name.len + 1 + msg.text.len + 1 + 2 + msg.oids.len == body.len);
    PGR_ASSERT(fuzz_is_inside(msg.oids, body));
    return true;
}

static bool decode_bind(struct pgr_bytes body)
{
    struct pgr_msg_bind msg;
    if (!pgr_msg_bind_parse(body, &msg))
        return false;
    PGR_ASSERT(msg.formats.len == (size_t)msg.format_count * 2);
    PGR_ASSERT(msg.results.len == (size_t)msg.result_count * 2);
    PGR_ASSERT(msg.params.len >= (size_t)msg.param_count * 4);
    PGR_ASSERT(msg.portal.len + 1 + msg.statement.len + 1 + 6 + msg.formats.len + msg.params.len +
                   msg.results.len ==
               body.len);
    PGR_ASSERT(fuzz_is_inside(msg.params, body) && fuzz_is_inside(msg.results, body));
    return true;
}

static bool decode_target(struct pgr_bytes body)
{
    struct pgr_msg_target msg;
    if (!pgr_msg_target_parse(body, &msg))
        return false;
    PGR_ASSERT(msg.kind == body.at[0] && msg.name.len + 2 == body.len);
    return true;
}

static bool decode_execute(struct pgr_bytes body)
{
    struct pgr_msg_execute msg;
    if (!pgr_msg_execute_parse(body, &msg))
        return false;
    PGR_ASSERT(msg.portal.len + 1 + 4 == body.len && msg.max_rows <= INT32_MAX);
    return true;
}

static bool decode_param_status(struct pgr_bytes body)
{
    struct pgr_bytes name;
    struct pgr_bytes value;
    if (!pgr_msg_param_status(body, &name, &value))
        return false;
    PGR_ASSERT(name.len + 1 + value.len + 1 == body.len);
    return true;
}

static bool decode_ready(struct pgr_bytes body)
{
    uint8_t status;
    return pgr_msg_ready(body, &status);
}

static bool decode_error(struct pgr_bytes body)
{
    struct pgr_bytes text;
    bool has_message = pgr_msg_error_field(body, 'M', &text);
    PGR_ASSERT(!has_message || (fuzz_is_inside(text, body) && text.at[text.len] == 0));
    bool has_code = pgr_msg_error_field(body, 'C', &text);
    return has_message || has_code;
}

static bool decode_row(struct pgr_bytes body)
{
    struct pgr_bytes values[64];
    size_t count = body.len < 2 ? 0 : pgr_load_be16(body.at);
    if (count > PGR_ARRAY_LEN(values) || !pgr_msg_data_row(body, values, count))
        return false;
    for (size_t i = 0; i < count; i++)
        PGR_ASSERT(fuzz_is_inside(values[i], body) && (values[i].at != NULL || values[i].len == 0));
    return true;
}

typedef bool decode_fn(struct pgr_bytes body);

static decode_fn *const decoders[] = {
    decode_query,        decode_parse, decode_bind,  decode_target, decode_execute,
    decode_param_status, decode_ready, decode_error, decode_row,
};

/* Bodies are tried as every type: nothing but the type byte tells them apart. */
static void check_body(struct pgr_bytes body)
{
    struct pgr_bytes copy = fuzz_copy(body);
    uint8_t *block = pgr_alloc(body.len + 1);
    memcpy(block, body.at, body.len);
    for (size_t i = 0; i < PGR_ARRAY_LEN(decoders); i++) {
        if (decoders[i](copy))
            PGR_ASSERT(!decoders[i](PGR_BYTES(block, body.len + 1)));
    }
    pgr_free(block);
    fuzz_free(copy);
}

/* These two have no end of their own, or keep theirs in a list. */
static void check_login(struct pgr_bytes body)
{
    uint32_t word;
    struct pgr_bytes key;
    if (pgr_msg_backend_key(body, &word, &key))
        PGR_ASSERT(key.len >= 4 && key.len <= 256 && key.len + 4 == body.len);
    struct pgr_buf out;
    struct pgr_buf again;
    pgr_buf_init(&out, OUT_MAX);
    pgr_buf_init(&again, OUT_MAX);
    if (pgr_auth_strike_plus(body, &out)) {
        struct pgr_frame frame;
        struct pgr_bytes struck = pgr_buf_bytes(&out);
        PGR_ASSERT(pgr_frame_peek(struck, PGR_FRAME_MAX, &frame) == PGR_PARSE_OK);
        PGR_ASSERT(pgr_frame_size(&frame) == struck.len && frame.body_len < body.len);
        PGR_ASSERT(pgr_msg_auth_code(pgr_frame_body(struck, &frame), &word));
        PGR_ASSERT(word == PGR_AUTH_SASL);
        PGR_ASSERT(!pgr_auth_strike_plus(pgr_frame_body(struck, &frame), &again));
    }
    PGR_ASSERT(pgr_buf_len(&again) == 0 && !out.is_short);
    pgr_buf_fini(&again);
    pgr_buf_fini(&out);
}

/* The body of the one message in the buffer. */
static struct pgr_bytes only_body(const struct pgr_buf *out, uint8_t type)
{
    struct pgr_frame frame;
    PGR_ASSERT(!out->is_short);
    PGR_ASSERT(pgr_frame_peek(pgr_buf_bytes(out), PGR_FRAME_MAX, &frame) == PGR_PARSE_OK);
    PGR_ASSERT(frame.type == type && pgr_frame_size(&frame) == pgr_buf_len(out));
    return pgr_frame_body(pgr_buf_bytes(out), &frame);
}

static void check_to_server(const char *name, const char *text)
{
    struct pgr_buf out;
    struct pgr_msg_query query;
    struct pgr_msg_parse parse;
    struct pgr_msg_bind bind;
    struct pgr_msg_target target;
    pgr_buf_init(&out, OUT_MAX);
    pgr_encode_query(&out, text);
    PGR_ASSERT(pgr_msg_query_parse(only_body(&out, PGR_FE_QUERY), &query));
    PGR_ASSERT(pgr_bytes_eq(query.text, pgr_bytes_str(text)));
    pgr_buf_reset(&out);
    pgr_encode_parse(&out, name, text);
    PGR_ASSERT(pgr_msg_parse_parse(only_body(&out, PGR_FE_PARSE), &parse));
    PGR_ASSERT(pgr_bytes_eq(parse.name, pgr_bytes_str(name)));
    PGR_ASSERT(pgr_bytes_eq(parse.text, pgr_bytes_str(text)) && parse.oid_count == 0);
    pgr_buf_reset(&out);
    pgr_encode_bind_plain(&out, name);
    PGR_ASSERT(pgr_msg_bind_parse(only_body(&out, PGR_FE_BIND), &bind));
    PGR_ASSERT(pgr_bytes_eq(bind.statement, pgr_bytes_str(name)) && bind.portal.len == 0);
    pgr_buf_reset(&out);
    pgr_encode_close_statement(&out, name);
    PGR_ASSERT(pgr_msg_target_parse(only_body(&out, PGR_FE_CLOSE), &target));
    PGR_ASSERT(target.kind == 'S' && pgr_bytes_eq(target.name, pgr_bytes_str(name)));
    pgr_buf_fini(&out);
}

static void check_to_client(const char *text)
{
    struct pgr_buf out;
    struct pgr_fault fault;
    struct pgr_bytes found;
    pgr_buf_init(&out, OUT_MAX);
    pgr_fault_set(&fault, PGR_SQLSTATE_INTERNAL_ERROR, "%s", text);
    pgr_encode_error(&out, "ERROR", &fault);
    struct pgr_bytes body = only_body(&out, PGR_BE_ERROR);
    PGR_ASSERT(pgr_msg_error_field(body, 'M', &found));
    PGR_ASSERT(pgr_bytes_eq(found, pgr_bytes_str(fault.text)));
    PGR_ASSERT(pgr_msg_error_field(body, 'C', &found));
    PGR_ASSERT(pgr_bytes_eq(found, pgr_bytes_str(PGR_SQLSTATE_INTERNAL_ERROR)));
    pgr_buf_fini(&out);
}

/* Two C strings out of the input: up to its first NUL, and from there up to the next. */
static void check_encoders(struct pgr_bytes in)
{
    char *name = pgr_strndup((const char *)in.at, in.len);
    size_t skip = strlen(name) < in.len ? strlen(name) + 1 : in.len;
    char *text = pgr_strndup((const char *)in.at + skip, in.len - skip);
    check_to_server(name, text);
    check_to_client(text);
    pgr_free(text);
    pgr_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgr_bytes in = PGR_BYTES(data, size);
    struct pgr_frame frame;
    check_encoders(in);
    for (;;) {
        enum pgr_parse parse = pgr_frame_peek(in, PGR_FRAME_MAX, &frame);
        check_prefixes(in, parse, &frame);
        if (parse != PGR_PARSE_OK || pgr_frame_size(&frame) > in.len)
            return 0;
        struct pgr_bytes body = pgr_frame_body(in, &frame);
        check_body(body);
        check_login(body);
        in.at += pgr_frame_size(&frame);
        in.len -= pgr_frame_size(&frame);
    }
}
