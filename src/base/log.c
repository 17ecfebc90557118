// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "log_priv.h"

#define LINE_MAX_BYTES ((size_t)8 << 10)
#define CUT_MARK       "\xE2\x80\xA6" /* … */
#define TAIL_ROOM      ((size_t)32)   /* mark, closing quote and brace, newline, NUL */

/* The only mutable state of the tree outside an object: there is one stderr. */
static _Atomic int sink_level = PGR_LOG_INFO;
static _Atomic int sink_format = PGR_LOG_LOGFMT;

void pgr_log_set_level(enum pgr_log_level level)
{
    atomic_store_explicit(&sink_level, (int)level, memory_order_relaxed);
}

void pgr_log_set_format(enum pgr_log_format format)
{
    atomic_store_explicit(&sink_format, (int)format, memory_order_relaxed);
}

bool pgr_log_is_on(enum pgr_log_level level)
{
    return (int)level <= atomic_load_explicit(&sink_level, memory_order_relaxed);
}

static const char *level_text(enum pgr_log_level level)
{
    switch (level) {
    case PGR_LOG_ERROR:
        return "error";
    case PGR_LOG_WARNING:
        return "warning";
    case PGR_LOG_INFO:
        return "info";
    case PGR_LOG_DEBUG:
        return "debug";
    }
    return "unknown";
}

struct line {
    struct pgr_log_text text;
    enum pgr_log_format format;
};

/* `key=` or `,"key":`; whole or not at all. */
static bool put_key(struct line *line, const char *key)
{
    bool is_first = line->text.len <= 1;
    if (line->format == PGR_LOG_JSON)
        return pgr_log_text_printf(&line->text, "%s\"%s\":", is_first ? "" : ",", key);
    return pgr_log_text_printf(&line->text, "%s%s=", line->text.len == 0 ? "" : " ", key);
}

/* A string may lose its end: then it carries the mark, written into the room kept for the tail. */
static void put_str(struct line *line, const char *key, const char *value)
{
    struct pgr_log_text *text = &line->text;
    size_t before = text->len;
    bool is_quoted = line->format == PGR_LOG_JSON || pgr_log_text_needs_quotes(value);
    if (!put_key(line, key) || (is_quoted && !pgr_log_text_put(text, "\"", 1))) {
        text->len = before;
        return;
    }
    pgr_log_text_escape(text, value);
    const char *tail = text->is_cut ? (is_quoted ? CUT_MARK "\"" : CUT_MARK)
                       : is_quoted  ? "\""
                                    : "";
    memcpy(text->out + text->len, tail, strlen(tail));
    text->len += strlen(tail);
}

/* A number stands whole or is left out with its key. */
static void put_raw(struct line *line, const char *key, const char *value)
{
    size_t before = line->text.len;
    if (!put_key(line, key) || !pgr_log_text_put(&line->text, value, strlen(value)))
        line->text.len = before;
}

static void put_dec(struct line *line, const char *key, int64_t thousandths)
{
    char word[32];
    uint64_t size = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
    snprintf(word, sizeof(word), "%s%" PRIu64 ".%03u", thousandths < 0 ? "-" : "", size / 1000,
             (unsigned)(size % 1000));
    put_raw(line, key, word);
}

static void put_field(struct line *line, const struct pgr_field *field)
{
    char word[32];
    switch (field->kind) {
    case PGR_FIELD_STR:
        if (field->str != NULL)
            put_str(line, field->key, field->str);
        break;
    case PGR_FIELD_INT:
        snprintf(word, sizeof(word), "%" PRId64, field->num);
        put_raw(line, field->key, word);
        break;
    case PGR_FIELD_DEC:
        put_dec(line, field->key, field->num);
        break;
    case PGR_FIELD_HEX:
        snprintf(word, sizeof(word), "%016" PRIx64, (uint64_t)field->num);
        put_str(line, field->key, word);
        break;
    }
}

static void put_time(struct line *line, uint64_t unix_ms)
{
    struct tm tm = {0};
    char date[32];
    char word[48];
    time_t seconds = (time_t)(unix_ms / 1000);
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(word, sizeof(word), "%s.%03uZ", date, (unsigned)(unix_ms % 1000));
    put_str(line, "ts", word);
}

/* TAIL_ROOM was kept free for this. */
static size_t finish(struct line *line, bool is_marked)
{
    struct pgr_log_text *text = &line->text;
    bool is_json = line->format == PGR_LOG_JSON;
    const char *mark = is_json ? ",\"cut\":\"" CUT_MARK "\"" : " " CUT_MARK;
    char *end = text->out + text->len;
    if (text->is_cut && !is_marked)
        end = stpcpy(end, mark);
    end = stpcpy(end, is_json ? "}\n" : "\n");
    return (size_t)(end - text->out);
}

size_t pgr_log_render(enum pgr_log_format format, enum pgr_log_level level, const char *event,
                      const struct pgr_field *fields, size_t count, uint64_t unix_ms, char *out,
                      size_t cap)
{
    /* The head must fit whole: no caller has a reason to offer less. */
    PGR_ASSERT(cap >= 128);
    struct line line = {{out, 0, cap - TAIL_ROOM, false}, format};
    if (format == PGR_LOG_JSON)
        pgr_log_text_put(&line.text, "{", 1);
    put_time(&line, unix_ms);
    put_str(&line, "level", level_text(level));
    put_str(&line, "event", event);
    size_t before = 0;
    for (size_t i = 0; i < count && !line.text.is_cut; i++) {
        before = line.text.len;
        put_field(&line, &fields[i]);
    }
    bool is_marked = line.text.is_cut && line.text.len > before;
    return finish(&line, is_marked);
}

void pgr_log_write(enum pgr_log_level level, const char *event, const struct pgr_field *fields,
                   size_t count)
{
    char out[LINE_MAX_BYTES];
    int errno_before = errno;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t unix_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    enum pgr_log_format format =
        (enum pgr_log_format)atomic_load_explicit(&sink_format, memory_order_relaxed);
    size_t len = pgr_log_render(format, level, event, fields, count, unix_ms, out, sizeof(out));
    ssize_t written;
    do {
        written = write(STDERR_FILENO, out, len);
    } while (written < 0 && errno == EINTR);
    errno = errno_before;
}
