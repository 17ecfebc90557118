// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * listener.h - a listening socket that hands out accepted descriptors.
 *
 * Why      one listener accepts and gives each descriptor to the worker with the fewest sessions
 *          (design 10); choosing is the caller's.
 * Threads  the loop's.
 * Memory   owned by the caller; close takes the pointer and unlinks a unix socket it made.
 * Errors   open says what failed in `text`: "127.0.0.1:6433: Address already in use".
 */
#include "pgrecall/net/stream.h"

struct pgr_listener;

/* The receiver owns fd (non-blocking, close-on-exec, TCP_NODELAY and keepalive set). */
typedef void pgr_accept_fn(void *arg, int fd);

/* A unix path has mode 0777 (as PostgreSQL's default); a stale socket file is replaced, one in use
 * is not. */
enum pgr_err pgr_listener_open(struct pgr_loop *loop, const struct pgr_endpoint *endpoint,
                               pgr_accept_fn *fn, void *arg, struct pgr_listener **out, char *text,
                               size_t text_cap) PGR_MUST_CHECK;
/* The port bound (asked with 0), or 0 for a unix socket. */
uint16_t pgr_listener_port(const struct pgr_listener *listener);
void pgr_listener_close(struct pgr_listener **listener);

/*
 * "ADDR[:PORT]", "[V6]:PORT", ":PORT", "*:PORT" or "/dir/or/socket[:PORT]" -> endpoint. A path that
 * does not end in .s.PGSQL.N names a directory, the socket in it is .s.PGSQL.<port>. A port alone
 * means 127.0.0.1; "*" means every address, and stays "*" in the endpoint. `storage` receives the
 * strings. Returns INVALID with a sentence in text.
 */
enum pgr_err pgr_endpoint_parse(const char *word, uint16_t default_port, char *storage,
                                size_t storage_cap, struct pgr_endpoint *out, char *text,
                                size_t text_cap) PGR_MUST_CHECK;
