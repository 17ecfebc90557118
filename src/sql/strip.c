// SPDX-License-Identifier: PostgreSQL
/*
 * What may be cut off without changing what PostgreSQL does. Not:
 *   - a comment with a byte above 0x7f: PostgreSQL may refuse it as an invalid character (22021);
 *   - a hint of pg_hint_plan, and, where the text holds one anywhere, the comments in front of it:
 *     pg_hint_plan looks at them when it decides whether the hint counts;
 *   - \v, which only some servers call white space.
 */
#include "lex_priv.h"

static bool is_seven_bit(struct pgr_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= 0x80)
            return false;
    return true;
}

static bool is_hint(struct pgr_lexeme token)
{
    return token.kind == PGR_TOKEN_COMMENT && token.text.len > 2 &&
           memcmp(token.text.at, "/*+", 3) == 0;
}

static bool is_plain_comment(struct pgr_lexeme token)
{
    return token.kind == PGR_TOKEN_COMMENT && !is_hint(token) && is_seven_bit(token.text);
}

struct pgr_bytes pgr_lex_strip(struct pgr_bytes text)
{
    const uint8_t *comment = NULL; /* the first plain one before `start` */
    const uint8_t *start = NULL;
    const uint8_t *end = NULL;
    bool has_hint = false;
    struct pgr_bytes rest = text;
    for (;;) {
        struct pgr_lexeme token = pgr_lex_next(&rest);
        if (token.kind == PGR_TOKEN_END)
            break;
        if (token.kind == PGR_TOKEN_SPACE)
            continue;
        if (is_plain_comment(token)) {
            if (start == NULL && comment == NULL)
                comment = token.text.at;
            continue;
        }
        has_hint |= is_hint(token);
        if (start == NULL)
            start = token.text.at;
        if (!lex_is_char(token, ';'))
            end = token.text.at + token.text.len;
    }
    if (end == NULL)
        return PGR_BYTES(text.at, 0);
    if (has_hint && comment != NULL)
        start = comment;
    return PGR_BYTES(start, (size_t)(end - start));
}
