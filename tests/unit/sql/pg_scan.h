// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * pg_scan.h - our tokens against those of PostgreSQL's own scanner, as libpg_query exposes it.
 *
 * Why      the unit test and the fuzz target make the same comparison.
 * Threads  any.
 * Memory   frees what it takes.
 * Errors   the message says where the two differ. Only boundaries are compared: PostgreSQL's token
 *          numbers change with its version.
 */
#include <pg_query.h>
#include <stdio.h>

#include "pgrecall/sql/lex.h"

/* libpg_query answers in protobuf; of that only varints and lengths are needed here. */
static inline uint64_t pg_scan_varint(struct pgr_reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = pgr_read_u8(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return value;
}

/* A field of the message in *r: its number, its value, or its bytes. */
struct pg_scan_field {
    uint64_t number;
    uint64_t value;
    struct pgr_bytes bytes;
};

static inline struct pg_scan_field pg_scan_field(struct pgr_reader *r)
{
    uint64_t tag = pg_scan_varint(r);
    struct pg_scan_field field = {.number = tag >> 3};
    if ((tag & 7) == 2)
        field.bytes = pgr_read_bytes(r, (size_t)pg_scan_varint(r));
    else
        field.value = pg_scan_varint(r);
    return field;
}

/* The next ScanToken of a ScanResult: false at the end. */
static inline bool pg_scan_token(struct pgr_reader *result, size_t *start, size_t *end)
{
    while (result->rest.len > 0) {
        struct pg_scan_field field = pg_scan_field(result);
        if (field.number != 2)
            continue;
        *start = *end = 0;
        struct pgr_reader token = pgr_reader_of(field.bytes);
        while (token.rest.len > 0) {
            struct pg_scan_field part = pg_scan_field(&token);
            if (part.number == 1)
                *start = (size_t)part.value;
            else if (part.number == 2)
                *end = (size_t)part.value;
        }
        return true;
    }
    return false;
}

/* PostgreSQL gives n'…' as two tokens, NCHAR and a string. */
static inline bool pg_scan_is_national(struct pgr_lexeme token)
{
    return token.kind == PGR_TOKEN_STRING && (token.text.at[0] | 0x20) == 'n';
}

/* libpg_query leaves the end of U&'…' and U&"…" wrong; their start, and the next token's, tell. */
static inline bool pg_scan_has_end(struct pgr_lexeme token)
{
    bool is_unicode =
        token.text.len > 2 && (token.text.at[0] | 0x20) == 'u' && token.text.at[1] == '&';
    return !is_unicode;
}

/*
 * PostgreSQL joins 'a' -- comment, newline, 'b'; libpg_query, which gives comments as tokens, does
 * not. Whether ours, of which theirs is the first `len` bytes, is of that kind.
 */
static inline bool pg_scan_is_joined(struct pgr_lexeme ours, size_t len)
{
    if (ours.kind != PGR_TOKEN_STRING || len >= ours.text.len)
        return false;
    struct pgr_bytes rest = PGR_BYTES(ours.text.at + len, ours.text.len - len);
    struct pgr_lexeme next = pgr_lex_next(&rest);
    if (next.kind == PGR_TOKEN_SPACE)
        next = pgr_lex_next(&rest);
    return next.kind == PGR_TOKEN_COMMENT;
}

/* Long runs of signs are one token of ours and many of PostgreSQL's: those are passed over. */
static inline bool pg_scan_is_signs(struct pgr_lexeme ours, size_t len)
{
    return ours.kind == PGR_TOKEN_OPERATOR && ours.text.len >= 16 && len == 1 &&
           strspn((const char *)ours.text.at, "+-") >= ours.text.len;
}

static inline bool pg_scan_walk(struct pgr_bytes text, struct pgr_reader theirs, char message[160])
{
    struct pgr_bytes rest = text;
    size_t start = 0;
    size_t end = 0;
    for (;;) {
        struct pgr_lexeme ours = pgr_lex_next(&rest);
        if (ours.kind == PGR_TOKEN_SPACE)
            continue;
        bool has_theirs = pg_scan_token(&theirs, &start, &end);
        if (has_theirs && pg_scan_is_national(ours) && end == start + 1) {
            size_t national = start;
            has_theirs = pg_scan_token(&theirs, &start, &end);
            start = national;
        }
        if (ours.kind == PGR_TOKEN_END && !has_theirs)
            return true;
        size_t at = (size_t)(ours.text.at - text.at);
        if (ours.kind == PGR_TOKEN_BROKEN && has_theirs && start == at && end == at + 1)
            return true; /* a byte that PostgreSQL passes on to its grammar, which refuses it */
        bool is_same = ours.kind != PGR_TOKEN_END && has_theirs && at == start;
        if (is_same && (ours.text.len == end - start ||
                        (!pg_scan_has_end(ours) && !memmem(ours.text.at, ours.text.len, "--", 2))))
            continue;
        if (is_same && pg_scan_is_signs(ours, end - start)) {
            while (end < at + ours.text.len && pg_scan_token(&theirs, &start, &end))
                if (end != start + 1)
                    break;
            if (end == at + ours.text.len)
                continue;
        }
        if (is_same && (!pg_scan_has_end(ours) || pg_scan_is_joined(ours, end - start)))
            return true; /* from here on they read different tokens */
        (void)snprintf(message, 160, "ours: kind %d at %zu, %zu bytes; PostgreSQL's: %s %zu, %zu",
                       (int)ours.kind, at, ours.text.len, has_theirs ? "at" : "none after", start,
                       end - start);
        return false;
    }
}

/*
 * Whether the boundaries agree up to the first BROKEN token of ours; also true if PostgreSQL's
 * scanner refuses the text, which *is_refused (may be NULL) tells.
 */
static inline bool pg_scan_agrees(const char *text, bool *is_refused, char message[160])
{
    PgQueryScanResult result = pg_query_scan(text);
    bool agrees = true;
    if (is_refused != NULL)
        *is_refused = result.error != NULL;
    if (result.error == NULL)
        agrees = pg_scan_walk(pgr_bytes_str(text),
                              pgr_reader_of(PGR_BYTES(result.pbuf.data, result.pbuf.len)), message);
    pg_query_free_scan_result(result);
    return agrees;
}
