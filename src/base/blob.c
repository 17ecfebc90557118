// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/blob.h"

#include "pgrecall/base/mem.h"

struct pgr_blob *pgr_blob_create(size_t len)
{
    if (len > SIZE_MAX - sizeof(struct pgr_blob))
        return NULL;
    struct pgr_blob *blob = pgr_try_alloc(sizeof(*blob) + len);
    if (blob == NULL)
        return NULL;
    atomic_init(&blob->refs, 1);
    blob->len = len;
    return blob;
}

struct pgr_blob *pgr_blob_copy(struct pgr_bytes bytes)
{
    struct pgr_blob *blob = pgr_blob_create(bytes.len);
    if (blob != NULL && bytes.len > 0)
        memcpy(blob->data, bytes.at, bytes.len);
    return blob;
}

struct pgr_blob *pgr_blob_ref(struct pgr_blob *blob)
{
    uint32_t before = atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return blob;
}

void pgr_blob_unref(struct pgr_blob *blob)
{
    if (blob == NULL)
        return;
    /* Release: our reads happen before the free; acquire: the freeing thread sees them all. */
    uint32_t before = atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before == 1)
        pgr_free(blob);
}
