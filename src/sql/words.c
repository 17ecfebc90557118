// SPDX-License-Identifier: PostgreSQL
/*
 * Guards and first looks that need no tree.
 *
 * The date words are searched in what a value may become, not only in what it is: as it stands,
 * with backslash escapes resolved (a literal may be given as its token), with double quotes removed
 * (record and range input glue (n"o"w) together), and with both. Too many hits cost a trip to
 * PostgreSQL, one too few costs a stale `now`.
 */
#include "lex_priv.h"

#define RUN_MAX   ((size_t)16)
#define NO_LETTER 0

struct run {
    uint8_t letters[RUN_MAX];
    size_t len;   /* may exceed RUN_MAX */
    size_t slack; /* letters that may stand in front of a word */
};

struct reading {
    bool escapes; /* \ and continued strings are resolved */
    bool quotes;  /* " is not there */
};

static bool is_date_word(const struct run *run)
{
    static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
    if (run->len > RUN_MAX)
        return false;
    for (size_t i = 0; i < PGR_ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);
        if (run->len < len || run->len - len > run->slack)
            continue;
        if (memcmp(run->letters + run->len - len, words[i], len) == 0)
            return true;
    }
    return false;
}

/* Adds a letter, or ends the run; returns whether the run that ends is a date word. */
static bool feed(struct run *run, uint32_t c)
{
    if (c < 0x80 && lex_is_letter((uint8_t)c)) {
        if (run->len < RUN_MAX)
            run->letters[run->len] = lex_lower((uint8_t)c);
        run->len++;
        return false;
    }
    bool found = run->len > 0 && is_date_word(run);
    run->len = 0;
    return found;
}

static unsigned digit_value(uint8_t c)
{
    if (lex_is_digit(c))
        return c - (unsigned)'0';
    uint8_t lower = lex_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - (unsigned)'a' + 10 : 99;
}

/* At most `most` digits of `base` at *i, which is advanced over them; `none` if there are none. */
static uint32_t read_digits(struct pgr_bytes value, size_t *i, unsigned base, size_t most,
                            uint32_t none)
{
    uint32_t number = 0;
    size_t n = 0;
    for (; n < most && *i < value.len && digit_value(value.at[*i]) < base; n++, (*i)++)
        number = number * base + digit_value(value.at[*i]);
    return n > 0 ? number : none;
}

/* What the escape at *i (after its backslash) stands for; *i is advanced over it. */
static uint32_t read_escape(struct pgr_bytes value, size_t *i)
{
    if (*i == value.len)
        return NO_LETTER;
    uint8_t c = value.at[*i];
    if (c >= '0' && c <= '7')
        return read_digits(value, i, 8, 3, c);
    (*i)++;
    switch (c) {
    case 'x':
        return read_digits(value, i, 16, 2, c);
    case 'u':
        return read_digits(value, i, 16, 4, c);
    case 'U':
        return read_digits(value, i, 16, 8, c);
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case 'v':
        return NO_LETTER;
    default:
        return c;
    }
}

enum joint {
    JOINT_NONE,
    JOINT_HERE,
    JOINT_PERHAPS
};

/*
 * Whether a string literal may go on at the quote before *i; HERE moves *i into the continuation.
 * Comments between the parts are not followed: PERHAPS.
 */
static enum joint find_joint(struct pgr_bytes value, size_t *i)
{
    bool is_new_line = false;
    size_t at = *i;
    for (; at < value.len && lex_is_space(value.at[at]); at++)
        is_new_line |= lex_is_newline(value.at[at]);
    if (at + 1 < value.len && value.at[at] == '-' && value.at[at + 1] == '-')
        return JOINT_PERHAPS;
    if (!is_new_line || at == value.len || value.at[at] != '\'')
        return JOINT_NONE;
    *i = at + 1;
    return JOINT_HERE;
}

static bool has_newline(struct pgr_bytes value)
{
    return memchr(value.at, '\n', value.len) != NULL || memchr(value.at, '\r', value.len) != NULL;
}

static bool has_word(struct pgr_bytes value, size_t slack, struct reading reading)
{
    struct run run = {.slack = slack};
    for (size_t i = 0; i < value.len;) {
        uint32_t c = value.at[i++];
        if (c == '"' && reading.quotes)
            continue;
        if (c == '\\' && reading.escapes) {
            c = read_escape(value, &i);
        } else if (c == '\'' && reading.escapes) {
            enum joint joint = find_joint(value, &i);
            if (joint == JOINT_HERE)
                continue;
            if (joint == JOINT_PERHAPS && has_newline(value))
                return true;
        }
        if (feed(&run, c))
            return true;
    }
    return feed(&run, NO_LETTER);
}

static size_t skip_blanks(struct pgr_bytes value, size_t i)
{
    while (i < value.len && (lex_is_space(value.at[i]) || value.at[i] == '\v'))
        i++;
    return i;
}

/* Past the opening of a literal that is given as its token, or `i` if it does not look like one. */
static size_t skip_opening(struct pgr_bytes value, size_t i, bool *is_escaped)
{
    size_t quote = i;
    if (i < value.len && lex_is_letter(value.at[i]))
        quote++;
    *is_escaped = quote > i && lex_lower(value.at[i]) == 'e';
    if (quote < value.len && value.at[quote] == '\'')
        return quote + 1;
    *is_escaped = false;
    if (i == value.len || value.at[i] != '$')
        return i;
    const uint8_t *end = memchr(value.at + i + 1, '$', value.len - i - 1);
    return end ? (size_t)(end - value.at) + 1 : i;
}

static bool is_structure_start(uint32_t c)
{
    return c == '{' || c == '(' || c == '[';
}

/* Whether the content at `i` begins with an escape that may stand for a blank or an opener. */
static bool is_hidden_start(struct pgr_bytes value, size_t i)
{
    if (i == value.len || value.at[i] != '\\')
        return false;
    i++;
    uint32_t c = read_escape(value, &i);
    return c <= ' ' || is_structure_start(c);
}

/* An array, record or range whose input undoes backslashes; or a literal that may be one. */
static bool is_escaped_structure(struct pgr_bytes value)
{
    if (memchr(value.at, '\\', value.len) == NULL)
        return false;
    size_t start = skip_blanks(value, 0);
    bool is_escaped;
    size_t inside = skip_blanks(value, skip_opening(value, start, &is_escaped));
    return (start < value.len && is_structure_start(value.at[start])) ||
           (inside < value.len && is_structure_start(value.at[inside])) ||
           (is_escaped && is_hidden_start(value, inside));
}

/* U&'…' can spell any letter, with an escape character that only a later token names. */
static bool is_unicode_literal(struct pgr_bytes value)
{
    size_t i = skip_blanks(value, 0);
    return value.len - i > 2 && lex_lower(value.at[i]) == 'u' && value.at[i + 1] == '&' &&
           value.at[i + 2] == '\'';
}

bool pgr_lex_has_date_word(struct pgr_bytes value)
{
    if (value.len == 0)
        return false;
    if (is_escaped_structure(value) || is_unicode_literal(value))
        return true;
    /* Binary arrays and records put a length in front of each text, and it may read as letters. */
    size_t slack = memchr(value.at, 0, value.len) ? 3 : 0;
    bool quotes = memchr(value.at, '"', value.len) != NULL;
    bool escapes = memchr(value.at, '\\', value.len) != NULL ||
                   (memchr(value.at, '\'', value.len) != NULL && has_newline(value));
    return has_word(value, slack, (struct reading){false, false}) ||
           (quotes && has_word(value, slack, (struct reading){false, true})) ||
           (escapes && has_word(value, slack, (struct reading){true, false})) ||
           (quotes && escapes && has_word(value, slack, (struct reading){true, true}));
}

size_t pgr_lex_operator_run(struct pgr_bytes text)
{
    size_t longest = 0;
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = lex_is_operator(text.at[i]) ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    return longest;
}

void pgr_lex_first_word(struct pgr_bytes text, char out[16])
{
    struct pgr_lexeme token = lex_next_solid(&text);
    size_t len = 0;
    if (token.kind == PGR_TOKEN_IDENT)
        for (; len < token.text.len && len < 15; len++)
            out[len] = (char)lex_lower(token.text.at[len]);
    out[len] = '\0';
}
