// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * address_priv.h - socket addresses: made, printed, judged; and what every socket of ours has set.
 *
 * Threads  any.   Memory  the caller's.   Errors  see each.
 */
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pgrecall/base/err.h"

struct pgr_address {
    struct sockaddr_storage any;
    socklen_t len;
};

#define PGR_ADDRESS_TEXT 128

/* "127.0.0.1", "::1" or "unix"; at least PGR_ADDRESS_TEXT bytes. */
void pgr_address_host_text(const struct sockaddr *addr, char *out, size_t cap);
/* "127.0.0.1:5123", "[::1]:5123" or "unix". */
void pgr_address_text(const struct sockaddr *addr, char *out, size_t cap);
uint16_t pgr_address_port(const struct sockaddr *addr);
void pgr_address_set_port(struct sockaddr *addr, uint16_t port);
/* LIMIT when the path is longer than a socket's may be. */
enum pgr_err pgr_address_unix(struct pgr_address *out, const char *path) PGR_MUST_CHECK;
/* Copies at most max addresses of the list; returns how many. */
size_t pgr_address_copy(struct pgr_address *out, size_t max, const struct addrinfo *list);
/* Small answers at once, dead peers found within two minutes. Does nothing to a unix socket. */
void pgr_socket_tune(int fd);
