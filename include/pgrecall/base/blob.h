// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * blob.h - immutable bytes with a reference count: what may cross lifetimes and threads.
 *
 * Threads  ref/unref from any; the bytes are written only before the blob is shared.
 * Memory   one allocation; the last unref frees.
 * Errors   create returns NULL when memory is short.
 */
#include <stdatomic.h>

#include "pgrecall/base/bytes.h"

struct pgr_blob {
    _Atomic uint32_t refs;
    size_t len;
    uint8_t data[];
};

struct pgr_blob *pgr_blob_create(size_t len); /* uninitialised bytes, one reference */
struct pgr_blob *pgr_blob_copy(struct pgr_bytes bytes);
struct pgr_blob *pgr_blob_ref(struct pgr_blob *blob);
void pgr_blob_unref(struct pgr_blob *blob); /* NULL is allowed */
