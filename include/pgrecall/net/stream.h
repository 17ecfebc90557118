// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * stream.h - one connected byte stream (TCP or unix socket) with a peekable input and a bounded,
 *            counted output.
 *
 * Why      the session looks at headers in place and orders what to forward; it owns no socket.
 *          Writes made during one turn of the loop leave in one writev at its end.
 * Threads  the loop's.
 * Memory   created by connect or adopt, ended by pgr_stream_close(), which takes the pointer: no
 *          callback comes afterwards (with PGR_CLOSE_FLUSH the stream lingers by itself until its
 *          output is out and the peer has closed too, at most 5 s: a close over unread input would
 *          reset the connection and destroy what is on its way). Input is one buffer that grows to
 *          what pgr_stream_want() asked for, 64 KiB otherwise; it takes no memory while empty.
 * Errors   reported once through on_closed; after that writes are dropped.
 */
#include <sys/socket.h>

#include "pgrecall/base/blob.h"
#include "pgrecall/net/loop.h"

struct pgr_stream;

/* TCP host and port, or the path of a unix socket. */
struct pgr_endpoint {
    const char *host;      /* name or address; NULL for a unix socket */
    const char *unix_path; /* whole path of the socket, or NULL */
    uint16_t port;
};

struct pgr_stream_events {
    /* New input, or room for more processing after pgr_stream_resume(). */
    void (*on_input)(void *arg);
    /* The output fell below the low watermark (64 KiB) after having been above the high one. */
    void (*on_drained)(void *arg);
    /* EOF (err == 0) or failure (errno value); all input was reported before. Once. */
    void (*on_closed)(void *arg, int err);
};

#define PGR_STREAM_HIGH ((size_t)256 << 10)
#define PGR_STREAM_LOW  ((size_t)64 << 10)

/* Takes over a connected descriptor. Reading starts at once (the first on_input comes later). */
struct pgr_stream *pgr_stream_adopt(struct pgr_loop *loop, int fd,
                                    const struct pgr_stream_events *events, void *arg);

/*
 * Resolves (off the loop) and connects, trying each address in turn within timeout_ms. Returns at
 * once; on_connected(arg, 0) or (arg, errno; text says what) comes once. Input and writes are
 * allowed from on_connected on. The endpoint is copied.
 */
typedef void pgr_stream_connected_fn(void *arg, int err, const char *text);
struct pgr_stream *pgr_stream_connect(struct pgr_loop *loop, const struct pgr_endpoint *endpoint,
                                      uint64_t timeout_ms, const struct pgr_stream_events *events,
                                      pgr_stream_connected_fn *on_connected, void *arg);

enum pgr_close_how {
    PGR_CLOSE_NOW,
    PGR_CLOSE_FLUSH,
};
/* NULLs *stream; NULL is allowed. Safe inside any of its own callbacks. */
void pgr_stream_close(struct pgr_stream **stream, enum pgr_close_how how);

/* Unread input; valid until the next consume, want or return to the loop. */
struct pgr_bytes pgr_stream_input(const struct pgr_stream *stream);
void pgr_stream_consume(struct pgr_stream *stream, size_t len);
/* The input buffer shall be able to hold `len` bytes (at most 1 MiB): a whole message is awaited.
 */
void pgr_stream_want(struct pgr_stream *stream, size_t len);
/* Stops and restarts reading the socket; resume also reports unread input again (on a later turn).
 */
void pgr_stream_pause(struct pgr_stream *stream);
void pgr_stream_resume(struct pgr_stream *stream);
bool pgr_stream_is_paused(const struct pgr_stream *stream);

/* Copies. Memory exhaustion closes the stream (on_closed with ENOMEM, on a later turn). */
void pgr_stream_write(struct pgr_stream *stream, struct pgr_bytes bytes);
/* Without a copy: holds its own reference to the blob until the bytes are out. */
void pgr_stream_write_blob(struct pgr_stream *stream, struct pgr_blob *blob, size_t offset,
                           size_t len);
/* Bytes accepted and not yet taken by the kernel. */
size_t pgr_stream_pending(const struct pgr_stream *stream);
/* pending() above PGR_STREAM_HIGH: the writer should wait for on_drained. */
bool pgr_stream_is_full(const struct pgr_stream *stream);

/* The peer is on this machine: loopback address or unix socket. */
bool pgr_stream_is_local(const struct pgr_stream *stream);
/* "127.0.0.1:5123", "[::1]:5123" or "unix"; static storage inside the stream. */
const char *pgr_stream_peer(const struct pgr_stream *stream);
/* Pure core of is_local, for tests. */
bool pgr_sockaddr_is_local(const struct sockaddr *addr);
