// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * lex.h - PostgreSQL's lexical rules, in one linear pass without allocation.
 *
 * Why      keys, fingerprints and guards need token boundaries of any bytes at all, in linear time;
 *          libpg_query's scanner is quadratic on some inputs and stops at others. Ours is fuzzed
 *          against it.
 * Threads  any; pure.
 * Memory   borrows.
 * Errors   none: an unterminated token ends with the text and is marked BROKEN.
 * Assumes  standard_conforming_strings = on and an encoding whose bytes below 0x80 are ASCII.
 */
#include "pgrecall/base/bytes.h"

enum pgr_token_kind {
    PGR_TOKEN_END,
    PGR_TOKEN_SPACE,   /* space \t \n \r \f; never \v, which is one only from server 16 */
    PGR_TOKEN_COMMENT, /* -- to end of line, or nested block */
    PGR_TOKEN_IDENT,   /* unquoted identifier or keyword */
    PGR_TOKEN_QUOTED,  /* "identifier", U&"…" */
    PGR_TOKEN_STRING, /* '…', E'…', B'…', X'…', N'…', U&'…', $tag$…$tag$, with continuations */
    PGR_TOKEN_NUMBER,
    PGR_TOKEN_PARAM,    /* $1 */
    PGR_TOKEN_OPERATOR, /* run of operator characters, after PostgreSQL's trimming rules */
    PGR_TOKEN_PUNCT,    /* ( ) [ ] , ; : . and :: := => .. as PostgreSQL lexes them */
    PGR_TOKEN_BROKEN,   /* unterminated, or a byte that starts no token: to the end of the text */
};

struct pgr_lexeme {
    enum pgr_token_kind kind;
    struct pgr_bytes text;
};

/* The token at the front of `rest`, which is advanced over it; END when it is empty. */
struct pgr_lexeme pgr_lex_next(struct pgr_bytes *rest);

/*
 * The text without leading and trailing white space and comments and without trailing semicolons:
 * what enters the key (G18: only 7-bit comments are stripped, `/ *+` hints of pg_hint_plan stay).
 */
struct pgr_bytes pgr_lex_strip(struct pgr_bytes text);

/*
 * The query type: XXH3-64 of the normalised tokens. Literals and parameters become ?, lists of them
 * (?, …) collapse, VALUES (…),(…) collapse, keywords and unquoted identifiers fold to lower case,
 * comments vanish. Every text has one. `normal` (may be NULL) receives at most cap bytes of the
 * normalised text, *len its length.
 */
uint64_t pgr_lex_fingerprint(struct pgr_bytes text, char *normal, size_t cap, size_t *len);

/* Longest run of characters of ~!@#^&|`?+-*%<>=/ : the guard against quadratic scanning. */
size_t pgr_lex_operator_run(struct pgr_bytes text);

/*
 * True if the bytes hold an alphabetic run equal, in any case, to now, today, tomorrow or yesterday
 * (also after \n-style escapes: checked conservatively), or begin (after blanks) with { ( or [ and
 * hold a backslash. For literals and parameters of any format.
 */
bool pgr_lex_has_date_word(struct pgr_bytes value);

/* First word of the text (after comments and space), lower-cased into out[16]; "" if none. */
void pgr_lex_first_word(struct pgr_bytes text, char out[16]);
