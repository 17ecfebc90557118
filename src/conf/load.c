// SPDX-License-Identifier: PostgreSQL
#include "load_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dsn_priv.h"

void pgr_loader_fault(struct pgr_loader *loader, struct pgr_origin origin, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    loader->has_fault = true;
    if (origin.line > 0)
        pgr_buf_printf(loader->errors, "%s:%u: %s\n", origin.label, origin.line, text);
    else
        pgr_buf_printf(loader->errors, "%s: %s\n", origin.label, text);
}

struct pgr_shown pgr_shown(const char *text)
{
    struct pgr_shown shown;
    size_t len = 0;
    if (*text == '\0')
        text = "\"\"";
    while (text[len] != '\0' && len < sizeof(shown.text) - 4) {
        unsigned char c = (unsigned char)text[len];
        shown.text[len++] = c < ' ' || c >= 0x7F ? '?' : (char)c;
    }
    snprintf(shown.text + len, sizeof(shown.text) - len, "%s", text[len] != '\0' ? "..." : "");
    return shown;
}

static struct pgr_bytes trim(struct pgr_bytes bytes)
{
    while (bytes.len > 0 && strchr(" \t\r\n", bytes.at[bytes.len - 1]) != NULL)
        bytes.len--;
    while (bytes.len > 0 && strchr(" \t\r\n", bytes.at[0]) != NULL)
        bytes = PGR_BYTES(bytes.at + 1, bytes.len - 1);
    return bytes;
}

bool pgr_loader_split(struct pgr_loader *loader, const char *text, struct pgr_word_list list,
                      struct pgr_why *why)
{
    size_t found = 0;
    for (const char *at = text; at != NULL; found++) {
        const char *comma = strchr(at, ',');
        size_t len = comma ? (size_t)(comma - at) : strlen(at);
        struct pgr_bytes word = trim(PGR_BYTES(at, len));
        if (word.len == 0) {
            pgr_why_set(why, *text == '\0' ? "is empty" : "holds an empty word");
            return false;
        }
        if (found == list.cap) {
            pgr_why_set(why, "holds more than %zu words", list.cap);
            return false;
        }
        list.words[found] = pgr_snapshot_keep(loader->snapshot, word);
        at = comma ? comma + 1 : NULL;
    }
    *list.count = found;
    return true;
}

static bool is_listed(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

/* What an address means is the listener's to say; here only that it is one word, once. */
static bool read_listen(struct pgr_loader *loader, const char *text, struct pgr_why *why)
{
    struct pgr_settings *settings = &loader->snapshot->settings;
    const char *words[PGR_LISTEN_MAX];
    size_t count = 0;
    if (!pgr_loader_split(loader, text, (struct pgr_word_list){words, PGR_LISTEN_MAX, &count}, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strpbrk(words[i], " \t") != NULL) {
            pgr_why_set(why, "addresses are separated by commas");
            return false;
        }
        if (is_listed(words, i, words[i])) {
            pgr_why_set(why, "names an address twice");
            return false;
        }
        settings->proxy_listen[i] = words[i];
    }
    settings->proxy_listen_count = count;
    return true;
}

static bool read_dsn(struct pgr_loader *loader, const struct pgr_row *row, const char *text,
                     struct pgr_why *why)
{
    if (*text != '\0' && !pgr_dsn_is_plausible(text)) {
        pgr_why_set(why, "must be postgresql://user@host:5432/db or host=... user=...");
        return false;
    }
    const char **field = (const char **)(void *)((char *)&loader->snapshot->settings + row->offset);
    *field = pgr_snapshot_keep(loader->snapshot, pgr_bytes_str(text));
    return true;
}

static bool read_row(struct pgr_loader *loader, const struct pgr_row *row, const char *text,
                     struct pgr_why *why)
{
    if (row->kind == PGR_KIND_LISTEN)
        return read_listen(loader, text, why);
    if (row->kind == PGR_KIND_DSN)
        return read_dsn(loader, row, text, why);
    return pgr_row_read(row, text, &loader->snapshot->settings, why);
}

void pgr_loader_set(struct pgr_loader *loader, struct pgr_origin origin, const struct pgr_row *row,
                    const char *text)
{
    struct pgr_why why;
    loader->is_written[row - pgr_rows] = *text != '\0';
    if (read_row(loader, row, text, &why))
        return;
    if (row->kind == PGR_KIND_DSN) /* it may hold a password */
        pgr_loader_fault(loader, origin, "%s.%s: %s", row->section, row->key, why.text);
    else
        pgr_loader_fault(loader, origin, "%s.%s = %s: %s", row->section, row->key,
                         pgr_shown(text).text, why.text);
}

void pgr_loader_refuse(struct pgr_loader *loader, struct pgr_origin origin, const char *section,
                       const char *key)
{
    struct pgr_why hint;
    struct pgr_shown section_shown = pgr_shown(section);
    struct pgr_shown key_shown = pgr_shown(key);
    if (pgr_row_is_later(section, key)) {
        pgr_loader_fault(loader, origin, "%s.%s is not in this version", section_shown.text,
                         key_shown.text);
        return;
    }
    pgr_row_suggest(section, key, &hint);
    pgr_loader_fault(loader, origin, "%s.%s is not a setting; %s", section_shown.text,
                     key_shown.text, hint.text);
}
