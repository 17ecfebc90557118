// SPDX-License-Identifier: PostgreSQL
#include "output_priv.h"

#include "pgrecall/base/mem.h"

#define FIRST_SEGMENTS ((size_t)8)
#define KEEP_SEGMENTS  ((size_t)64)

static bool make_segment_room(struct pgr_output *out)
{
    if (out->first + out->count < out->cap)
        return true;
    if (out->first > out->count) {
        memmove(out->segments, out->segments + out->first, out->count * sizeof(out->segments[0]));
        out->first = 0;
        return true;
    }
    size_t cap = out->cap ? out->cap * 2 : FIRST_SEGMENTS;
    struct pgr_segment *segments = pgr_try_realloc(out->segments, cap * sizeof(segments[0]));
    if (segments == NULL)
        return false;
    out->segments = segments;
    out->cap = cap;
    return true;
}

static struct pgr_segment *last_segment(struct pgr_output *out)
{
    return out->count ? &out->segments[out->first + out->count - 1] : NULL;
}

/* Adds a run of the blob's bytes, prolonging the last segment when it continues there. */
static bool append(struct pgr_output *out, struct pgr_blob *blob, const uint8_t *at, size_t len)
{
    struct pgr_segment *last = last_segment(out);
    if (last != NULL && last->blob == blob && last->at + last->len == at) {
        last->len += len;
        out->pending += len;
        return true;
    }
    if (!make_segment_room(out))
        return false;
    out->segments[out->first + out->count++] = (struct pgr_segment){pgr_blob_ref(blob), at, len};
    out->pending += len;
    return true;
}

static bool start_chunk(struct pgr_output *out, size_t len, struct pgr_blob **spare)
{
    struct pgr_blob *chunk = NULL;
    if (len <= PGR_CHUNK_LEN && *spare != NULL) {
        chunk = *spare;
        *spare = NULL;
    } else {
        chunk = pgr_blob_create(len > PGR_CHUNK_LEN ? len : PGR_CHUNK_LEN);
    }
    if (chunk == NULL)
        return false;
    pgr_blob_unref(out->chunk);
    out->chunk = chunk;
    out->chunk_used = 0;
    return true;
}

/* Copies what fits into the current chunk; returns how much, or SIZE_MAX if that failed. */
static size_t fill_chunk(struct pgr_output *out, struct pgr_bytes bytes)
{
    size_t room = out->chunk ? out->chunk->len - out->chunk_used : 0;
    size_t len = bytes.len < room ? bytes.len : room;
    if (len == 0)
        return 0;
    uint8_t *to = out->chunk->data + out->chunk_used;
    memcpy(to, bytes.at, len);
    out->chunk_used += len;
    return append(out, out->chunk, to, len) ? len : SIZE_MAX;
}

bool pgr_output_put(struct pgr_output *out, struct pgr_bytes bytes, struct pgr_blob **spare)
{
    size_t len = fill_chunk(out, bytes);
    if (len == SIZE_MAX)
        return false;
    if (len == bytes.len)
        return true;
    struct pgr_bytes rest = {bytes.at + len, bytes.len - len};
    return start_chunk(out, rest.len, spare) && fill_chunk(out, rest) == rest.len;
}

bool pgr_output_put_blob(struct pgr_output *out, struct pgr_blob *blob, size_t offset, size_t len,
                         struct pgr_blob **spare)
{
    PGR_ASSERT(offset <= blob->len && len <= blob->len - offset);
    if (len <= PGR_OUTPUT_COPY)
        return pgr_output_put(out, PGR_BYTES(blob->data + offset, len), spare);
    return append(out, blob, blob->data + offset, len);
}

size_t pgr_output_vector(const struct pgr_output *out, struct iovec *vector, size_t max)
{
    size_t count = out->count < max ? out->count : max;
    for (size_t i = 0; i < count; i++) {
        const struct pgr_segment *segment = &out->segments[out->first + i];
        vector[i].iov_base = (void *)segment->at; /* only read from */
        vector[i].iov_len = segment->len;
    }
    return count;
}

/* No segment is left, so the chunk is ours alone. */
static void rest(struct pgr_output *out, struct pgr_blob **spare)
{
    out->first = 0;
    if (out->cap > KEEP_SEGMENTS) {
        pgr_free(out->segments);
        out->segments = NULL;
        out->cap = 0;
    }
    if (out->chunk != NULL && out->chunk->len == PGR_CHUNK_LEN && *spare == NULL)
        *spare = out->chunk;
    else
        pgr_blob_unref(out->chunk);
    out->chunk = NULL;
}

void pgr_output_consume(struct pgr_output *out, size_t len, struct pgr_blob **spare)
{
    PGR_ASSERT(len <= out->pending);
    out->pending -= len;
    while (len > 0) {
        struct pgr_segment *segment = &out->segments[out->first];
        if (len < segment->len) {
            segment->at += len;
            segment->len -= len;
            return;
        }
        len -= segment->len;
        pgr_blob_unref(segment->blob);
        out->first++;
        out->count--;
    }
    if (out->count == 0)
        rest(out, spare);
}

void pgr_output_clear(struct pgr_output *out)
{
    for (size_t i = 0; i < out->count; i++)
        pgr_blob_unref(out->segments[out->first + i].blob);
    pgr_free(out->segments);
    pgr_blob_unref(out->chunk);
    *out = (struct pgr_output){0};
}
