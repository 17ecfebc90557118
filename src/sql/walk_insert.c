// SPDX-License-Identifier: PostgreSQL
/*
 * A bulk insert is too long for the parser and too common to count as a write to everything. What
 * is accepted here can call nothing by name: a word in a value is NULL, TRUE, FALSE, DEFAULT or
 * ARRAY, an operator is the sign of a number, and a cast to a type that is not PostgreSQL's own
 * stands behind a string or a parameter only, with the type noted for the policy. A text that
 * PostgreSQL would refuse may pass: then nothing is written.
 */
#include "walk_priv.h"

#include <string.h>

#include "stmt_priv.h"

#include "pgrecall/sql/lex.h"

#define TYPES_MAX    ((size_t)32) /* different ones: each cast looks through those seen */
#define NAME_MAX_LEN ((size_t)63) /* longer ones are clipped by the server's encoding */

/* What stands before the token being looked at. */
enum before {
    BEFORE_NOTHING, /* ( [ or , */
    BEFORE_SIGN,
    BEFORE_ARRAY,  /* the word ARRAY */
    BEFORE_STRING, /* a string or a parameter */
    BEFORE_ATOM,   /* a number or a word */
    BEFORE_SIGNED, /* a number with a sign: a cast binds closer, and the sign is an operator */
    BEFORE_VALUE,  /* an array or a cast: another cast may follow */
    BEFORE_CLOSE,  /* a closed parenthesis: none may */
};

struct reader {
    struct pgr_bytes rest;
    struct pgr_lexeme token; /* the one being looked at */
    struct pgr_arena *arena;
    struct pgr_refs refs;
};

static void advance(struct reader *r)
{
    do {
        r->token = pgr_lex_next(&r->rest);
    } while (r->token.kind == PGR_TOKEN_SPACE || r->token.kind == PGR_TOKEN_COMMENT);
}

static bool is_text(const struct reader *r, enum pgr_token_kind kind, const char *text)
{
    return r->token.kind == kind && pgr_bytes_eq(r->token.text, pgr_bytes_str(text));
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_word(const struct reader *r, const char *word)
{
    if (r->token.kind != PGR_TOKEN_IDENT || r->token.text.len != strlen(word))
        return false;
    for (size_t i = 0; i < r->token.text.len; i++) {
        if (lower(r->token.text.at[i]) != (uint8_t)word[i])
            return false;
    }
    return true;
}

static bool take_punct(struct reader *r, const char *text)
{
    if (!is_text(r, PGR_TOKEN_PUNCT, text))
        return false;
    advance(r);
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    if (!is_word(r, word))
        return false;
    advance(r);
    return true;
}

static bool take_words(struct reader *r, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!take_word(r, words[i]))
            return false;
    }
    return true;
}

/* An unquoted name, folded; beyond ASCII folding is the server's affair, and nothing is known. */
static const char *fold_ident(struct reader *r)
{
    char name[NAME_MAX_LEN];
    struct pgr_bytes text = r->token.text;
    if (text.len > NAME_MAX_LEN)
        return NULL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= 0x80)
            return NULL;
        name[i] = (char)lower(text.at[i]);
    }
    return pgr_arena_copy(r->arena, name, text.len);
}

static const char *unquote(struct reader *r)
{
    char name[NAME_MAX_LEN];
    size_t len = 0;
    struct pgr_bytes text = r->token.text;
    if (text.len < 3 || text.at[0] != '"')
        return NULL;
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (len == NAME_MAX_LEN)
            return NULL;
        name[len++] = (char)text.at[i];
        i += text.at[i] == '"'; /* a doubled quote is one */
    }
    return pgr_arena_copy(r->arena, name, len);
}

static const char *take_name(struct reader *r)
{
    const char *name = NULL;
    if (r->token.kind == PGR_TOKEN_IDENT)
        name = fold_ident(r);
    else if (r->token.kind == PGR_TOKEN_QUOTED)
        name = unquote(r);
    if (name != NULL)
        advance(r);
    return name;
}

/* ( name, name … ) */
static bool take_columns(struct reader *r)
{
    if (!take_punct(r, "("))
        return false;
    do {
        if (take_name(r) == NULL)
            return false;
    } while (take_punct(r, ","));
    return take_punct(r, ")");
}

static bool take_target(struct reader *r)
{
    const char *schema = NULL;
    const char *name = take_name(r);
    if (name != NULL && take_punct(r, ".")) {
        schema = name;
        name = take_name(r);
    }
    if (name == NULL)
        return false;
    pgr_refs_add_relation(&r->refs, (struct pgr_rel_ref){schema, name, PGR_REL_WRITE});
    return true;
}

/* ---- types ---- */

/* Words of the grammar mean pg_catalog's type; the others are found by search_path. */
// clang-format off
static const struct {
    const char *word;
    const char *schema;
    const char *name;
} own_types[] = {
    {"int",         "pg_catalog", "int4"},      {"integer",   "pg_catalog", "int4"},
    {"bigint",      "pg_catalog", "int8"},      {"smallint",  "pg_catalog", "int2"},
    {"real",        "pg_catalog", "float4"},    {"float",     "pg_catalog", "float8"},
    {"numeric",     "pg_catalog", "numeric"},   {"decimal",   "pg_catalog", "numeric"},
    {"boolean",     "pg_catalog", "bool"},      {"varchar",   "pg_catalog", "varchar"},
    {"char",        "pg_catalog", "bpchar"},    {"timestamp", "pg_catalog", "timestamp"},
    {"interval",    "pg_catalog", "interval"},  {"dec",       "pg_catalog", "numeric"},
    {"text",        NULL, "text"},
    {"int2",        NULL, "int2"},              {"int4",      NULL, "int4"},
    {"int8",        NULL, "int8"},              {"float4",    NULL, "float4"},
    {"float8",      NULL, "float8"},            {"bool",      NULL, "bool"},
    {"bytea",       NULL, "bytea"},             {"uuid",      NULL, "uuid"},
    {"json",        NULL, "json"},              {"jsonb",     NULL, "jsonb"},
    {"date",        NULL, "date"},              {"timestamptz", NULL, "timestamptz"},
    {"inet",        NULL, "inet"},              {"oid",       NULL, "oid"},
};
// clang-format on

/* (n) or (n, m) */
static bool take_modifier(struct reader *r)
{
    if (!take_punct(r, "("))
        return true;
    do {
        if (r->token.kind != PGR_TOKEN_NUMBER)
            return false;
        advance(r);
    } while (take_punct(r, ","));
    return take_punct(r, ")");
}

static bool take_bounds(struct reader *r, bool *is_array)
{
    *is_array = false;
    while (take_punct(r, "[")) {
        *is_array = true;
        if (r->token.kind == PGR_TOKEN_NUMBER)
            advance(r);
        if (!take_punct(r, "]"))
            return false;
    }
    return true;
}

/* WITH TIME ZONE or WITHOUT TIME ZONE behind a timestamp. */
static bool take_zone(struct reader *r, struct pgr_type_ref *type)
{
    static const char *const zone[] = {"time", "zone"};
    if (take_word(r, "with"))
        type->name = "timestamptz";
    else if (!take_word(r, "without"))
        return true;
    return take_words(r, zone, PGR_ARRAY_LEN(zone));
}

/* The type named by the word being looked at, as far as a bare word says it. */
static struct pgr_type_ref look_up_type(const struct reader *r)
{
    struct pgr_type_ref type = {0};
    for (size_t i = 0; i < PGR_ARRAY_LEN(own_types); i++) {
        if (is_word(r, own_types[i].word)) {
            type.schema = own_types[i].schema;
            type.name = own_types[i].name;
        }
    }
    return type;
}

/* Words of the grammar whose types are spelt in more ways than are read here. */
static bool is_type_word(const struct reader *r)
{
    static const char *const words[] = {"bit",  "character", "national", "nchar",
                                        "time", "setof",     "none",     "row"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(words); i++) {
        if (is_word(r, words[i]))
            return true;
    }
    return false;
}

/* A name that was copied before is not copied for each row again. */
static const char *take_type_name(struct reader *r)
{
    const struct pgr_type_ref *known = r->refs.types.items;
    for (size_t i = 0; i < r->refs.types.count; i++) {
        if (take_word(r, known[i].name))
            return known[i].name;
    }
    return r->token.kind == PGR_TOKEN_IDENT && !is_type_word(r) ? take_name(r) : NULL;
}

static bool note_type(struct reader *r, struct pgr_type_ref type)
{
    const struct pgr_type_ref *known = r->refs.types.items;
    for (size_t i = 0; i < r->refs.types.count; i++) {
        if (known[i].schema == type.schema && strcmp(known[i].name, type.name) == 0 &&
            known[i].is_array == type.is_array && known[i].of_literal == type.of_literal)
            return true;
    }
    if (r->refs.types.count == TYPES_MAX)
        return false;
    pgr_refs_add_type(&r->refs, type);
    return true;
}

/*
 * Behind :: ; only a string's or a parameter's cast to a type that is not PostgreSQL's own is the
 * type's input function: any other may be a function that someone has written.
 */
static bool take_type(struct reader *r, enum before before)
{
    struct pgr_type_ref type = look_up_type(r);
    if (type.name != NULL) {
        advance(r);
    } else if (take_word(r, "double")) {
        type.schema = "pg_catalog";
        type.name = "float8";
        if (!take_word(r, "precision"))
            return false;
    } else if (before == BEFORE_STRING) {
        type.name = take_type_name(r);
    }
    type.of_literal = before != BEFORE_VALUE;
    if (type.name == NULL)
        return false;
    /* float(n) is one of two types */
    if (is_text(r, PGR_TOKEN_PUNCT, "(") && strcmp(type.name, "float8") == 0)
        return false;
    if (!take_modifier(r))
        return false;
    if (strcmp(type.name, "timestamp") == 0 && !take_zone(r, &type))
        return false;
    return take_bounds(r, &type.is_array) && note_type(r, type);
}

/* ---- values ---- */

static void note_sign(struct reader *r, const char *sign)
{
    const char *const *known = r->refs.operators.items;
    for (size_t i = 0; i < r->refs.operators.count; i++) {
        if (strcmp(known[i], sign) == 0)
            return;
    }
    pgr_refs_add_operator(&r->refs, sign);
}

/* The parser folds a minus into its number; a plus stays an operator. */
static bool take_sign(struct reader *r, enum before *before)
{
    bool is_plus = is_text(r, PGR_TOKEN_OPERATOR, "+");
    if (!is_plus && !is_text(r, PGR_TOKEN_OPERATOR, "-"))
        return false;
    if (is_plus)
        note_sign(r, "+");
    *before = BEFORE_SIGN;
    advance(r);
    return true;
}

static bool take_opening(struct reader *r, enum before *before, size_t *depth)
{
    bool is_row = is_text(r, PGR_TOKEN_PUNCT, "(") && *before == BEFORE_NOTHING;
    bool is_array =
        is_text(r, PGR_TOKEN_PUNCT, "[") && (*before == BEFORE_NOTHING || *before == BEFORE_ARRAY);
    if (!is_row && !is_array)
        return false;
    ++*depth;
    *before = BEFORE_NOTHING;
    advance(r);
    return true;
}

static bool take_punctuation(struct reader *r, enum before *before, size_t *depth)
{
    if (*before == BEFORE_SIGN)
        return false;
    if (*before == BEFORE_ARRAY)
        return take_opening(r, before, depth);
    if (is_text(r, PGR_TOKEN_PUNCT, "::")) {
        enum before value = *before;
        if (value < BEFORE_STRING || value > BEFORE_VALUE)
            return false;
        if (value == BEFORE_SIGNED)
            note_sign(r, "-");
        advance(r);
        *before = BEFORE_VALUE;
        return take_type(r, value);
    }
    if (is_text(r, PGR_TOKEN_PUNCT, ")") || is_text(r, PGR_TOKEN_PUNCT, "]")) {
        *before = r->token.text.at[0] == ']' ? BEFORE_VALUE : BEFORE_CLOSE;
        --*depth;
    } else if (is_text(r, PGR_TOKEN_PUNCT, ",")) {
        *before = BEFORE_NOTHING;
    } else {
        return take_opening(r, before, depth);
    }
    advance(r);
    return true;
}

static bool is_value_word(const struct reader *r)
{
    return is_word(r, "null") || is_word(r, "true") || is_word(r, "false") || is_word(r, "default");
}

static bool take_atom(struct reader *r, enum before *before)
{
    if (*before == BEFORE_SIGN) {
        if (r->token.kind != PGR_TOKEN_NUMBER)
            return take_sign(r, before);
        *before = BEFORE_SIGNED;
        advance(r);
        return true;
    }
    if (*before != BEFORE_NOTHING)
        return false;
    if (r->token.kind == PGR_TOKEN_STRING || r->token.kind == PGR_TOKEN_PARAM)
        *before = BEFORE_STRING;
    else if (r->token.kind == PGR_TOKEN_NUMBER || is_value_word(r))
        *before = BEFORE_ATOM;
    else if (is_word(r, "array"))
        *before = BEFORE_ARRAY;
    else
        return take_sign(r, before);
    advance(r);
    return true;
}

/* One row: its opening parenthesis up to the closing one. */
static bool take_row(struct reader *r)
{
    enum before before = BEFORE_NOTHING;
    size_t depth = 1;
    if (!take_punct(r, "("))
        return false;
    while (depth > 0) {
        bool is_taken = r->token.kind == PGR_TOKEN_PUNCT ? take_punctuation(r, &before, &depth)
                                                         : take_atom(r, &before);
        if (!is_taken)
            return false;
    }
    return true;
}

/* ---- the tail ---- */

/* column = EXCLUDED.column */
static bool take_assignment(struct reader *r)
{
    if (take_name(r) == NULL || !is_text(r, PGR_TOKEN_OPERATOR, "="))
        return false;
    advance(r);
    if (!take_word(r, "excluded") || !take_punct(r, "."))
        return false;
    const char *column = take_name(r);
    if (column == NULL)
        return false;
    pgr_refs_add_column(&r->refs, column);
    return true;
}

static bool take_conflict(struct reader *r)
{
    if (!take_word(r, "conflict"))
        return false;
    if (is_text(r, PGR_TOKEN_PUNCT, "(") && !take_columns(r))
        return false;
    if (!take_word(r, "do"))
        return false;
    if (take_word(r, "nothing"))
        return true;
    static const char *const update[] = {"update", "set"};
    if (!take_words(r, update, PGR_ARRAY_LEN(update)))
        return false;
    do {
        if (!take_assignment(r))
            return false;
    } while (take_punct(r, ","));
    return true;
}

static bool take_returning(struct reader *r)
{
    if (is_text(r, PGR_TOKEN_OPERATOR, "*")) {
        advance(r);
        return true;
    }
    do {
        if (take_name(r) == NULL)
            return false;
    } while (take_punct(r, ","));
    return true;
}

static bool take_insert(struct reader *r)
{
    static const char *const head[] = {"insert", "into"};
    if (!take_words(r, head, PGR_ARRAY_LEN(head)) || !take_target(r))
        return false;
    if (is_text(r, PGR_TOKEN_PUNCT, "(") && !take_columns(r))
        return false;
    if (!take_word(r, "values"))
        return false;
    do {
        if (!take_row(r))
            return false;
    } while (take_punct(r, ","));
    if (take_word(r, "on") && !take_conflict(r))
        return false;
    if (take_word(r, "returning") && !take_returning(r))
        return false;
    while (take_punct(r, ";"))
        continue;
    return r->token.kind == PGR_TOKEN_END;
}

bool pgr_walk_long_insert(struct pgr_bytes text, struct pgr_stmt *stmt)
{
    struct pgr_arena arena;
    struct reader r = {.rest = text, .arena = &arena};
    bool is_plain = text.len > 0 && memchr(text.at, 0, text.len) == NULL;
    pgr_arena_init(&arena, (size_t)1 << 20);
    if (is_plain) {
        advance(&r);
        is_plain = take_insert(&r) && pgr_refs_finish(&r.refs, stmt);
    }
    if (is_plain) {
        stmt->kind = PGR_STMT_INSERT;
        stmt->class = PGR_CLASS_WRITE;
        stmt->block = PGR_REASON_NONE;
    }
    pgr_refs_fini(&r.refs);
    pgr_arena_fini(&arena);
    return is_plain;
}
