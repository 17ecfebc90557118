// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * key.h - the whole key, as bytes: what is compared on every hit. Specified in docs/key.md.
 *
 * Threads  any; pure.
 * Memory   the caller's buffer.
 * Errors   false when the buffer's ceiling is reached: the statement is then not cacheable.
 */
#include "pgrecall/base/buf.h"
#include "pgrecall/base/hash.h"

#define PGR_KEY_MAX ((size_t)256 << 10)

struct pgr_key_parts {
    uint64_t context_id;
    uint8_t protocol;         /* 'Q' or 'X' */
    struct pgr_bytes text;    /* stripped */
    struct pgr_bytes oids;    /* declared parameter types, wire form */
    struct pgr_bytes formats; /* of parameters, wire form */
    struct pgr_bytes params;  /* values, wire form */
    struct pgr_bytes results; /* result formats, wire form */
};

struct pgr_key {
    struct pgr_bytes bytes;
    struct pgr_hash128 hash;
};

/* Empties `out`, builds the key in it (each part preceded by its length) and hashes it. */
bool pgr_key_build(struct pgr_buf *out, const struct pgr_key_parts *parts, uint64_t seed,
                   struct pgr_key *key);
