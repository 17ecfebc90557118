// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * output_priv.h - bytes on their way to one socket: copied ones gathered in chunks, blobs by
 *                 reference, in order.
 *
 * Threads  the loop's.
 * Memory   embedded; clear frees. An emptied standard chunk goes to *spare, from where the next
 *          writer of the loop takes it: a short answer costs no allocation.
 * Errors   put returns false when memory is short; then an unknown part was taken, and the stream
 *          must be given up.
 */
#include <sys/uio.h>

#include "pgrecall/base/blob.h"

/* One allocation, header included, of 16 KiB. */
#define PGR_CHUNK_LEN (((size_t)16 << 10) - sizeof(struct pgr_blob))
/* Shorter runs of a blob are copied: a reference would cost more. */
#define PGR_OUTPUT_COPY ((size_t)256)

struct pgr_segment {
    struct pgr_blob *blob; /* holds a reference */
    const uint8_t *at;
    size_t len;
};

struct pgr_output {
    struct pgr_segment *segments;
    size_t first;
    size_t count; /* from `first` */
    size_t cap;
    struct pgr_blob *chunk; /* where copies go, or NULL */
    size_t chunk_used;
    size_t pending;
};

bool pgr_output_put(struct pgr_output *out, struct pgr_bytes bytes, struct pgr_blob **spare);
bool pgr_output_put_blob(struct pgr_output *out, struct pgr_blob *blob, size_t offset, size_t len,
                         struct pgr_blob **spare);
/* Fills at most `max` elements with the front of the output; returns how many. */
size_t pgr_output_vector(const struct pgr_output *out, struct iovec *vector, size_t max);
/* The first len bytes are out. */
void pgr_output_consume(struct pgr_output *out, size_t len, struct pgr_blob **spare);
void pgr_output_clear(struct pgr_output *out);
