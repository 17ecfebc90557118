// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * log.h - one line per event, logfmt or JSON, to stderr.
 *
 * Why      `ts=… level=… event=… key=value …`: greppable, and the same fields in both formats.
 * Threads  any: a line is built on the caller's stack and written with one write(2).
 * Memory   none kept; a line is cut at 8 KiB (`…` marks the cut).
 * Errors   a line that cannot be written is lost.
 * Secrets  values never hold passwords: what comes from a DSN is redacted by its owner.
 */
#include "pgrecall/base/bytes.h"

enum pgr_log_level {
    PGR_LOG_ERROR,
    PGR_LOG_WARNING,
    PGR_LOG_INFO,
    PGR_LOG_DEBUG,
};

enum pgr_log_format {
    PGR_LOG_LOGFMT,
    PGR_LOG_JSON,
};

enum pgr_field_kind {
    PGR_FIELD_STR,
    PGR_FIELD_INT,
    PGR_FIELD_DEC, /* a decimal with 3 places, given in thousandths */
    PGR_FIELD_HEX, /* 16 hexadecimal digits: fingerprints */
};

struct pgr_field {
    const char *key;
    enum pgr_field_kind kind;
    const char *str;
    int64_t num;
};

#define pgr_f_str(k, v) ((struct pgr_field){(k), PGR_FIELD_STR, (v), 0})
#define pgr_f_int(k, v) ((struct pgr_field){(k), PGR_FIELD_INT, NULL, (int64_t)(v)})
#define pgr_f_dec(k, v) ((struct pgr_field){(k), PGR_FIELD_DEC, NULL, (int64_t)(v)})
#define pgr_f_hex(k, v) ((struct pgr_field){(k), PGR_FIELD_HEX, NULL, (int64_t)(v)})

/* The process-wide sink. Both may be called at any time from the control thread. */
void pgr_log_set_level(enum pgr_log_level level);
void pgr_log_set_format(enum pgr_log_format format);
bool pgr_log_is_on(enum pgr_log_level level);

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments" /* gcc has no such word */
#endif
/* pgr_log(PGR_LOG_INFO, "listening", pgr_f_str("address", a), pgr_f_int("port", p)); */
#define pgr_log(level, event, ...)                                                                 \
    do {                                                                                           \
        if (pgr_log_is_on(level)) {                                                                \
            const struct pgr_field pgr_log_fields[] = {{0}, ##__VA_ARGS__};                        \
            pgr_log_write((level), (event), pgr_log_fields + 1,                                    \
                          PGR_ARRAY_LEN(pgr_log_fields) - 1);                                      \
        }                                                                                          \
    } while (0)

void pgr_log_write(enum pgr_log_level level, const char *event, const struct pgr_field *fields,
                   size_t count);
/* Renders one line with its newline into out (always NUL-terminated); returns its length. */
size_t pgr_log_render(enum pgr_log_format format, enum pgr_log_level level, const char *event,
                      const struct pgr_field *fields, size_t count, uint64_t unix_ms, char *out,
                      size_t cap);
