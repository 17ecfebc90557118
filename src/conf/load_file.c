// SPDX-License-Identifier: PostgreSQL
#include <stdio.h>
#include <string.h>

#include "ini_priv.h"
#include "load_priv.h"

static struct pgr_origin here(const struct pgr_loader *loader, unsigned line)
{
    return (struct pgr_origin){loader->path, line};
}

static unsigned *line_of_section(struct pgr_loader *loader, const char *section)
{
    size_t i = 0;
    while (strcmp(pgr_rows[i].section, section) != 0)
        i++;
    return &loader->section_lines[i];
}

static void begin_known_section(struct pgr_loader *loader, unsigned line)
{
    unsigned *first = line_of_section(loader, loader->section);
    if (*first != 0)
        pgr_loader_fault(loader, here(loader, line),
                         "[%s] is written twice; the first is on line %u", loader->section, *first);
    else
        *first = line;
}

/* The name behind `rule`, or NULL if the section is none. */
static const char *name_of_rule(const char *section)
{
    if (strncmp(section, "rule", 4) != 0)
        return NULL;
    const char *name = section + 4;
    if (*name != '\0' && *name != ' ' && *name != '\t')
        return NULL;
    return name + strspn(name, " \t");
}

static void on_section(void *arg, unsigned line, const char *name)
{
    struct pgr_loader *loader = arg;
    const char *rule = name_of_rule(name);
    snprintf(loader->section, sizeof(loader->section), "%s", name);
    loader->in_rule = rule != NULL;
    loader->is_skipping = false;
    if (rule != NULL) {
        pgr_loader_begin_rule(loader, here(loader, line), rule);
    } else if (pgr_section_is_known(name)) {
        begin_known_section(loader, line);
    } else if (!pgr_row_is_later(name, NULL)) {
        struct pgr_why hint;
        pgr_section_suggest(name, &hint);
        pgr_loader_fault(loader, here(loader, line), "[%s] is not a section; %s",
                         pgr_shown(name).text, hint.text);
        loader->is_skipping = true;
    } else {
        pgr_loader_fault(loader, here(loader, line), "[%s] is not in this version", name);
    }
}

static void on_pair(void *arg, unsigned line, const char *key, const char *value)
{
    struct pgr_loader *loader = arg;
    if (loader->is_skipping)
        return;
    if (loader->in_rule) {
        pgr_loader_set_rule(loader, here(loader, line), key, value);
        return;
    }
    const struct pgr_row *row = pgr_row_find(loader->section, key);
    if (row == NULL) {
        pgr_loader_refuse(loader, here(loader, line), loader->section, key);
        return;
    }
    unsigned *first = &loader->row_lines[row - pgr_rows];
    if (*first != 0)
        pgr_loader_fault(loader, here(loader, line),
                         "%s.%s is written twice; the first is on line %u", row->section, row->key,
                         *first);
    else
        *first = line;
    pgr_loader_set(loader, here(loader, line), row, value);
}

static void on_fault(void *arg, unsigned line, const char *what)
{
    struct pgr_loader *loader = arg;
    pgr_loader_fault(loader, here(loader, line), "%s", what);
}

void pgr_loader_read_file(struct pgr_loader *loader)
{
    static const struct pgr_ini_events events = {on_section, on_pair, on_fault};
    struct pgr_buf text;
    struct pgr_why why;
    pgr_buf_init(&text, PGR_INI_FILE_MAX + ((size_t)32 << 10));
    if (pgr_ini_read_file(loader->path, &text, &why))
        pgr_ini_parse(pgr_buf_bytes(&text), &events, loader);
    else
        loader->is_unread = true;
    if (loader->is_unread)
        pgr_loader_fault(loader, here(loader, 0), "%s", why.text);
    pgr_buf_fini(&text);
}
