// SPDX-License-Identifier: PostgreSQL
#include "say.h"

#include <stdarg.h>
#include <stdlib.h>

/* What was said, to be freed together. */
struct said {
    struct said *before;
    uint8_t bytes[];
};

static struct said *all_said;

static uint8_t *room(size_t len)
{
    struct said *s = malloc(sizeof(*s) + len + 1);
    PGR_ASSERT(s != NULL);
    s->before = all_said;
    all_said = s;
    return s->bytes;
}

void say_forget(void)
{
    while (all_said != NULL) {
        struct said *s = all_said;
        all_said = s->before;
        free(s);
    }
}

static size_t put_number(uint8_t *at, uint32_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> 8 * (width - 1 - i));
    return width;
}

/* Writes one part; at == NULL only measures. */
static size_t put_part(char letter, va_list *args, uint8_t *at)
{
    if (letter == 's' || letter == 'b') {
        struct pgr_bytes bytes = {0};
        if (letter == 's') {
            const char *text = va_arg(*args, const char *);
            bytes = PGR_BYTES(text, strlen(text) + 1);
        } else {
            bytes = va_arg(*args, struct pgr_bytes);
        }
        if (at != NULL && bytes.len > 0)
            memcpy(at, bytes.at, bytes.len);
        return bytes.len;
    }
    size_t width = (size_t)(letter - '0');
    uint32_t value = va_arg(*args, uint32_t);
    return at ? put_number(at, value, width) : width;
}

struct pgr_bytes say(uint8_t type, const char *format, ...)
{
    va_list measured;
    va_list written;
    va_start(measured, format);
    va_copy(written, measured);
    size_t len = 4;
    for (const char *f = format; *f; f++)
        len += put_part(*f, &measured, NULL);
    uint8_t *start = room(len + 1);
    uint8_t *at = start;
    if (type != 0)
        *at++ = type;
    at += put_number(at, (uint32_t)len, 4);
    for (const char *f = format; *f; f++)
        at += put_part(*f, &written, at);
    va_end(written);
    va_end(measured);
    return PGR_BYTES(start, (size_t)(at - start));
}

struct pgr_bytes say_all(const struct pgr_bytes *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    uint8_t *start = room(len);
    uint8_t *at = start;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].at, parts[i].len);
        at += parts[i].len;
    }
    return PGR_BYTES(start, len);
}

struct pgr_bytes say_filling(size_t len)
{
    uint8_t *start = room(len);
    for (size_t i = 0; i < len; i++)
        start[i] = (uint8_t)('a' + (i * 7 + i / 251) % 26);
    return PGR_BYTES(start, len);
}

/* ---- the client ---- */

struct pgr_bytes fe_startup(const char *user, const char *database)
{
    return say(0, "4ssss1", 0x30000u, "user", user, "database", database, 0u);
}

struct pgr_bytes fe_query(const char *text)
{
    return say('Q', "s", text);
}

struct pgr_bytes fe_parse(const char *name, const char *text)
{
    return say('P', "ss2", name, text, 0u);
}

struct pgr_bytes fe_bind(const char *portal, const char *statement)
{
    return say('B', "ss222", portal, statement, 0u, 0u, 0u);
}

struct pgr_bytes fe_bind_value(const char *portal, const char *statement, struct pgr_bytes value)
{
    return say('B', "ss224b2", portal, statement, 0u, 1u, (uint32_t)value.len, value, 0u);
}

struct pgr_bytes fe_describe(char kind, const char *name)
{
    return say('D', "1s", (uint32_t)kind, name);
}

struct pgr_bytes fe_execute(const char *portal, uint32_t max_rows)
{
    return say('E', "s4", portal, max_rows);
}

struct pgr_bytes fe_close(char kind, const char *name)
{
    return say('C', "1s", (uint32_t)kind, name);
}

struct pgr_bytes fe_sync(void)
{
    return say('S', "");
}

struct pgr_bytes fe_flush(void)
{
    return say('H', "");
}

struct pgr_bytes fe_terminate(void)
{
    return say('X', "");
}

struct pgr_bytes fe_copy_data(const char *text)
{
    return say('d', "b", pgr_bytes_str(text));
}

struct pgr_bytes fe_copy_done(void)
{
    return say('c', "");
}

struct pgr_bytes fe_copy_fail(const char *why)
{
    return say('f', "s", why);
}

/* ---- the server ---- */

struct pgr_bytes be_auth(uint32_t code)
{
    return say('R', "4", code);
}

struct pgr_bytes be_parameter(const char *name, const char *value)
{
    return say('S', "ss", name, value);
}

struct pgr_bytes be_key(uint32_t pid, uint32_t secret)
{
    return say('K', "44", pid, secret);
}

struct pgr_bytes be_ready(char status)
{
    return say('Z', "1", (uint32_t)status);
}

struct pgr_bytes be_parsed(void)
{
    return say('1', "");
}

struct pgr_bytes be_bound(void)
{
    return say('2', "");
}

struct pgr_bytes be_closed(void)
{
    return say('3', "");
}

struct pgr_bytes be_no_data(void)
{
    return say('n', "");
}

struct pgr_bytes be_suspended(void)
{
    return say('s', "");
}

struct pgr_bytes be_empty_query(void)
{
    return say('I', "");
}

struct pgr_bytes be_columns(const char *name)
{
    return say('T', "2s424242", 1u, name, 16400u, 2u, 25u, 0xffffu, 0xffffffffu, 0u);
}

struct pgr_bytes be_row_of(struct pgr_bytes value)
{
    return say('D', "24b", 1u, (uint32_t)value.len, value);
}

struct pgr_bytes be_row(const char *value)
{
    return be_row_of(pgr_bytes_str(value));
}

struct pgr_bytes be_complete(const char *tag)
{
    return say('C', "s", tag);
}

struct pgr_bytes be_error(const char *severity, const char *sqlstate, const char *text)
{
    return say('E', "1s1s1s1s1", (uint32_t)'S', severity, (uint32_t)'V', severity, (uint32_t)'C',
               sqlstate, (uint32_t)'M', text, 0u);
}

struct pgr_bytes be_notice(const char *text)
{
    return say('N', "1s1s1s1s1", (uint32_t)'S', "NOTICE", (uint32_t)'V', "NOTICE", (uint32_t)'C',
               "00000", (uint32_t)'M', text, 0u);
}

struct pgr_bytes be_notification(const char *channel)
{
    return say('A', "4ss", 4711u, channel, "");
}

struct pgr_bytes be_copy_in(void)
{
    return say('G', "122", 0u, 1u, 0u);
}
