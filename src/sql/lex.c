// SPDX-License-Identifier: PostgreSQL
/*
 * The rules are those of the scanner of PostgreSQL 15, read off its flex patterns by hand. Where
 * versions differ the difference is an error in one of them, and our cut is the older one's:
 *   123abc, 0x1F, 1_000   a number, then an identifier (14; an error in 15; one number from 16)
 *   1.e, 1e+              the number ends before what is no exponent (14; an error from 15)
 *   \v                    starts no token (white space only from 16)
 *   ++++++++++++++++, 16 signs and more, is one operator here and one for each sign to them all
 * Every byte is looked at a bounded number of times: the look-ahead for a continued string ends
 * where the next token starts, and operators look no further than an operator may be long.
 */
#include "lex_priv.h"

/* NAMEDATALEN: an operator of this length or more is an error to PostgreSQL. */
#define OPERATOR_MAX ((size_t)64)
#define SIGNS_MAX    ((size_t)16)

struct cut {
    enum pgr_token_kind kind;
    size_t len;
};

enum quoting {
    QUOTING_DOUBLED,   /* '' is a quote */
    QUOTING_BACKSLASH, /* and \ takes the next byte along */
    QUOTING_NONE,      /* B'' and X'': '' ends one and starts another */
};

static struct cut broken(struct pgr_bytes t)
{
    return (struct cut){PGR_TOKEN_BROKEN, t.len};
}

static bool has_at(struct pgr_bytes t, size_t i, char c)
{
    return i < t.len && t.at[i] == (uint8_t)c;
}

static bool has_pair(struct pgr_bytes t, size_t i, const char pair[2])
{
    return has_at(t, i, pair[0]) && has_at(t, i + 1, pair[1]);
}

static bool has_digit(struct pgr_bytes t, size_t i)
{
    return i < t.len && lex_is_digit(t.at[i]);
}

static size_t skip_digits(struct pgr_bytes t, size_t i)
{
    while (has_digit(t, i))
        i++;
    return i;
}

static struct cut cut_space(struct pgr_bytes t)
{
    size_t i = 1;
    while (i < t.len && lex_is_space(t.at[i]))
        i++;
    return (struct cut){PGR_TOKEN_SPACE, i};
}

/* The index of the first newline at or after `i`, or the length. */
static size_t line_end(struct pgr_bytes t, size_t i)
{
    while (i < t.len && !lex_is_newline(t.at[i]))
        i++;
    return i;
}

static struct cut cut_block_comment(struct pgr_bytes t)
{
    size_t depth = 1;
    for (size_t i = 2; i < t.len;) {
        if (has_pair(t, i, "*/")) {
            i += 2;
            if (--depth == 0)
                return (struct cut){PGR_TOKEN_COMMENT, i};
        } else if (has_pair(t, i, "/*")) {
            i += 2;
            depth++;
        } else {
            i++;
        }
    }
    return broken(t);
}

/* The index of the first `c` at or after `i`, or the length. */
static size_t find(struct pgr_bytes t, size_t i, uint8_t c)
{
    const uint8_t *at = i < t.len ? memchr(t.at + i, c, t.len - i) : NULL;
    return at ? (size_t)(at - t.at) : t.len;
}

/* One past the closing quote of content beginning at `i` in which \ takes the next byte along. */
static size_t escaped_end(struct pgr_bytes t, size_t i)
{
    for (; i < t.len; i++) {
        if (t.at[i] == '\\')
            i++;
        else if (has_pair(t, i, "''"))
            i++;
        else if (t.at[i] == '\'')
            return i + 1;
    }
    return 0;
}

/* One past the quote that closes the content beginning at `i`, or 0. */
static size_t content_end(struct pgr_bytes t, size_t i, char quote, enum quoting quoting)
{
    if (quoting == QUOTING_BACKSLASH)
        return escaped_end(t, i);
    for (;;) {
        i = find(t, i, (uint8_t)quote) + 1;
        if (i > t.len)
            return 0;
        if (quoting == QUOTING_NONE || !has_at(t, i, quote))
            return i;
        i++;
    }
}

/* One past the quote at which a string that ended before `i` goes on (after a newline), or 0. */
static size_t continuation(struct pgr_bytes t, size_t i)
{
    bool is_new_line = false;
    while (i < t.len) {
        if (t.at[i] == '\'')
            return is_new_line ? i + 1 : 0;
        if (has_pair(t, i, "--")) {
            i = line_end(t, i);
        } else if (lex_is_space(t.at[i])) {
            is_new_line |= lex_is_newline(t.at[i]);
            i++;
        } else {
            return 0;
        }
    }
    return 0;
}

static struct cut cut_string(struct pgr_bytes t, size_t content, enum quoting quoting)
{
    for (;;) {
        size_t end = content_end(t, content, '\'', quoting);
        if (end == 0)
            return broken(t);
        content = continuation(t, end);
        if (content == 0)
            return (struct cut){PGR_TOKEN_STRING, end};
    }
}

static struct cut cut_quoted(struct pgr_bytes t, size_t content)
{
    size_t end = content_end(t, content, '"', QUOTING_DOUBLED);
    return end ? (struct cut){PGR_TOKEN_QUOTED, end} : broken(t);
}

/* $1, $$…$$ or $tag$…$tag$; a tag is an identifier without $. */
static struct cut cut_dollar(struct pgr_bytes t)
{
    if (has_digit(t, 1))
        return (struct cut){PGR_TOKEN_PARAM, skip_digits(t, 1)};
    size_t i = 1;
    if (i < t.len && lex_is_ident_start(t.at[i]))
        while (i < t.len && t.at[i] != '$' && lex_is_ident_part(t.at[i]))
            i++;
    if (!has_at(t, i, '$'))
        return broken(t);
    size_t tag = i + 1;
    const uint8_t *end = memmem(t.at + tag, t.len - tag, t.at, tag);
    return end ? (struct cut){PGR_TOKEN_STRING, (size_t)(end - t.at) + tag} : broken(t);
}

static struct cut cut_number(struct pgr_bytes t)
{
    size_t i = skip_digits(t, 0);
    bool is_range = i > 0 && has_pair(t, i, ".."); /* 1..10 is 1, .., 10 */
    if (has_at(t, i, '.') && !is_range)
        i = skip_digits(t, i + 1);
    if (has_at(t, i, 'e') || has_at(t, i, 'E')) {
        size_t digits = i + 1;
        if (has_at(t, digits, '+') || has_at(t, digits, '-'))
            digits++;
        if (has_digit(t, digits))
            i = skip_digits(t, digits);
    }
    return (struct cut){PGR_TOKEN_NUMBER, i};
}

static struct cut cut_word(struct pgr_bytes t)
{
    uint8_t first = lex_lower(t.at[0]);
    if (has_at(t, 1, '\'')) {
        if (first == 'b' || first == 'x')
            return cut_string(t, 2, QUOTING_NONE);
        if (first == 'e')
            return cut_string(t, 2, QUOTING_BACKSLASH);
        if (first == 'n')
            return cut_string(t, 2, QUOTING_DOUBLED);
    }
    if (first == 'u' && has_pair(t, 1, "&'"))
        return cut_string(t, 3, QUOTING_DOUBLED);
    if (first == 'u' && has_pair(t, 1, "&\""))
        return cut_quoted(t, 3);
    size_t i = 1;
    while (i < t.len && lex_is_ident_part(t.at[i]))
        i++;
    return (struct cut){PGR_TOKEN_IDENT, i};
}

static bool is_sign(uint8_t c)
{
    return c == '+' || c == '-';
}

/* Characters that SQL has in no operator: with one of them a trailing sign belongs to it. */
static bool is_unusual(uint8_t c)
{
    return strchr("~!@#^&|`?%", c) != NULL;
}

/* Whether an operator that has come to `n` goes on there: it stops before a comment. */
static bool goes_on(struct pgr_bytes t, size_t n)
{
    return n < t.len && lex_is_operator(t.at[n]) && !has_pair(t, n, "/*") && !has_pair(t, n, "--");
}

/*
 * Without an unusual character trailing signs are not the operator's: =- is two operators, ?- is
 * one. So PostgreSQL takes a run of signs one by one, and to see that there is nothing unusual
 * behind costs it the square of the run. Ours is linear by two deviations that matter to nobody: a
 * run of SIGNS_MAX signs is one token, and of what would be too long for an operator only the first
 * OPERATOR_MAX characters are weighed.
 */
static size_t operator_len(struct pgr_bytes t)
{
    size_t n = 0;
    while (n < t.len && is_sign(t.at[n]) && (n == 0 || goes_on(t, n)))
        n++;
    if (n > 0 && (n >= OPERATOR_MAX || !goes_on(t, n)))
        return n < SIGNS_MAX ? 1 : n;
    bool is_kept = false;
    for (n = 0; n == 0 || goes_on(t, n); n++) {
        if (n >= OPERATOR_MAX && !is_kept)
            break;
        is_kept |= is_unusual(t.at[n]);
    }
    while (n > 1 && !is_kept && is_sign(t.at[n - 1]))
        n--;
    return n;
}

static struct cut cut_operator(struct pgr_bytes t)
{
    size_t n = operator_len(t);
    bool is_arrow = n == 2 && has_pair(t, 0, "=>");
    return (struct cut){is_arrow ? PGR_TOKEN_PUNCT : PGR_TOKEN_OPERATOR, n};
}

static struct cut cut_first(struct pgr_bytes t)
{
    uint8_t c = t.at[0];
    if (lex_is_space(c))
        return cut_space(t);
    if (lex_is_ident_start(c))
        return cut_word(t);
    if (lex_is_digit(c) || (c == '.' && has_digit(t, 1)))
        return cut_number(t);
    if (has_pair(t, 0, "--"))
        return (struct cut){PGR_TOKEN_COMMENT, line_end(t, 2)};
    if (has_pair(t, 0, "/*"))
        return cut_block_comment(t);
    if (lex_is_operator(c))
        return cut_operator(t);
    if (c == '\'')
        return cut_string(t, 1, QUOTING_DOUBLED);
    if (c == '"')
        return cut_quoted(t, 1);
    if (c == '$')
        return cut_dollar(t);
    if (has_pair(t, 0, "::") || has_pair(t, 0, ":=") || has_pair(t, 0, ".."))
        return (struct cut){PGR_TOKEN_PUNCT, 2};
    if (c != 0 && strchr("()[],;:.", c) != NULL)
        return (struct cut){PGR_TOKEN_PUNCT, 1};
    return broken(t);
}

struct pgr_lexeme pgr_lex_next(struct pgr_bytes *rest)
{
    if (rest->len == 0)
        return (struct pgr_lexeme){PGR_TOKEN_END, *rest};
    struct cut cut = cut_first(*rest);
    struct pgr_lexeme token = {cut.kind, PGR_BYTES(rest->at, cut.len)};
    rest->at += cut.len;
    rest->len -= cut.len;
    return token;
}
