// SPDX-License-Identifier: PostgreSQL
#include "ini_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "pgrecall/base/mem.h"

/*
 * inih pulls lines through read_line() and pushes keys through on_ini_pair(). The reader judges
 * each line first, shows inih only what inih reads rightly (one line for one, so that line numbers
 * agree), and keeps the whole line: values are cut out of that, whatever inih's own limit.
 */
struct feed {
    struct pgr_bytes rest;
    unsigned line;
    const struct pgr_ini_events *events;
    void *arg;
    bool is_pair_due;    /* inih was shown a line that should become a key and a value */
    bool in_bad_section; /* its keys belong nowhere: one fault is enough */
    bool has_fault;
    char text[PGR_INI_LINE_MAX + 1]; /* the line, without space around it */
};

static void fault(struct feed *feed, unsigned line, const char *what)
{
    feed->has_fault = true;
    feed->events->on_fault(feed->arg, line, what);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct pgr_bytes trim(struct pgr_bytes bytes)
{
    while (bytes.len > 0 && is_space(bytes.at[bytes.len - 1]))
        bytes.len--;
    while (bytes.len > 0 && is_space(bytes.at[0])) {
        bytes.at++;
        bytes.len--;
    }
    return bytes;
}

static struct pgr_bytes take_line(struct feed *feed)
{
    const uint8_t *newline = memchr(feed->rest.at, '\n', feed->rest.len);
    size_t len = newline ? (size_t)(newline - feed->rest.at) + 1 : feed->rest.len;
    struct pgr_bytes line = PGR_BYTES(feed->rest.at, len);
    feed->rest = PGR_BYTES(feed->rest.at + len, feed->rest.len - len);
    feed->line++;
    return trim(line);
}

/* A `;` after white space begins a comment, as in inih. */
static size_t len_before_comment(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == ';' && i > 0 && is_space((uint8_t)text[i - 1]))
            return i;
    }
    return strlen(text);
}

/* Copies the name between the brackets; false after a fault. */
static bool read_section(struct feed *feed, char *name, size_t cap)
{
    const char *close = strchr(feed->text, ']');
    if (close == NULL) {
        fault(feed, feed->line, "`]` is missing");
        return false;
    }
    struct pgr_bytes rest = trim(pgr_bytes_str(close + 1));
    if (rest.len > 0 && rest.at[0] != ';' && rest.at[0] != '#') {
        fault(feed, feed->line, "nothing but a comment may follow `]`");
        return false;
    }
    struct pgr_bytes inner = trim(PGR_BYTES(feed->text + 1, (size_t)(close - feed->text) - 1));
    if (inner.len == 0 || inner.len >= cap || memchr(inner.at, ';', inner.len) != NULL) {
        fault(feed, feed->line,
              inner.len == 0     ? "a section needs a name"
              : inner.len >= cap ? "a section's name has at most 48 bytes"
                                 : "a section's name may not hold `;`");
        return false;
    }
    snprintf(name, cap, "%.*s", (int)inner.len, (const char *)inner.at);
    return true;
}

/* What inih is shown for the line in feed->text. */
static void show_line(struct feed *feed, char *out, size_t cap)
{
    char section[PGR_INI_SECTION_MAX + 1];
    snprintf(out, cap, "\n");
    switch (feed->text[0]) {
    case '\0':
    case ';':
    case '#':
        return;
    case '[':
        feed->in_bad_section = !read_section(feed, section, sizeof(section));
        if (feed->in_bad_section)
            return;
        feed->events->on_section(feed->arg, feed->line, section);
        snprintf(out, cap, "[%s]\n", section);
        return;
    default:
        /* An over-long line must still end in a newline, or inih counts its rest as another. */
        snprintf(out, cap, "%.*s\n", (int)cap - 2, feed->text);
        feed->is_pair_due = true;
    }
}

static const char *what_is_wrong(struct pgr_bytes line)
{
    if (memchr(line.at, '\0', line.len) != NULL)
        return "the line holds a NUL byte; is the file UTF-8 text?";
    if (line.len > PGR_INI_LINE_MAX)
        return "the line is longer than 8 kB";
    return NULL;
}

static void end_line(struct feed *feed)
{
    if (feed->is_pair_due && !feed->in_bad_section)
        fault(feed, feed->line, "a line is `key = value`, and here is no `=`");
    feed->is_pair_due = false;
}

static char *read_line(char *out, int cap, void *stream)
{
    struct feed *feed = stream;
    PGR_ASSERT(cap > (int)PGR_INI_SECTION_MAX + 4);
    end_line(feed);
    if (feed->rest.len == 0)
        return NULL;
    struct pgr_bytes line = take_line(feed);
    const char *wrong = line.len > 0 ? what_is_wrong(line) : NULL;
    bool is_comment = line.len > 0 && (line.at[0] == ';' || line.at[0] == '#');
    if (wrong != NULL && !is_comment)
        fault(feed, feed->line, wrong);
    if (wrong != NULL)
        line.len = 0;
    if (line.len > 0)
        memcpy(feed->text, line.at, line.len);
    feed->text[line.len] = '\0';
    show_line(feed, out, (size_t)cap);
    return out;
}

/* Cuts feed->text to the value behind its first `=` or `:`, which inih has found too. */
static const char *cut_value(struct feed *feed)
{
    char *value = feed->text + strcspn(feed->text, "=:");
    value += *value != '\0';
    value[len_before_comment(value)] = '\0';
    struct pgr_bytes trimmed = trim(pgr_bytes_str(value));
    value = (char *)trimmed.at;
    value[trimmed.len] = '\0';
    return value;
}

static int on_ini_pair(void *user, const char *section, const char *name, const char *value)
{
    struct feed *feed = user;
    /* Builds of inih may also tell of sections, and of words without `=`: the reader does. */
    if (name == NULL || value == NULL)
        return 1;
    feed->is_pair_due = false;
    if (feed->in_bad_section)
        return 1;
    value = cut_value(feed);
    if (*section == '\0')
        fault(feed, feed->line, "a key stands before any [section]");
    else if (*name == '\0')
        fault(feed, feed->line, "a key is missing before `=`");
    else if (*value == '"')
        fault(feed, feed->line, "values are written without quotation marks");
    else
        feed->events->on_pair(feed->arg, feed->line, name, value);
    return 1;
}

static struct pgr_bytes skip_byte_order_mark(struct pgr_bytes text)
{
    if (text.len >= 3 && memcmp(text.at, "\xEF\xBB\xBF", 3) == 0)
        return PGR_BYTES(text.at + 3, text.len - 3);
    return text;
}

void pgr_ini_parse(struct pgr_bytes text, const struct pgr_ini_events *events, void *arg)
{
    struct feed *feed = pgr_new(struct feed);
    feed->rest = skip_byte_order_mark(text);
    feed->events = events;
    feed->arg = arg;
    int result = ini_parse_stream(read_line, feed, on_ini_pair, feed);
    if (result < 0)
        fault(feed, 0, "memory is short");
    else if (result > 0 && !feed->has_fault)
        fault(feed, (unsigned)result, "the line is not understood");
    pgr_free(feed);
}

static bool read_all(int fd, struct pgr_buf *out, struct pgr_why *why)
{
    const size_t step = (size_t)16 << 10;
    ssize_t got;
    while (pgr_buf_len(out) <= PGR_INI_FILE_MAX) {
        uint8_t *to = pgr_buf_reserve(out, step);
        if (to == NULL) {
            pgr_why_set(why, "memory is short");
            return false;
        }
        do {
            got = read(fd, to, step);
        } while (got < 0 && errno == EINTR);
        if (got < 0)
            pgr_why_set(why, "%s", strerror(errno));
        if (got <= 0)
            return got == 0;
        pgr_buf_commit(out, (size_t)got);
    }
    pgr_why_set(why, "the file is larger than 1 MB");
    return false;
}

bool pgr_ini_read_file(const char *path, struct pgr_buf *out, struct pgr_why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        pgr_why_set(why, "%s", strerror(errno));
        return false;
    }
    bool is_read = read_all(fd, out, why);
    close(fd);
    return is_read;
}
