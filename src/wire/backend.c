// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/backend.h"

#include "reader_priv.h"

#define CANCEL_KEY_MIN 4
#define CANCEL_KEY_MAX 256

/* Returns whether a request of this kind may carry `extra` bytes behind its code. */
static bool is_auth_size(uint32_t code, size_t extra)
{
    switch (code) {
    case PGR_AUTH_OK:
    case PGR_AUTH_CLEARTEXT:
        return extra == 0;
    case PGR_AUTH_MD5:
        return extra == 4; /* the salt */
    default:
        return true;
    }
}

bool pgr_msg_auth_code(struct pgr_bytes body, uint32_t *code)
{
    struct pgr_reader reader = pgr_reader_of(body);
    uint32_t found = pgr_read_u32(&reader);
    if (reader.bad || !is_auth_size(found, reader.rest.len))
        return false;
    *code = found;
    return true;
}

bool pgr_msg_param_status(struct pgr_bytes body, struct pgr_bytes *name, struct pgr_bytes *value)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_bytes found_name = pgr_read_cstr(&reader);
    struct pgr_bytes found_value = pgr_read_cstr(&reader);
    if (!pgr_reader_is_done(&reader))
        return false;
    *name = found_name;
    *value = found_value;
    return true;
}

bool pgr_msg_backend_key(struct pgr_bytes body, uint32_t *pid, struct pgr_bytes *key)
{
    struct pgr_reader reader = pgr_reader_of(body);
    uint32_t found = pgr_read_u32(&reader);
    if (reader.bad || reader.rest.len < CANCEL_KEY_MIN || reader.rest.len > CANCEL_KEY_MAX)
        return false;
    *pid = found;
    *key = reader.rest;
    return true;
}

bool pgr_msg_ready(struct pgr_bytes body, uint8_t *status)
{
    if (body.len != 1 || (body.at[0] != 'I' && body.at[0] != 'T' && body.at[0] != 'E'))
        return false;
    *status = body.at[0];
    return true;
}

bool pgr_msg_error_field(struct pgr_bytes body, uint8_t field, struct pgr_bytes *out)
{
    struct pgr_reader reader = pgr_reader_of(body);
    struct pgr_bytes found = {0};
    uint8_t code;
    while ((code = pgr_read_u8(&reader)) != 0) {
        struct pgr_bytes text = pgr_read_cstr(&reader);
        if (code == field && found.at == NULL)
            found = text;
    }
    if (!pgr_reader_is_done(&reader) || found.at == NULL)
        return false;
    *out = found;
    return true;
}

bool pgr_msg_data_row(struct pgr_bytes body, struct pgr_bytes *values, size_t count)
{
    struct pgr_reader reader = pgr_reader_of(body);
    if (pgr_read_u16(&reader) != count)
        return false;
    for (size_t i = 0; i < count && !reader.bad; i++)
        values[i] = pgr_read_value(&reader);
    return pgr_reader_is_done(&reader);
}
