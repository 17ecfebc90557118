// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * lex_priv.h - character classes and small readings of tokens shared by the files of the lexer.
 *
 * Threads  any; pure.   Memory  borrows.   Errors  none.
 */
#include "pgrecall/sql/lex.h"

/* White space of every server version; \v joined it in 16 and is no member here. */
static inline bool lex_is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static inline bool lex_is_newline(uint8_t c)
{
    return c == '\n' || c == '\r';
}

static inline bool lex_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline uint8_t lex_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static inline bool lex_is_letter(uint8_t c)
{
    uint8_t lower = lex_lower(c);
    return lower >= 'a' && lower <= 'z';
}

static inline bool lex_is_ident_start(uint8_t c)
{
    return lex_is_letter(c) || c == '_' || c >= 0x80;
}

static inline bool lex_is_ident_part(uint8_t c)
{
    return lex_is_ident_start(c) || lex_is_digit(c) || c == '$';
}

static inline bool lex_is_operator(uint8_t c)
{
    switch (c) {
    case '~':
    case '!':
    case '@':
    case '#':
    case '^':
    case '&':
    case '|':
    case '`':
    case '?':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '<':
    case '>':
    case '=':
        return true;
    default:
        return false;
    }
}

/* Whether the text of the token is the one character. */
static inline bool lex_is_char(struct pgr_lexeme token, char c)
{
    return token.kind != PGR_TOKEN_BROKEN && token.text.len == 1 && token.text.at[0] == (uint8_t)c;
}

/* Whether an unquoted word equals `word` (lower case) in any case. */
static inline bool lex_is_word(struct pgr_lexeme token, const char *word)
{
    if (token.kind != PGR_TOKEN_IDENT || token.text.len != strlen(word))
        return false;
    for (size_t i = 0; i < token.text.len; i++)
        if (lex_lower(token.text.at[i]) != (uint8_t)word[i])
            return false;
    return true;
}

/* The next token that is neither white space nor comment. */
static inline struct pgr_lexeme lex_next_solid(struct pgr_bytes *rest)
{
    for (;;) {
        struct pgr_lexeme token = pgr_lex_next(rest);
        if (token.kind != PGR_TOKEN_SPACE && token.kind != PGR_TOKEN_COMMENT)
            return token;
    }
}
