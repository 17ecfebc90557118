// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * entry.h - one remembered answer: immutable, shared by count, written to sockets without a copy.
 *
 * Threads  any.
 * Memory   refcounted. The reply is a blob of its own, so that a socket may hold it longer.
 * Errors   create returns NULL when memory is short.
 */
#include "pgrecall/base/blob.h"
#include "pgrecall/base/relset.h"
#include "pgrecall/cache/context.h"
#include "pgrecall/cache/key.h"

/* What the answer depends on, as it was before the query was sent. */
struct pgr_token {
    const struct pgr_relset *deps; /* a reference */
    uint64_t *words;               /* deps->count */
};
void pgr_token_fini(struct pgr_token *token); /* also of a zeroed one */

struct pgr_entry_parts {
    struct pgr_key key;
    struct pgr_context *context; /* referenced: its id stays unique while the entry lives */
    struct pgr_token *token;     /* taken: emptied on success */
    struct pgr_blob *reply;      /* taken on success: [RowDescription] DataRow* CommandComplete */
    uint32_t description_len;    /* length of the RowDescription at its front, 0 if not known */
    uint32_t rows;
    uint64_t birth_us; /* before the query was sent: age counts from here */
    uint64_t cost_us;  /* upstream time it saves */
    const void *tag;   /* opaque, e.g. the statement; a reference owned by the entry */
    void (*tag_unref)(const void *tag);
};

struct pgr_entry {
    _Atomic uint32_t refs;
    struct pgr_context *context;
    struct pgr_token token;
    struct pgr_blob *reply;
    uint32_t description_len;
    uint32_t rows;
    uint64_t birth_us;
    uint64_t cost_us;
    const void *tag;
    void (*tag_unref)(const void *tag);
    struct pgr_hash128 hash;
    size_t charge; /* bytes this entry counts for: itself, reply, key, token, allocator slack */
    size_t key_len;
    uint8_t key[];
};

struct pgr_entry *pgr_entry_create(struct pgr_entry_parts *parts);
struct pgr_entry *pgr_entry_ref(struct pgr_entry *entry);
void pgr_entry_unref(struct pgr_entry *entry); /* NULL is allowed */
