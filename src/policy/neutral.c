// SPDX-License-Identifier: PostgreSQL
/*
 * A2: settings that change neither an answer nor the meaning of a name. Plans may change the order
 * of rows without ORDER BY; any order is PostgreSQL's legal answer.
 */
#include "pgrecall/policy/effects.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN ((size_t)63)

static const char *const names[] = {
    "application_name",
    "geqo",
    "jit",
    "synchronous_commit",
};

static const char *const prefixes[] = {"enable_", "geqo_", "jit_", "log_", "tcp_"};
static const char *const suffixes[] = {"_cost", "_mem", "_timeout"};

static bool has_prefix(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

static bool has_suffix(const char *name, size_t len, const char *suffix)
{
    size_t suffix_len = strlen(suffix);
    return len > suffix_len && strcasecmp(name + len - suffix_len, suffix) == 0;
}

static bool is_listed(const char *name)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(names); i++) {
        if (strcasecmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* A name with a dot is an extension's, whatever it looks like; idle_* end sessions (A1). */
bool pgr_setting_is_neutral(const char *name)
{
    size_t len = strnlen(name, NAME_MAX_LEN + 1);
    if (len > NAME_MAX_LEN || strchr(name, '.') != NULL || has_prefix(name, "idle_"))
        return false;
    bool is_neutral = is_listed(name);
    for (size_t i = 0; i < PGR_ARRAY_LEN(prefixes); i++)
        is_neutral |= has_prefix(name, prefixes[i]);
    for (size_t i = 0; i < PGR_ARRAY_LEN(suffixes); i++)
        is_neutral |= has_suffix(name, len, suffixes[i]);
    return is_neutral;
}
