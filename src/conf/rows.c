// SPDX-License-Identifier: PostgreSQL
#include "rows_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct pgr_row pgr_rows[PGR_ROW_COUNT] = {
#define PGR_SETTING(section, key, field, kind, initial, least, most, words, change, help)          \
    {#section,                                                                                     \
     #key,                                                                                         \
     PGR_KIND_##kind,                                                                              \
     offsetof(struct pgr_settings, field),                                                         \
     initial,                                                                                      \
     least,                                                                                        \
     most,                                                                                         \
     words,                                                                                        \
     PGR_CHANGE_##change,                                                                          \
     help},
#include "pgrecall/conf/settings.def"
};

const struct pgr_rule_row pgr_rule_key_rows[PGR_RULE_KEY_COUNT] = {
#define PGR_RULE_KEY(key, form, help) {#key, form, help},
#include "pgrecall/conf/settings.def"
};

const struct pgr_later_row pgr_later_rows[] = {
#define PGR_LATER(section, key) {#section, #key},
#include "pgrecall/conf/settings.def"
};

const size_t pgr_later_row_count = PGR_ARRAY_LEN(pgr_later_rows);

struct later_word {
    const char *section;
    const char *key;
    const char *word;
};

static const struct later_word later_words[] = {
#define PGR_LATER_WORD(section, key, word) {#section, #key, #word},
#include "pgrecall/conf/settings.def"
};

_Static_assert(sizeof(enum pgr_consistency) == sizeof(uint32_t), "a WORD is stored as uint32_t");

const struct pgr_row *pgr_row_find(const char *section, const char *key)
{
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (strcmp(pgr_rows[i].section, section) == 0 && strcmp(pgr_rows[i].key, key) == 0)
            return &pgr_rows[i];
    }
    return NULL;
}

bool pgr_section_is_known(const char *section)
{
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (strcmp(pgr_rows[i].section, section) == 0)
            return true;
    }
    return false;
}

bool pgr_row_is_later(const char *section, const char *key)
{
    for (size_t i = 0; i < pgr_later_row_count; i++) {
        const struct pgr_later_row *row = &pgr_later_rows[i];
        if (strcmp(row->section, section) != 0)
            continue;
        if (strcmp(row->key, "*") == 0 || (key != NULL && strcmp(row->key, key) == 0))
            return true;
    }
    return false;
}

bool pgr_word_is_later(const struct pgr_row *row, const char *word)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(later_words); i++) {
        const struct later_word *later = &later_words[i];
        if (strcmp(later->section, row->section) == 0 && strcmp(later->key, row->key) == 0 &&
            strcasecmp(later->word, word) == 0)
            return true;
    }
    return false;
}

/* Names of rows: of one section, or of all others with it (`section` NULL). */
static const struct pgr_row *nearest_row(const char *section, const char *key)
{
    struct pgr_nearest nearest;
    const struct pgr_row *best = NULL;
    pgr_nearest_init(&nearest, key);
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (section != NULL && strcmp(pgr_rows[i].section, section) != 0)
            continue;
        unsigned before = nearest.distance;
        pgr_nearest_offer(&nearest, pgr_rows[i].key);
        if (nearest.distance < before)
            best = &pgr_rows[i];
    }
    return best;
}

static void append(struct pgr_why *why, const char *before, const char *word)
{
    size_t len = strlen(why->text);
    snprintf(why->text + len, sizeof(why->text) - len, "%s%s", before, word);
}

static void list_section(const char *section, struct pgr_why *out)
{
    pgr_why_set(out, "[%s] knows", section);
    const char *before = " ";
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (strcmp(pgr_rows[i].section, section) != 0)
            continue;
        append(out, before, pgr_rows[i].key);
        before = ", ";
    }
}

static void list_sections(struct pgr_why *out)
{
    pgr_why_set(out, "there are ");
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (i > 0 && strcmp(pgr_rows[i].section, pgr_rows[i - 1].section) == 0)
            continue;
        append(out, "[", pgr_rows[i].section);
        append(out, "], ", "");
    }
    append(out, "[rule NAME]", "");
}

void pgr_row_suggest(const char *section, const char *key, struct pgr_why *out)
{
    const struct pgr_row *row = nearest_row(section, key);
    if (row == NULL)
        row = nearest_row(NULL, key);
    if (row == NULL && !pgr_section_is_known(section))
        pgr_section_suggest(section, out);
    else if (row == NULL)
        list_section(section, out);
    else
        pgr_why_set(out, "did you mean %s.%s?", row->section, row->key);
}

void pgr_rule_key_suggest(const char *key, struct pgr_why *out)
{
    struct pgr_nearest nearest;
    pgr_nearest_init(&nearest, key);
    for (size_t i = 0; i < PGR_RULE_KEY_COUNT; i++)
        pgr_nearest_offer(&nearest, pgr_rule_key_rows[i].key);
    if (nearest.name[0] != '\0') {
        pgr_why_set(out, "did you mean %s?", nearest.name);
        return;
    }
    pgr_why_set(out, "a rule knows");
    for (size_t i = 0; i < PGR_RULE_KEY_COUNT; i++)
        append(out, i == 0 ? " " : ", ", pgr_rule_key_rows[i].key);
}

void pgr_section_suggest(const char *section, struct pgr_why *out)
{
    struct pgr_nearest nearest;
    pgr_nearest_init(&nearest, section);
    for (size_t i = 0; i < PGR_ROW_COUNT; i++)
        pgr_nearest_offer(&nearest, pgr_rows[i].section);
    if (strncmp(section, "rule", 4) == 0)
        pgr_why_set(out, "a rule is written [rule NAME]");
    else if (nearest.name[0] != '\0')
        pgr_why_set(out, "did you mean [%s]?", nearest.name);
    else
        list_sections(out);
}

const char *pgr_kind_text(enum pgr_kind kind)
{
    switch (kind) {
    case PGR_KIND_BOOL:
        return "on|off";
    case PGR_KIND_UINT:
        return "number";
    case PGR_KIND_POWER_OF_TWO:
        return "power of two";
    case PGR_KIND_DURATION:
        return "time";
    case PGR_KIND_SIZE:
        return "size";
    case PGR_KIND_WORD:
        return "word";
    case PGR_KIND_DSN:
        return "connection string";
    case PGR_KIND_LISTEN:
        return "list of addresses";
    }
    return "";
}

static void put_bound(const struct pgr_row *row, uint64_t value, char *out, size_t cap)
{
    if (row->kind == PGR_KIND_DURATION)
        pgr_value_put_duration(value, out, cap);
    else if (row->kind == PGR_KIND_SIZE)
        pgr_value_put_size(value, out, cap);
    else
        snprintf(out, cap, "%" PRIu64, value);
}

void pgr_row_put_range(const struct pgr_row *row, char *out, size_t cap)
{
    char least[32];
    char most[32];
    switch (row->kind) {
    case PGR_KIND_WORD:
        snprintf(out, cap, "%s", row->words);
        return;
    case PGR_KIND_UINT:
    case PGR_KIND_POWER_OF_TWO:
    case PGR_KIND_DURATION:
    case PGR_KIND_SIZE:
        put_bound(row, row->least, least, sizeof(least));
        put_bound(row, row->most, most, sizeof(most));
        snprintf(out, cap, "%s to %s", least, most);
        return;
    case PGR_KIND_BOOL:
    case PGR_KIND_DSN:
    case PGR_KIND_LISTEN:
        snprintf(out, cap, "%s", "");
        return;
    }
}

static bool in_range(const struct pgr_row *row, uint64_t value, struct pgr_why *why)
{
    if (value < row->least || value > row->most) {
        char range[80];
        pgr_row_put_range(row, range, sizeof(range));
        pgr_why_set(why, "must be %s", range);
        return false;
    }
    if (row->kind == PGR_KIND_POWER_OF_TWO && (value & (value - 1)) != 0) {
        pgr_why_set(why, "must be a power of two");
        return false;
    }
    return true;
}

static bool read_u32(const struct pgr_row *row, const char *text, void *field, struct pgr_why *why)
{
    uint64_t value = 0;
    if (!pgr_value_uint(text, &value, why) || !in_range(row, value, why))
        return false;
    *(uint32_t *)field = (uint32_t)value;
    return true;
}

static bool read_u64(const struct pgr_row *row, const char *text, void *field, struct pgr_why *why)
{
    uint64_t value = 0;
    bool is_read = row->kind == PGR_KIND_DURATION ? pgr_value_duration(text, &value, why)
                                                  : pgr_value_size(text, &value, why);
    if (!is_read || !in_range(row, value, why))
        return false;
    *(uint64_t *)field = value;
    return true;
}

static bool read_word(const struct pgr_row *row, const char *text, void *field, struct pgr_why *why)
{
    uint32_t value = 0;
    if (pgr_word_is_later(row, text)) {
        pgr_why_set(why, "is not in this version; there are %s", row->words);
        return false;
    }
    if (!pgr_value_word(text, row->words, &value, why))
        return false;
    memcpy(field, &value, sizeof(value));
    return true;
}

bool pgr_row_read(const struct pgr_row *row, const char *text, struct pgr_settings *settings,
                  struct pgr_why *why)
{
    void *field = (char *)settings + row->offset;
    switch (row->kind) {
    case PGR_KIND_BOOL:
        return pgr_value_bool(text, field, why);
    case PGR_KIND_UINT:
    case PGR_KIND_POWER_OF_TWO:
        return read_u32(row, text, field, why);
    case PGR_KIND_DURATION:
    case PGR_KIND_SIZE:
        return read_u64(row, text, field, why);
    case PGR_KIND_WORD:
        return read_word(row, text, field, why);
    case PGR_KIND_DSN:
    case PGR_KIND_LISTEN:
        break;
    }
    PGR_ASSERT(false && "strings are the loader's");
    return false;
}

static bool listen_equal(const struct pgr_settings *a, const struct pgr_settings *b)
{
    if (a->proxy_listen_count != b->proxy_listen_count)
        return false;
    for (size_t i = 0; i < a->proxy_listen_count; i++) {
        if (!pgr_str_eq(a->proxy_listen[i], b->proxy_listen[i]))
            return false;
    }
    return true;
}

bool pgr_row_equal(const struct pgr_row *row, const struct pgr_settings *a,
                   const struct pgr_settings *b)
{
    const void *x = (const char *)a + row->offset;
    const void *y = (const char *)b + row->offset;
    switch (row->kind) {
    case PGR_KIND_BOOL:
        return *(const bool *)x == *(const bool *)y;
    case PGR_KIND_UINT:
    case PGR_KIND_POWER_OF_TWO:
    case PGR_KIND_WORD:
        return memcmp(x, y, sizeof(uint32_t)) == 0;
    case PGR_KIND_DURATION:
    case PGR_KIND_SIZE:
        return memcmp(x, y, sizeof(uint64_t)) == 0;
    case PGR_KIND_DSN:
        return pgr_str_eq(*(const char *const *)x, *(const char *const *)y);
    case PGR_KIND_LISTEN:
        return listen_equal(a, b);
    }
    return false;
}
