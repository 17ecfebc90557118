// SPDX-License-Identifier: PostgreSQL
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "load_priv.h"
#include "pgrecall/base/mem.h"

/*
 * Settings that come one by one: PGRECALL_<SECTION>_<KEY> and --set section.key=value.
 *
 * A variable with our prefix is only ours if a section's name follows: packagers and orchestrators
 * set PGRECALL_VERSION and the like. Kubernetes moreover gives each container variables about each
 * service, so that a service called pgrecall-redis leads to PGRECALL_REDIS_SERVICE_HOST.
 */
#define PREFIX "PGRECALL_"

static char *trimmed_copy(const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    return pgr_strndup(text, len);
}

/* A row's variable without its prefix: CACHE_MAX_ENTRY. */
static void variable_of(const char *section, const char *key, char *out, size_t cap)
{
    snprintf(out, cap, "%s_%s", section, key);
    for (char *c = out; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
}

static const struct pgr_row *row_of_variable(const char *name)
{
    char variable[2 * PGR_NAME_MAX];
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        variable_of(pgr_rows[i].section, pgr_rows[i].key, variable, sizeof(variable));
        if (strcmp(variable, name) == 0)
            return &pgr_rows[i];
    }
    return NULL;
}

static bool ends_in(const char *text, const char *end)
{
    size_t text_len = strlen(text);
    size_t end_len = strlen(end);
    return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

static bool is_service_link(const char *name, const char *value)
{
    const char *port = strstr(name, "_PORT_");
    return ends_in(name, "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT") != NULL ||
           (port != NULL && isdigit((unsigned char)port[strlen("_PORT_")])) ||
           (ends_in(name, "_PORT") && strstr(value, "://") != NULL);
}

/* Splits a lower-case name behind a section that is, or will be; false if it has none. */
static bool split_variable(char *name, const char **section, const char **key)
{
    char *underscore = strchr(name, '_');
    if (underscore == NULL)
        return false;
    *underscore = '\0';
    *section = name;
    *key = underscore + 1;
    return pgr_section_is_known(name) || pgr_row_is_later(name, NULL);
}

static void refuse_variable(struct pgr_loader *loader, struct pgr_origin origin, const char *name)
{
    char *copy = pgr_strdup(name);
    const char *section = NULL;
    const char *key = NULL;
    for (char *c = copy; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    if (split_variable(copy, &section, &key))
        pgr_loader_refuse(loader, origin, section, key);
    pgr_free(copy);
}

static void read_variable(struct pgr_loader *loader, const char *name, const char *value)
{
    struct pgr_shown label = pgr_shown(name);
    struct pgr_origin origin = {label.text, 0};
    const char *own = name + strlen(PREFIX);
    const struct pgr_row *row = row_of_variable(own);
    if (row != NULL) {
        char *trimmed = trimmed_copy(value);
        pgr_loader_set(loader, origin, row, trimmed);
        pgr_free(trimmed);
    } else if (!is_service_link(own, value)) {
        refuse_variable(loader, origin, own);
    }
}

void pgr_loader_read_environment(struct pgr_loader *loader, char *const *environment)
{
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        const char *equals = strchr(environment[i], '=');
        if (strncmp(environment[i], PREFIX, strlen(PREFIX)) != 0 || equals == NULL)
            continue;
        /* Compose files hand on variables that are not set as empty ones. */
        if (equals[1] == '\0')
            continue;
        char *name = pgr_strndup(environment[i], (size_t)(equals - environment[i]));
        read_variable(loader, name, equals + 1);
        pgr_free(name);
    }
}

/* "--set section.key", or "--set" alone for what may be a misplaced connection string. */
static void label_of(const char *name, char *out, size_t cap)
{
    bool is_name =
        *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.")] == '\0';
    snprintf(out, cap, "--set%s%s", is_name ? " " : "", is_name ? pgr_shown(name).text : "");
}

static void read_override(struct pgr_loader *loader, char *name, const char *value)
{
    char label[sizeof(struct pgr_shown) + 8];
    label_of(name, label, sizeof(label));
    struct pgr_origin origin = {label, 0};
    char *dot = strchr(name, '.');
    if (value == NULL || dot == NULL) {
        pgr_loader_fault(loader, origin, "must be section.key=value");
        return;
    }
    *dot = '\0';
    const struct pgr_row *row = pgr_row_find(name, dot + 1);
    if (row != NULL)
        pgr_loader_set(loader, origin, row, value);
    else if (strncmp(name, "rule", 4) == 0)
        pgr_loader_fault(loader, origin, "rules are written in the file");
    else
        pgr_loader_refuse(loader, origin, name, dot + 1);
}

void pgr_loader_read_overrides(struct pgr_loader *loader, const char *const *overrides,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(overrides[i], '=');
        size_t name_len = equals ? (size_t)(equals - overrides[i]) : strlen(overrides[i]);
        char *raw = pgr_strndup(overrides[i], name_len);
        char *name = trimmed_copy(raw);
        char *value = equals ? trimmed_copy(equals + 1) : NULL;
        read_override(loader, name, value);
        pgr_free(value);
        pgr_free(name);
        pgr_free(raw);
    }
}
