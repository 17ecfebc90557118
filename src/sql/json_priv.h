// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * json_priv.h - the parse tree's JSON as linked values.
 *
 * Why      libpg_query writes its tree as JSON; strings in it carry a client's bytes as they came,
 *          valid UTF-8 or not, and nesting as deep as 64 KiB of text makes it.
 * Threads  any; pure.
 * Memory   values live in the caller's arena, strings in the text itself, which is changed: escapes
 *          are undone in place and each string ends with a NUL.
 * Errors   INVALID (not JSON, or a string with a NUL), LIMIT (the arena's ceiling), NOMEM.
 */
#include "arena_priv.h"
#include "pgrecall/base/err.h"

enum pgr_json_kind {
    PGR_JSON_NULL,
    PGR_JSON_BOOL,
    PGR_JSON_NUMBER,
    PGR_JSON_STRING,
    PGR_JSON_ARRAY,
    PGR_JSON_OBJECT,
};

struct pgr_json {
    const char *key; /* NULL unless a member of an object */
    union {
        const char *text;       /* STRING */
        int64_t number;         /* NUMBER: its integer part, saturated; BOOL: 0 or 1 */
        struct pgr_json *first; /* ARRAY, OBJECT */
    };
    struct pgr_json *next;
    struct pgr_json *parent;
    enum pgr_json_kind kind;
};

/* Exactly one value and white space. No recursion: depth costs no stack. */
enum pgr_err pgr_json_read(char *text, size_t len, struct pgr_arena *arena,
                           struct pgr_json **out) PGR_MUST_CHECK;

/* All of these allow NULL and values of another kind, and then answer NULL, 0 or false. */
const struct pgr_json *pgr_json_get(const struct pgr_json *object, const char *key);
const struct pgr_json *pgr_json_first(const struct pgr_json *container);
/* The only element of an array or member of an object, NULL if there is none or there are more. */
const struct pgr_json *pgr_json_only(const struct pgr_json *container);
size_t pgr_json_count(const struct pgr_json *container);
const char *pgr_json_text(const struct pgr_json *value);
int64_t pgr_json_number(const struct pgr_json *value);
bool pgr_json_is(const struct pgr_json *value, enum pgr_json_kind kind);
