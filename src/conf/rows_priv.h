// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * rows_priv.h - settings.def as a table to walk.
 *
 * Threads  any.   Memory  static.   Errors  none.
 */
#include "name_priv.h"
#include "pgrecall/conf/settings.h"
#include "value_priv.h"

enum pgr_kind {
    PGR_KIND_BOOL,         /* bool */
    PGR_KIND_UINT,         /* uint32_t */
    PGR_KIND_POWER_OF_TWO, /* uint32_t */
    PGR_KIND_DURATION,     /* uint64_t, microseconds */
    PGR_KIND_SIZE,         /* uint64_t, bytes */
    PGR_KIND_WORD,         /* uint32_t or an enum of its size */
    PGR_KIND_DSN,          /* const char *; never repeated in a message */
    PGR_KIND_LISTEN,       /* const char *[PGR_LISTEN_MAX] and its count */
};

enum pgr_change {
    PGR_CHANGE_RELOAD,
    PGR_CHANGE_RESTART,
};

struct pgr_row {
    const char *section;
    const char *key;
    enum pgr_kind kind;
    size_t offset; /* in struct pgr_settings */
    const char *initial;
    uint64_t least; /* UINT, POWER_OF_TWO, DURATION, SIZE */
    uint64_t most;
    const char *words; /* WORD: "a|b|c" */
    enum pgr_change change;
    const char *help;
};

struct pgr_rule_row {
    const char *key;
    const char *form;
    const char *help;
};

struct pgr_later_row {
    const char *section;
    const char *key; /* "*": the whole section */
};

enum {
#define PGR_SETTING(section, key, field, kind, initial, least, most, words, change, help)          \
    PGR_ROW_##section##_##key,
#include "pgrecall/conf/settings.def"
    PGR_ROW_COUNT
};

enum pgr_rule_key {
#define PGR_RULE_KEY(key, form, help) PGR_RULE_KEY_##key,
#include "pgrecall/conf/settings.def"
    PGR_RULE_KEY_COUNT
};

extern const struct pgr_row pgr_rows[PGR_ROW_COUNT];
extern const struct pgr_rule_row pgr_rule_key_rows[PGR_RULE_KEY_COUNT];
extern const struct pgr_later_row pgr_later_rows[];
extern const size_t pgr_later_row_count;

/* NULL if there is none. */
const struct pgr_row *pgr_row_find(const char *section, const char *key);
bool pgr_section_is_known(const char *section); /* "rule" is not: it carries a name */
/* Whether a later version brings this name; key NULL asks for the whole section. */
bool pgr_row_is_later(const char *section, const char *key);
bool pgr_word_is_later(const struct pgr_row *row, const char *word);

/* What to say after "is not a setting": the nearest name, or all of the section. */
void pgr_row_suggest(const char *section, const char *key, struct pgr_why *out);
void pgr_rule_key_suggest(const char *key, struct pgr_why *out);
void pgr_section_suggest(const char *section, struct pgr_why *out);

/* Reads text into the settings' field; DSN and LISTEN are not for this one. */
bool pgr_row_read(const struct pgr_row *row, const char *text, struct pgr_settings *settings,
                  struct pgr_why *why);
bool pgr_row_equal(const struct pgr_row *row, const struct pgr_settings *a,
                   const struct pgr_settings *b);
/* "1s to 1h", "on|off"; empty for free text. */
void pgr_row_put_range(const struct pgr_row *row, char *out, size_t cap);
const char *pgr_kind_text(enum pgr_kind kind);
