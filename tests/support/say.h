// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * say.h - messages of both sides, written as words: fe_ from the client, be_ from the server.
 *
 * Why      a script reads as a conversation; the bytes are made here, independently of src/wire.
 * Threads  one.
 * Memory   messages live until say_forget(), or the process's end.
 * Errors   none.
 */
#include "pgrecall/base/bytes.h"

/*
 * A message of this type (0: none, as in a startup packet). Format, one letter an argument:
 * s string with its NUL, 1 2 4 unsigned of as many bytes, b struct pgr_bytes as they are.
 */
struct pgr_bytes say(uint8_t type, const char *format, ...);
/* All of them in one run. */
struct pgr_bytes say_all(const struct pgr_bytes *parts, size_t count);
#define SAY(...)                                                                                   \
    say_all((const struct pgr_bytes[]){__VA_ARGS__},                                               \
            sizeof((const struct pgr_bytes[]){__VA_ARGS__}) / sizeof(struct pgr_bytes))
void say_forget(void);
/* `len` bytes of filling that is not all the same. */
struct pgr_bytes say_filling(size_t len);

struct pgr_bytes fe_startup(const char *user, const char *database);
struct pgr_bytes fe_query(const char *text);
struct pgr_bytes fe_parse(const char *name, const char *text);
struct pgr_bytes fe_bind(const char *portal, const char *statement);
/* One parameter, as text. */
struct pgr_bytes fe_bind_value(const char *portal, const char *statement, struct pgr_bytes value);
struct pgr_bytes fe_describe(char kind, const char *name);
struct pgr_bytes fe_execute(const char *portal, uint32_t max_rows);
struct pgr_bytes fe_close(char kind, const char *name);
struct pgr_bytes fe_sync(void);
struct pgr_bytes fe_flush(void);
struct pgr_bytes fe_terminate(void);
struct pgr_bytes fe_copy_data(const char *text);
struct pgr_bytes fe_copy_done(void);
struct pgr_bytes fe_copy_fail(const char *why);

struct pgr_bytes be_auth(uint32_t code);
struct pgr_bytes be_parameter(const char *name, const char *value);
struct pgr_bytes be_key(uint32_t pid, uint32_t secret);
struct pgr_bytes be_ready(char status);
struct pgr_bytes be_parsed(void);
struct pgr_bytes be_bound(void);
struct pgr_bytes be_closed(void);
struct pgr_bytes be_no_data(void);
struct pgr_bytes be_suspended(void);
struct pgr_bytes be_empty_query(void);
struct pgr_bytes be_columns(const char *name); /* one, text */
struct pgr_bytes be_row(const char *value);    /* of one column */
struct pgr_bytes be_row_of(struct pgr_bytes value);
struct pgr_bytes be_complete(const char *tag);
struct pgr_bytes be_error(const char *severity, const char *sqlstate, const char *text);
struct pgr_bytes be_notice(const char *text);
struct pgr_bytes be_notification(const char *channel);
struct pgr_bytes be_copy_in(void);
