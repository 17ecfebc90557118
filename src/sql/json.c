// SPDX-License-Identifier: PostgreSQL
/*
 * One pass with a cursor. The way back up is the parent pointer of the value being filled, so the
 * only memory that grows is the arena. Bytes from 0x80 up are taken as they are.
 */
#include "json_priv.h"

#include <string.h>

struct reader {
    char *at;
    char *end;
    struct pgr_arena *arena;
    struct pgr_json *root;
    struct pgr_json *open; /* the container being filled */
    struct pgr_json *last; /* its last value so far */
};

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Code points of one \uXXXX become UTF-8; halves of pairs keep their own three bytes. */
static char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* Undoes one escape whose backslash is behind the cursor; NULL if it is none. */
static char *read_escape(struct reader *r, char *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return NULL;
    char c = *r->at++;
    if (c != 'u') {
        const char *hit = c ? strchr(names, c) : NULL;
        if (hit == NULL)
            return NULL;
        *out++ = values[hit - names];
        return out;
    }
    if (r->end - r->at < 4)
        return NULL;
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*r->at++);
        if (digit < 0)
            return NULL;
        code = code << 4 | (unsigned)digit;
    }
    return code == 0 ? NULL : put_utf8(out, code);
}

/* The cursor is behind the opening quote. An escape is never shorter than what it stands for. */
static const char *read_string(struct reader *r)
{
    char *start = r->at;
    char *out = r->at;
    while (r->at < r->end) {
        char c = *r->at++;
        if (c == '"') {
            *out = '\0';
            return start;
        }
        if (c == '\0')
            return NULL;
        if (c != '\\') {
            *out++ = c;
            continue;
        }
        out = read_escape(r, out);
        if (out == NULL)
            return NULL;
    }
    return NULL;
}

static size_t skip_digits(struct reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - start);
}

static bool read_number(struct reader *r, int64_t *out)
{
    bool is_negative = take(r, '-');
    const char *digits = r->at;
    size_t count = skip_digits(r);
    if (count == 0)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[i] - '0';
        value = value > (INT64_MAX - digit) / 10 ? INT64_MAX : value * 10 + digit;
    }
    *out = is_negative ? -value : value;
    if (take(r, '.') && skip_digits(r) == 0)
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            (void)take(r, '-');
        return skip_digits(r) > 0;
    }
    return true;
}

static bool read_word(struct reader *r, struct pgr_json *value)
{
    static const struct {
        const char *word;
        enum pgr_json_kind kind;
        int64_t number;
    } words[] = {
        {"true", PGR_JSON_BOOL, 1}, {"false", PGR_JSON_BOOL, 0}, {"null", PGR_JSON_NULL, 0}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i].word);
        if ((size_t)(r->end - r->at) < len || memcmp(r->at, words[i].word, len) != 0)
            continue;
        value->kind = words[i].kind;
        value->number = words[i].number;
        r->at += len;
        return true;
    }
    return false;
}

/* Fills `value` from the cursor; of a container only the opening bracket is read. */
static bool read_start(struct reader *r, struct pgr_json *value)
{
    if (take(r, '{') || take(r, '[')) {
        value->kind = r->at[-1] == '{' ? PGR_JSON_OBJECT : PGR_JSON_ARRAY;
        value->first = NULL;
        return true;
    }
    if (take(r, '"')) {
        value->kind = PGR_JSON_STRING;
        value->text = read_string(r);
        return value->text != NULL;
    }
    if (r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))) {
        value->kind = PGR_JSON_NUMBER;
        return read_number(r, &value->number);
    }
    return read_word(r, value);
}

static bool read_key(struct reader *r, const char **key)
{
    if (!take(r, '"'))
        return false;
    *key = read_string(r);
    if (*key == NULL)
        return false;
    skip_space(r);
    if (!take(r, ':'))
        return false;
    skip_space(r);
    return true;
}

static void link_value(struct reader *r, struct pgr_json *value)
{
    value->next = NULL;
    value->parent = r->open;
    if (r->open == NULL)
        r->root = value;
    else if (r->last == NULL)
        r->open->first = value;
    else
        r->last->next = value;
    r->last = value;
    if (value->kind == PGR_JSON_ARRAY || value->kind == PGR_JSON_OBJECT) {
        r->open = value;
        r->last = NULL;
    }
}

static bool close_container(struct reader *r)
{
    if (r->open == NULL || !take(r, r->open->kind == PGR_JSON_OBJECT ? '}' : ']'))
        return false;
    r->last = r->open;
    r->open = r->open->parent;
    return true;
}

/* One value, or one closing bracket. */
static enum pgr_err step(struct reader *r)
{
    if (close_container(r))
        return PGR_OK;
    if (r->open != NULL && r->last != NULL) {
        if (!take(r, ','))
            return PGR_ERR_INVALID;
        skip_space(r);
    }
    struct pgr_json *value = pgr_arena_alloc(r->arena, sizeof *value);
    if (value == NULL)
        return r->arena->is_full ? PGR_ERR_LIMIT : PGR_ERR_NOMEM;
    value->key = NULL;
    if (r->open != NULL && r->open->kind == PGR_JSON_OBJECT && !read_key(r, &value->key))
        return PGR_ERR_INVALID;
    if (!read_start(r, value))
        return PGR_ERR_INVALID;
    link_value(r, value);
    return PGR_OK;
}

enum pgr_err pgr_json_read(char *text, size_t len, struct pgr_arena *arena, struct pgr_json **out)
{
    struct reader r = {.at = text, .end = text + len, .arena = arena};
    do {
        skip_space(&r);
        enum pgr_err err = step(&r);
        if (err)
            return err;
    } while (r.open != NULL);
    skip_space(&r);
    if (r.at != r.end)
        return PGR_ERR_INVALID;
    *out = r.root;
    return PGR_OK;
}

bool pgr_json_is(const struct pgr_json *value, enum pgr_json_kind kind)
{
    return value != NULL && value->kind == kind;
}

const struct pgr_json *pgr_json_first(const struct pgr_json *container)
{
    if (!pgr_json_is(container, PGR_JSON_ARRAY) && !pgr_json_is(container, PGR_JSON_OBJECT))
        return NULL;
    return container->first;
}

const struct pgr_json *pgr_json_get(const struct pgr_json *object, const char *key)
{
    if (!pgr_json_is(object, PGR_JSON_OBJECT))
        return NULL;
    for (const struct pgr_json *member = object->first; member != NULL; member = member->next) {
        if (strcmp(member->key, key) == 0)
            return member;
    }
    return NULL;
}

const struct pgr_json *pgr_json_only(const struct pgr_json *container)
{
    const struct pgr_json *first = pgr_json_first(container);
    return first != NULL && first->next == NULL ? first : NULL;
}

size_t pgr_json_count(const struct pgr_json *container)
{
    size_t count = 0;
    for (const struct pgr_json *at = pgr_json_first(container); at != NULL; at = at->next)
        count++;
    return count;
}

const char *pgr_json_text(const struct pgr_json *value)
{
    return pgr_json_is(value, PGR_JSON_STRING) ? value->text : NULL;
}

int64_t pgr_json_number(const struct pgr_json *value)
{
    bool has = pgr_json_is(value, PGR_JSON_NUMBER) || pgr_json_is(value, PGR_JSON_BOOL);
    return has ? value->number : 0;
}
