// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/frontend.h"

#include "reader_priv.h"

/*
 * Only the shape is judged here. Whether the counts of formats and parameters fit each other, or a
 * format code exists, is for PostgreSQL to say: a message that it refuses has no answer to
 * remember.
 */

bool pgr_msg_query_parse(struct pgr_bytes body, struct pgr_msg_query *out)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_msg_query msg = {.text = pgr_read_cstr(&reader)};
    if (!pgr_reader_is_done(&reader))
        return false;
    *out = msg;
    return true;
}

bool pgr_msg_parse_parse(struct pgr_bytes body, struct pgr_msg_parse *out)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_msg_parse msg = {0};
    msg.name = pgr_read_cstr(&reader);
    msg.text = pgr_read_cstr(&reader);
    msg.oid_count = pgr_read_u16(&reader);
    msg.oids = pgr_read_bytes(&reader, (size_t)msg.oid_count * 4);
    if (!pgr_reader_is_done(&reader))
        return false;
    *out = msg;
    return true;
}

/* Skips over `count` values and returns the bytes they lie in. */
static struct pgr_bytes read_values(struct pgr_reader *reader, size_t count)
{
    struct pgr_bytes all = reader->rest;
    for (size_t i = 0; i < count && !reader->bad; i++)
        (void)pgr_read_value(reader);
    return PGR_BYTES(all.at, all.len - reader->rest.len);
}

bool pgr_msg_bind_parse(struct pgr_bytes body, struct pgr_msg_bind *out)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_msg_bind msg = {0};
    msg.portal = pgr_read_cstr(&reader);
    msg.statement = pgr_read_cstr(&reader);
    msg.format_count = pgr_read_u16(&reader);
    msg.formats = pgr_read_bytes(&reader, (size_t)msg.format_count * 2);
    msg.param_count = pgr_read_u16(&reader);
    msg.params = read_values(&reader, msg.param_count);
    msg.result_count = pgr_read_u16(&reader);
    msg.results = pgr_read_bytes(&reader, (size_t)msg.result_count * 2);
    if (!pgr_reader_is_done(&reader))
        return false;
    *out = msg;
    return true;
}

bool pgr_msg_target_parse(struct pgr_bytes body, struct pgr_msg_target *out)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_msg_target msg = {0};
    msg.kind = pgr_read_u8(&reader);
    msg.name = pgr_read_cstr(&reader);
    if (!pgr_reader_is_done(&reader) || (msg.kind != 'S' && msg.kind != 'P'))
        return false;
    *out = msg;
    return true;
}

bool pgr_msg_execute_parse(struct pgr_bytes body, struct pgr_msg_execute *out)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_msg_execute msg = {0};
    msg.portal = pgr_read_cstr(&reader);
    msg.max_rows = pgr_read_u32(&reader);
    if (!pgr_reader_is_done(&reader))
        return false;
    /* The word is signed, and PostgreSQL takes every negative number for "all" too. */
    if (msg.max_rows > INT32_MAX)
        msg.max_rows = 0;
    *out = msg;
    return true;
}
