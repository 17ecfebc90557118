// SPDX-License-Identifier: PostgreSQL
#include "sink_priv.h"

#include "pgrecall/base/hash.h"

void pgr_sink_init(struct pgr_sink *sink, char *normal, size_t cap)
{
    sink->used = 0;
    sink->normal = normal;
    sink->cap = normal ? cap : 0;
    sink->len = 0;
    sink->is_cut = false;
}

static void keep(struct pgr_sink *sink, const uint8_t *data, size_t len)
{
    size_t room = sink->cap - sink->len;
    if (len > room) {
        len = room;
        sink->is_cut = true;
    }
    if (len > 0)
        memcpy(sink->normal + sink->len, data, len);
    sink->len += len;
}

/* A full block becomes the first bytes of the next one. */
static void fold_block(struct pgr_sink *sink)
{
    uint64_t hash = pgr_hash64(PGR_BYTES(sink->block, sink->used));
    memcpy(sink->block, &hash, sizeof(hash));
    sink->used = sizeof(hash);
}

void pgr_sink_put(struct pgr_sink *sink, const void *data, size_t len)
{
    const uint8_t *at = data;
    keep(sink, at, len);
    while (len > 0) {
        if (sink->used == PGR_SINK_BLOCK)
            fold_block(sink);
        size_t n = PGR_SINK_BLOCK - sink->used;
        if (n > len)
            n = len;
        memcpy(sink->block + sink->used, at, n);
        sink->used += n;
        at += n;
        len -= n;
    }
}

/* Bytes of a UTF-8 sequence as its first byte tells. */
static size_t sequence_len(uint8_t first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* The length without a sequence that the cut has left incomplete. */
static size_t whole_len(const char *text, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        uint8_t c = (uint8_t)text[len - back];
        if (c < 0x80)
            return len;
        if (c >= 0xc0)
            return sequence_len(c) > back ? len - back : len;
    }
    return len;
}

uint64_t pgr_sink_finish(struct pgr_sink *sink, size_t *len)
{
    if (len != NULL)
        *len = sink->is_cut ? whole_len(sink->normal, sink->len) : sink->len;
    return pgr_hash64(PGR_BYTES(sink->block, sink->used));
}
