// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * frontend.h - bodies of the client's messages.
 *
 * Why      the session decides by what is in them; what does not decode is forwarded, and
 *          PostgreSQL says what is wrong with it.
 * Threads  any; pure.   Memory  borrows from the body.
 * Errors   false when the body is not exactly one well-formed message of its type.
 */
#include "pgrecall/base/bytes.h"

enum pgr_frontend_type {
    PGR_FE_BIND = 'B',
    PGR_FE_CLOSE = 'C',
    PGR_FE_COPY_DATA = 'd',
    PGR_FE_COPY_DONE = 'c',
    PGR_FE_COPY_FAIL = 'f',
    PGR_FE_DESCRIBE = 'D',
    PGR_FE_EXECUTE = 'E',
    PGR_FE_FLUSH = 'H',
    PGR_FE_FUNCTION_CALL = 'F',
    PGR_FE_PARSE = 'P',
    PGR_FE_PASSWORD = 'p',
    PGR_FE_QUERY = 'Q',
    PGR_FE_SYNC = 'S',
    PGR_FE_TERMINATE = 'X',
};

struct pgr_msg_query {
    struct pgr_bytes text; /* without its NUL */
};
struct pgr_msg_parse {
    struct pgr_bytes name;
    struct pgr_bytes text;
    uint16_t oid_count;
    struct pgr_bytes oids; /* 4 * oid_count bytes, big-endian */
};
struct pgr_msg_bind {
    struct pgr_bytes portal;
    struct pgr_bytes statement;
    uint16_t format_count;
    struct pgr_bytes formats; /* 2 * format_count bytes */
    uint16_t param_count;
    struct pgr_bytes params; /* param_count times: int32 length (-1 is NULL), bytes */
    uint16_t result_count;
    struct pgr_bytes results; /* 2 * result_count bytes */
};
struct pgr_msg_target { /* Describe and Close */
    uint8_t kind;       /* 'S' or 'P' */
    struct pgr_bytes name;
};
struct pgr_msg_execute {
    struct pgr_bytes portal;
    uint32_t max_rows; /* 0: all */
};

bool pgr_msg_query_parse(struct pgr_bytes body, struct pgr_msg_query *out);
bool pgr_msg_parse_parse(struct pgr_bytes body, struct pgr_msg_parse *out);
bool pgr_msg_bind_parse(struct pgr_bytes body, struct pgr_msg_bind *out);
bool pgr_msg_target_parse(struct pgr_bytes body, struct pgr_msg_target *out);
bool pgr_msg_execute_parse(struct pgr_bytes body, struct pgr_msg_execute *out);
