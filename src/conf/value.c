// SPDX-License-Identifier: PostgreSQL
#include "value_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "name_priv.h"

/*
 * Units are case-sensitive, as PostgreSQL's are: `m` would be a minute to one and a megabyte to
 * another. A number never goes without its unit, except 0.
 */
struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit time_units[] = {
    {"us", 1},         {"ms", 1000},      {"s", 1000000},
    {"min", 60000000}, {"h", 3600000000}, {"d", 86400000000},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"kB", (uint64_t)1 << 10},
    {"MB", (uint64_t)1 << 20},
    {"GB", (uint64_t)1 << 30},
    {"TB", (uint64_t)1 << 40},
};

struct scale {
    const struct unit *units;
    size_t count;
    const char *list;
    const char *example;
};

static const struct scale time_scale = {time_units, PGR_ARRAY_LEN(time_units),
                                        "us, ms, s, min, h, d", "10s"};
static const struct scale size_scale = {size_units, PGR_ARRAY_LEN(size_units), "B, kB, MB, GB, TB",
                                        "64MB"};

void pgr_why_set(struct pgr_why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
}

bool pgr_words_next(const char **words, char *word, size_t cap)
{
    const char *at = *words;
    if (*at == '\0')
        return false;
    size_t len = strcspn(at, "|");
    snprintf(word, cap, "%.*s", (int)len, at);
    *words = at + len + (at[len] == '|');
    return true;
}

bool pgr_value_bool(const char *text, bool *out, struct pgr_why *why)
{
    /* The words PostgreSQL takes too: odd ones are off, even ones on. */
    uint32_t which = 0;
    if (!pgr_value_word(text, "on|off|true|false|yes|no|1|0", &which, why)) {
        pgr_why_set(why, "must be on or off");
        return false;
    }
    *out = which % 2 == 0;
    return true;
}

/* Reads digits; returns how many characters they are, 0 if there are none or they overflow. */
static size_t read_digits(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t len = 0;
    while (text[len] >= '0' && text[len] <= '9') {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[len] - '0'), &value))
            return 0;
        len++;
    }
    *out = value;
    return len;
}

bool pgr_value_uint(const char *text, uint64_t *out, struct pgr_why *why)
{
    uint64_t value = 0;
    size_t len = read_digits(text, &value);
    if (len == 0 || text[len] != '\0') {
        pgr_why_set(why, "must be a whole number");
        return false;
    }
    *out = value;
    return true;
}

static const struct unit *find_unit(const struct scale *scale, const char *name)
{
    for (size_t i = 0; i < scale->count; i++) {
        if (strcmp(scale->units[i].name, name) == 0)
            return &scale->units[i];
    }
    return NULL;
}

/* The unit meant by `mb` or `Min`, or NULL. */
static const struct unit *guess_unit(const struct scale *scale, const char *name)
{
    for (size_t i = 0; i < scale->count; i++) {
        if (strcasecmp(scale->units[i].name, name) == 0)
            return &scale->units[i];
    }
    return NULL;
}

static void explain_unit(const struct scale *scale, const char *unit, struct pgr_why *why)
{
    const struct unit *meant = guess_unit(scale, unit);
    if (*unit == '\0')
        pgr_why_set(why, "needs a unit (%s), as in %s", scale->list, scale->example);
    else if (meant != NULL)
        pgr_why_set(why, "unknown unit; did you mean %s?", meant->name);
    else
        pgr_why_set(why, "must be a whole number and a unit (%s), as in %s", scale->list,
                    scale->example);
}

static bool read_scaled(const struct scale *scale, const char *text, uint64_t *out,
                        struct pgr_why *why)
{
    uint64_t value = 0;
    size_t len = read_digits(text, &value);
    if (len == 0) {
        pgr_why_set(why, "must be a whole number and a unit (%s), as in %s", scale->list,
                    scale->example);
        return false;
    }
    const char *name = text + len;
    name += strspn(name, " \t");
    const struct unit *unit = find_unit(scale, name);
    if (unit == NULL && (value != 0 || *name != '\0')) {
        explain_unit(scale, name, why);
        return false;
    }
    if (unit != NULL && __builtin_mul_overflow(value, unit->factor, &value)) {
        pgr_why_set(why, "is too large");
        return false;
    }
    *out = value;
    return true;
}

bool pgr_value_duration(const char *text, uint64_t *out, struct pgr_why *why)
{
    return read_scaled(&time_scale, text, out, why);
}

bool pgr_value_size(const char *text, uint64_t *out, struct pgr_why *why)
{
    return read_scaled(&size_scale, text, out, why);
}

bool pgr_value_word(const char *text, const char *words, uint32_t *out, struct pgr_why *why)
{
    struct pgr_nearest nearest;
    pgr_nearest_init(&nearest, text);
    const char *rest = words;
    char word[64];
    for (uint32_t i = 0; pgr_words_next(&rest, word, sizeof(word)); i++) {
        if (strcasecmp(word, text) == 0) {
            *out = i;
            return true;
        }
        pgr_nearest_offer(&nearest, word);
    }
    if (nearest.name[0] != '\0')
        pgr_why_set(why, "must be one of %s; did you mean %s?", words, nearest.name);
    else
        pgr_why_set(why, "must be one of %s", words);
    return false;
}

bool pgr_value_fingerprint(const char *text, uint64_t *out, struct pgr_why *why)
{
    uint64_t value = 0;
    size_t len = strspn(text, "0123456789abcdefABCDEF");
    if (len != 16 || text[len] != '\0' || sscanf(text, "%16" SCNx64, &value) != 1) {
        pgr_why_set(why, "must be 16 hexadecimal digits, as the log writes it");
        return false;
    }
    if (value == 0) {
        pgr_why_set(why, "names no query type");
        return false;
    }
    *out = value;
    return true;
}

static void put_scaled(const struct scale *scale, uint64_t value, char *out, size_t cap)
{
    size_t i = scale->count - 1;
    while (i > 0 && (value == 0 || value % scale->units[i].factor != 0))
        i--;
    if (value == 0)
        snprintf(out, cap, "0");
    else
        snprintf(out, cap, "%" PRIu64 "%s", value / scale->units[i].factor, scale->units[i].name);
}

void pgr_value_put_duration(uint64_t us, char *out, size_t cap)
{
    put_scaled(&time_scale, us, out, cap);
}

void pgr_value_put_size(uint64_t bytes, char *out, size_t cap)
{
    put_scaled(&size_scale, bytes, out, cap);
}
