// SPDX-License-Identifier: PostgreSQL
/*
 * Normalises a text token by token into a sink. What is written depends on the tokens alone, so
 * spacing in the source does not matter; what is left out:
 *
 *   values      numbers with their sign, strings, parameters; also null, true, false and default
 *               where each is a whole element of a list
 *   twins       an element of ( ) or [ ] that has the form of the one before it, as long as the
 * list so far had only such elements: (?, ?) is (?), (?::int, ?::int) is (?::int) twin lists  (?,
 * ?), (?, ?) where each list is of that kind rows        everything after the first row of VALUES
 *   savepoints  drivers number them: their names are values
 *
 * Looking ahead for a twin re-reads tokens, each a bounded number of times: an element is weighed
 * against its left neighbour only, and a list that is found to be none is not weighed again.
 */
#include "lex_priv.h"
#include "sink_priv.h"

/* Reads solid tokens; a sign in front of a number is taken into it. */
struct reader {
    struct pgr_bytes rest;
    struct pgr_lexeme last;
};

struct walk {
    struct reader in;
    struct pgr_sink *out;
    struct pgr_lexeme written; /* the token written last; END before the first */
    struct pgr_bytes list;     /* the inside of the list of values just written; empty: none */
    size_t depth;
    size_t values_depth;
    bool in_values;    /* within the first row, which opened at values_depth */
    bool is_separated; /* a semicolon is due before the next token */
    bool is_savepoint; /* in a statement about savepoints */
};

/* Words after which an operand follows: a sign there is unary, a parenthesis opens no call. */
// clang-format off
static const char *const operand_words[] = {
    "all", "and", "any", "as", "between", "by", "case", "conflict", "distinct", "else", "except",
    "exists", "filter", "from", "having", "ilike", "in", "intersect", "is", "join", "lateral",
    "like", "limit", "not", "offset", "on", "or", "over", "returning", "select", "set", "some",
    "then", "to", "union", "using", "values", "when", "where",
};
// clang-format on

static bool is_one_of(struct pgr_lexeme token, const char *const *words, size_t count)
{
    for (size_t i = 0; token.kind == PGR_TOKEN_IDENT && i < count; i++)
        if (lex_is_word(token, words[i]))
            return true;
    return false;
}

static bool is_operand_word(struct pgr_lexeme token)
{
    return is_one_of(token, operand_words, PGR_ARRAY_LEN(operand_words));
}

static bool is_constant_word(struct pgr_lexeme token)
{
    static const char *const words[] = {"default", "false", "null", "true"};
    return is_one_of(token, words, PGR_ARRAY_LEN(words));
}

static bool is_value(struct pgr_lexeme token)
{
    return token.kind == PGR_TOKEN_STRING || token.kind == PGR_TOKEN_NUMBER ||
           token.kind == PGR_TOKEN_PARAM;
}

static bool is_name(struct pgr_lexeme token)
{
    return token.kind == PGR_TOKEN_IDENT || token.kind == PGR_TOKEN_QUOTED;
}

static bool is_typecast(struct pgr_lexeme token)
{
    return token.kind == PGR_TOKEN_PUNCT && token.text.len == 2 &&
           memcmp(token.text.at, "::", 2) == 0;
}

static bool is_opener(struct pgr_lexeme token)
{
    return lex_is_char(token, '(') || lex_is_char(token, '[');
}

static bool is_closer(struct pgr_lexeme token)
{
    return lex_is_char(token, ')') || lex_is_char(token, ']');
}

static bool ends_operand(struct pgr_lexeme token)
{
    if (token.kind == PGR_TOKEN_IDENT)
        return !is_operand_word(token);
    return is_value(token) || token.kind == PGR_TOKEN_QUOTED || is_closer(token);
}

/* 0x1F and 1_000 are one number to newer servers and a number and a word to our lexer. */
static void widen_number(struct pgr_lexeme *number, struct pgr_bytes *rest)
{
    while (rest->len > 0 && (lex_is_ident_part(rest->at[0]) || rest->at[0] == '.')) {
        struct pgr_bytes after = *rest;
        struct pgr_lexeme next = pgr_lex_next(&after);
        if (next.kind != PGR_TOKEN_IDENT && next.kind != PGR_TOKEN_NUMBER)
            return;
        number->text.len += next.text.len;
        *rest = after;
    }
}

static struct pgr_lexeme next_solid(struct pgr_bytes *rest)
{
    struct pgr_lexeme token = lex_next_solid(rest);
    if (token.kind == PGR_TOKEN_NUMBER)
        widen_number(&token, rest);
    return token;
}

static struct pgr_lexeme read_token(struct reader *in)
{
    struct pgr_lexeme token = next_solid(&in->rest);
    bool is_sign =
        token.kind == PGR_TOKEN_OPERATOR && (lex_is_char(token, '-') || lex_is_char(token, '+'));
    if (is_sign && !ends_operand(in->last)) {
        struct pgr_bytes after = in->rest;
        struct pgr_lexeme number = next_solid(&after);
        if (number.kind == PGR_TOKEN_NUMBER) {
            in->rest = after;
            token = number;
        }
    }
    in->last = token;
    return token;
}

static struct reader reader_of(struct pgr_bytes text)
{
    return (struct reader){.rest = text, .last = {.kind = PGR_TOKEN_END}};
}

static struct pgr_bytes up_to(struct pgr_bytes from, struct pgr_bytes rest)
{
    return PGR_BYTES(from.at, from.len - rest.len);
}

static bool is_same_token(struct pgr_lexeme a, struct pgr_lexeme b)
{
    bool a_is_value = is_value(a) || is_constant_word(a);
    bool b_is_value = is_value(b) || is_constant_word(b);
    if (a_is_value || b_is_value)
        return a_is_value && b_is_value;
    if (a.kind != b.kind || a.text.len != b.text.len)
        return false;
    if (a.kind != PGR_TOKEN_IDENT)
        return pgr_bytes_eq(a.text, b.text);
    for (size_t i = 0; i < a.text.len; i++)
        if (lex_lower(a.text.at[i]) != lex_lower(b.text.at[i]))
            return false;
    return true;
}

/* Whether two pieces of the text normalise to the same. */
static bool is_twin(struct pgr_bytes a, struct pgr_bytes b)
{
    struct reader left = reader_of(a);
    struct reader right = reader_of(b);
    for (;;) {
        struct pgr_lexeme x = read_token(&left);
        struct pgr_lexeme y = read_token(&right);
        if (x.kind == PGR_TOKEN_END || y.kind == PGR_TOKEN_END)
            return x.kind == y.kind;
        if (!is_same_token(x, y))
            return false;
    }
}

/* Passes (10, 2) or [3] or [] after the name of a type. */
static bool skip_modifier(struct reader *in)
{
    for (;;) {
        struct pgr_lexeme token = read_token(in);
        if (is_closer(token))
            return true;
        if (!is_value(token) && !lex_is_char(token, ','))
            return false;
    }
}

/*
 * Whether an element that holds a value and no list begins at `rest`; *after is then the separator
 * or closer that ends it.
 */
static bool find_element(struct pgr_bytes rest, struct pgr_bytes *after)
{
    struct reader in = reader_of(rest);
    bool has_value = false;
    bool is_typed = false; /* a type's name has begun: it may have modifiers */
    for (;;) {
        struct pgr_bytes before = in.rest;
        struct pgr_lexeme token = read_token(&in);
        if (lex_is_char(token, ',') || is_closer(token)) {
            *after = before;
            return has_value;
        }
        if (token.kind == PGR_TOKEN_END || token.kind == PGR_TOKEN_BROKEN ||
            lex_is_char(token, ';'))
            return false;
        if (is_opener(token)) {
            if (!is_typed || !skip_modifier(&in))
                return false;
            continue;
        }
        has_value |= is_value(token) || is_constant_word(token);
        is_typed = is_typecast(token) || (is_typed && (is_name(token) || lex_is_char(token, '.')));
    }
}

/* Whether a list of such elements begins at `rest` (after its opener); *after follows the closer.
 */
static bool find_list(struct pgr_bytes rest, struct pgr_bytes *inside, struct pgr_bytes *after)
{
    struct pgr_bytes start = rest;
    for (;;) {
        struct pgr_bytes end;
        if (!find_element(rest, &end))
            return false;
        rest = end;
        if (lex_is_char(next_solid(&rest), ','))
            continue;
        *inside = up_to(start, end);
        *after = rest;
        return true;
    }
}

static bool is_tight_before(struct pgr_lexeme token, struct pgr_lexeme previous)
{
    if (token.kind != PGR_TOKEN_PUNCT)
        return false;
    if (lex_is_char(token, '('))
        return is_name(previous) && !is_operand_word(previous);
    if (lex_is_char(token, '['))
        return ends_operand(previous);
    return is_closer(token) || is_typecast(token) || lex_is_char(token, ',') ||
           lex_is_char(token, ';') || lex_is_char(token, '.');
}

static bool needs_space(struct pgr_lexeme previous, struct pgr_lexeme token)
{
    if (previous.kind == PGR_TOKEN_END || is_opener(previous) || is_typecast(previous))
        return false;
    if (previous.kind == PGR_TOKEN_PUNCT && lex_is_char(previous, '.'))
        return false;
    return !is_tight_before(token, previous);
}

static void put_lower(struct pgr_sink *out, struct pgr_bytes text)
{
    uint8_t lower[64];
    for (size_t i = 0; i < text.len;) {
        size_t n = 0;
        while (n < sizeof(lower) && i < text.len)
            lower[n++] = lex_lower(text.at[i++]);
        pgr_sink_put(out, lower, n);
    }
}

static void write_token(struct walk *walk, struct pgr_lexeme token)
{
    if (needs_space(walk->written, token))
        pgr_sink_put(walk->out, " ", 1);
    walk->written = token;
    if (is_value(token))
        pgr_sink_put(walk->out, "?", 1);
    else if (token.kind == PGR_TOKEN_BROKEN)
        pgr_sink_put(walk->out, "<broken>", 8);
    else if (token.kind == PGR_TOKEN_IDENT)
        put_lower(walk->out, token.text);
    else
        pgr_sink_put(walk->out, token.text.at, token.text.len);
}

static void write_punct(struct walk *walk, const char *text)
{
    write_token(walk, (struct pgr_lexeme){PGR_TOKEN_PUNCT, pgr_bytes_str(text)});
}

static struct pgr_lexeme as_value(struct pgr_lexeme token)
{
    token.kind = PGR_TOKEN_PARAM;
    return token;
}

static void step(struct walk *walk);

/* Writes one element whose end is known; it holds no list but modifiers. */
static void write_element(struct walk *walk, struct pgr_bytes end)
{
    struct reader ahead = walk->in;
    struct pgr_lexeme only = read_token(&ahead);
    if (is_constant_word(only) && ahead.rest.len == end.len) {
        walk->in = ahead;
        write_token(walk, as_value(only));
        return;
    }
    while (walk->in.rest.len > end.len)
        step(walk);
}

/* After an opener: writes its leading elements once for each form; the rest is left to step(). */
static void write_list(struct walk *walk)
{
    struct pgr_bytes start = walk->in.rest;
    struct pgr_bytes neighbour = PGR_BYTES(NULL, 0);
    struct pgr_bytes end;
    bool is_open = true;
    while (is_open && find_element(walk->in.rest, &end)) {
        struct pgr_bytes element = up_to(walk->in.rest, end);
        if (neighbour.len == 0 || !is_twin(neighbour, element)) {
            if (neighbour.len > 0)
                write_punct(walk, ",");
            write_element(walk, end);
        }
        neighbour = element;
        walk->in = reader_of(end);
        struct reader ahead = walk->in;
        is_open = lex_is_char(read_token(&ahead), ',');
        if (is_open)
            walk->in = ahead;
    }
    if (neighbour.len > 0 && is_open)
        write_punct(walk, ",");
    walk->list = is_open ? PGR_BYTES(NULL, 0) : up_to(start, end);
}

/* Passes over a comma and an opening parenthesis at *rest. */
static bool skip_next_opener(struct pgr_bytes *rest)
{
    return lex_is_char(next_solid(rest), ',') && lex_is_char(next_solid(rest), '(');
}

/* After the closer of a list of values: passes over the lists that have its form. */
static void skip_twin_lists(struct walk *walk, struct pgr_bytes list)
{
    struct pgr_bytes rest = walk->in.rest;
    struct pgr_bytes inside;
    while (skip_next_opener(&rest) && find_list(rest, &inside, &rest) && is_twin(list, inside)) {
        walk->in.rest = rest;
        list = inside;
    }
}

/* After the first row of VALUES: passes over the others. */
static void skip_rows(struct walk *walk)
{
    struct pgr_bytes rest = walk->in.rest;
    while (skip_next_opener(&rest)) {
        for (size_t depth = 1; depth > 0;) {
            struct pgr_lexeme token = next_solid(&rest);
            if (token.kind == PGR_TOKEN_END)
                break;
            if (lex_is_char(token, '('))
                depth++;
            else if (lex_is_char(token, ')'))
                depth--;
        }
        walk->in.rest = rest;
    }
}

/* The arguments of a call or the modifiers of a type are no first of several twin lists. */
static void open_group(struct walk *walk, struct pgr_lexeme opener, struct pgr_lexeme previous)
{
    if (lex_is_char(opener, '('))
        walk->depth++;
    write_list(walk);
    if (ends_operand(previous))
        walk->list = PGR_BYTES(NULL, 0);
}

static void close_group(struct walk *walk, struct pgr_lexeme closer, struct pgr_bytes list)
{
    if (!lex_is_char(closer, ')'))
        return;
    if (walk->depth > 0)
        walk->depth--;
    if (walk->in_values && walk->depth == walk->values_depth) {
        walk->in_values = false;
        skip_rows(walk);
    } else if (list.len > 0) {
        skip_twin_lists(walk, list);
    }
}

static void note_word(struct walk *walk, struct pgr_lexeme word)
{
    if (!lex_is_word(word, "values"))
        return;
    struct pgr_bytes rest = walk->in.rest;
    if (!lex_is_char(next_solid(&rest), '('))
        return;
    walk->in_values = true;
    walk->values_depth = walk->depth;
}

static bool starts_savepoint(struct pgr_lexeme token)
{
    static const char *const words[] = {"release", "rollback", "savepoint"};
    return is_one_of(token, words, PGR_ARRAY_LEN(words));
}

/* The name of a savepoint: whatever is no keyword of SAVEPOINT, RELEASE or ROLLBACK. */
static bool is_savepoint_name(struct pgr_lexeme token)
{
    static const char *const words[] = {"and", "chain",     "no",          "prepared",
                                        "to",  "savepoint", "transaction", "work"};
    return is_name(token) && !is_one_of(token, words, PGR_ARRAY_LEN(words));
}

/* One token and what follows from it. */
static void step(struct walk *walk)
{
    struct pgr_lexeme token = read_token(&walk->in);
    struct pgr_bytes list = walk->list;
    bool is_first = walk->written.kind == PGR_TOKEN_END || walk->is_separated;
    walk->list = PGR_BYTES(NULL, 0);
    if (token.kind == PGR_TOKEN_END)
        return;
    if (lex_is_char(token, ';')) {
        walk->is_separated = walk->written.kind != PGR_TOKEN_END;
        return;
    }
    if (walk->is_separated)
        write_punct(walk, ";");
    walk->is_separated = false;
    if (is_first)
        walk->is_savepoint = starts_savepoint(token);
    else if (walk->is_savepoint && is_savepoint_name(token))
        token = as_value(token);
    struct pgr_lexeme previous = walk->written;
    write_token(walk, token);
    if (token.kind == PGR_TOKEN_IDENT)
        note_word(walk, token);
    else if (is_opener(token))
        open_group(walk, token, previous);
    else if (is_closer(token))
        close_group(walk, token, list);
}

uint64_t pgr_lex_fingerprint(struct pgr_bytes text, char *normal, size_t cap, size_t *len)
{
    struct pgr_sink sink;
    pgr_sink_init(&sink, normal, cap);
    struct walk walk = {.in = reader_of(text), .out = &sink};
    while (walk.in.rest.len > 0)
        step(&walk);
    return pgr_sink_finish(&sink, len);
}
