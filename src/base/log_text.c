// SPDX-License-Identifier: PostgreSQL
#include "log_priv.h"

#include <stdarg.h>
#include <stdio.h>

bool pgr_log_text_put(struct pgr_log_text *text, const char *data, size_t len)
{
    if (text->is_cut || len > text->cap - text->len) {
        text->is_cut = true;
        return false;
    }
    memcpy(text->out + text->len, data, len);
    text->len += len;
    return true;
}

bool pgr_log_text_printf(struct pgr_log_text *text, const char *format, ...)
{
    char word[128];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(word, sizeof(word), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(word)) {
        text->is_cut = true;
        return false;
    }
    return pgr_log_text_put(text, word, (size_t)len);
}

struct rune {
    uint32_t code;
    unsigned size; /* bytes it takes; 1 when invalid */
    bool is_valid;
};

static struct rune invalid_byte(void)
{
    return (struct rune){0xFFFD, 1, false};
}

/* Decodes one character of a NUL-terminated string (the NUL is no continuation byte). */
static struct rune rune_at(const unsigned char *s)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s[0] < 0x80)
        return (struct rune){s[0], 1, true};
    unsigned size = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return invalid_byte();
    uint32_t code = s[0] & (0x7FU >> size);
    for (unsigned i = 1; i < size; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return invalid_byte();
        code = code << 6 | (s[i] & 0x3FU);
    }
    bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least[size] || code > 0x10FFFF || is_surrogate)
        return invalid_byte();
    return (struct rune){code, size, true};
}

/* Controls of ASCII and Latin-1, and Unicode's own line and paragraph separators. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

static void escape_rune(struct pgr_log_text *text, const char *s, struct rune rune)
{
    if (rune.code == '"' || rune.code == '\\')
        pgr_log_text_printf(text, "\\%c", (char)rune.code);
    else if (rune.code == '\n')
        pgr_log_text_put(text, "\\n", 2);
    else if (rune.code == '\t')
        pgr_log_text_put(text, "\\t", 2);
    else if (!rune.is_valid || is_control(rune.code))
        pgr_log_text_printf(text, "\\u%04x", (unsigned)rune.code);
    else
        pgr_log_text_put(text, s, rune.size);
}

void pgr_log_text_escape(struct pgr_log_text *text, const char *s)
{
    while (*s != '\0' && !text->is_cut) {
        struct rune rune = rune_at((const unsigned char *)s);
        escape_rune(text, s, rune);
        s += rune.size;
    }
}

bool pgr_log_text_needs_quotes(const char *s)
{
    if (*s == '\0')
        return true;
    while (*s != '\0') {
        struct rune rune = rune_at((const unsigned char *)s);
        if (!rune.is_valid || is_control(rune.code) || rune.code == ' ' || rune.code == '"' ||
            rune.code == '\\' || rune.code == '=')
            return true;
        s += rune.size;
    }
    return false;
}
