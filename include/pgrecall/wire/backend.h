// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * backend.h - bodies of the server's messages, as far as we look into them.
 *
 * Threads  any; pure.   Memory  borrows from the body.
 * Errors   false when the body is not one well-formed message of its type.
 */
#include "pgrecall/base/buf.h"

enum pgr_backend_type {
    PGR_BE_AUTH = 'R',
    PGR_BE_BACKEND_KEY = 'K',
    PGR_BE_BIND_COMPLETE = '2',
    PGR_BE_CLOSE_COMPLETE = '3',
    PGR_BE_COMMAND_COMPLETE = 'C',
    PGR_BE_COPY_BOTH = 'W',
    PGR_BE_COPY_DATA = 'd',
    PGR_BE_COPY_DONE = 'c',
    PGR_BE_COPY_IN = 'G',
    PGR_BE_COPY_OUT = 'H',
    PGR_BE_DATA_ROW = 'D',
    PGR_BE_EMPTY_QUERY = 'I',
    PGR_BE_ERROR = 'E',
    PGR_BE_FUNCTION_RESULT = 'V',
    PGR_BE_NEGOTIATE = 'v',
    PGR_BE_NO_DATA = 'n',
    PGR_BE_NOTICE = 'N',
    PGR_BE_NOTIFICATION = 'A',
    PGR_BE_PARAM_DESCRIPTION = 't',
    PGR_BE_PARAM_STATUS = 'S',
    PGR_BE_PARSE_COMPLETE = '1',
    PGR_BE_PORTAL_SUSPENDED = 's',
    PGR_BE_READY = 'Z',
    PGR_BE_ROW_DESCRIPTION = 'T',
};

enum pgr_auth_code {
    PGR_AUTH_OK = 0,
    PGR_AUTH_CLEARTEXT = 3,
    PGR_AUTH_MD5 = 5,
    PGR_AUTH_SASL = 10,
    PGR_AUTH_SASL_CONTINUE = 11,
    PGR_AUTH_SASL_FINAL = 12,
};

bool pgr_msg_auth_code(struct pgr_bytes body, uint32_t *code);
bool pgr_msg_param_status(struct pgr_bytes body, struct pgr_bytes *name, struct pgr_bytes *value);
/* The key is 4 bytes in protocol 3.0, up to 256 in 3.2. */
bool pgr_msg_backend_key(struct pgr_bytes body, uint32_t *pid, struct pgr_bytes *key);
bool pgr_msg_ready(struct pgr_bytes body, uint8_t *status); /* 'I', 'T' or 'E' */
/* One field of an ErrorResponse or NoticeResponse ('C' SQLSTATE, 'M' message…); false if absent. */
bool pgr_msg_error_field(struct pgr_bytes body, uint8_t field, struct pgr_bytes *out);

/*
 * Fills values[0..count) from a DataRow; at == NULL is SQL NULL. False if malformed or of another
 * count: then the values mean nothing.
 */
bool pgr_msg_data_row(struct pgr_bytes body, struct pgr_bytes *values, size_t count);

/*
 * AuthenticationSASL without the mechanisms that bind to a TLS channel (…-PLUS): a TLS session of
 * ours ends here. Appends the whole rewritten message to out; returns false if nothing was struck
 * (then the original goes on as it is).
 */
bool pgr_auth_strike_plus(struct pgr_bytes body, struct pgr_buf *out);
