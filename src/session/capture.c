// SPDX-License-Identifier: PostgreSQL
#include "capture_priv.h"

#include "pgrecall/base/mem.h"

struct pgr_capture *pgr_capture_create(const struct pgr_key *key, struct pgr_context *context,
                                       struct pgr_token *token, struct pgr_tag *tag,
                                       uint64_t birth_us, size_t max_entry)
{
    struct pgr_capture *c = pgr_new(struct pgr_capture);
    c->refs = 1;
    pgr_buf_init(&c->key, PGR_KEY_MAX);
    pgr_buf_init(&c->reply, max_entry);
    if (!pgr_buf_put_bytes(&c->key, key->bytes))
        c->spoilt = PGR_REASON_NO_MEMORY;
    c->hash = key->hash;
    c->context = pgr_context_ref(context);
    c->token = *token;
    *token = (struct pgr_token){0};
    c->tag = pgr_tag_ref(tag);
    c->birth_us = birth_us;
    return c;
}

struct pgr_capture *pgr_capture_ref(struct pgr_capture *capture)
{
    capture->refs++;
    return capture;
}

void pgr_capture_unref(struct pgr_capture *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    pgr_buf_fini(&c->key);
    pgr_buf_fini(&c->reply);
    pgr_token_fini(&c->token);
    pgr_context_unref(c->context);
    pgr_tag_unref(c->tag);
    pgr_free(c);
}

void pgr_capture_spoil(struct pgr_capture *c, enum pgr_reason reason)
{
    if (c->spoilt == PGR_REASON_NONE)
        c->spoilt = reason;
    pgr_buf_fini(&c->reply);
}

void pgr_capture_append(struct pgr_capture *c, struct pgr_bytes bytes)
{
    if (c->spoilt != PGR_REASON_NONE)
        return;
    if (!pgr_buf_put_bytes(&c->reply, bytes))
        pgr_capture_spoil(c, PGR_REASON_TOO_LARGE);
}

struct pgr_entry *pgr_capture_entry(struct pgr_capture *c)
{
    if (!c->is_complete || c->spoilt != PGR_REASON_NONE)
        return NULL;
    struct pgr_blob *reply = pgr_blob_copy(pgr_buf_bytes(&c->reply));
    if (reply == NULL)
        return NULL;
    struct pgr_entry_parts parts = {
        .key = {pgr_buf_bytes(&c->key), c->hash},
        .context = c->context,
        .token = &c->token,
        .reply = reply,
        .description_len = (uint32_t)c->description_len,
        .rows = c->rows,
        .birth_us = c->birth_us,
        .cost_us = c->done_us - c->birth_us,
        .tag = pgr_tag_ref(c->tag),
        .tag_unref = pgr_tag_unref,
    };
    struct pgr_entry *entry = pgr_entry_create(&parts);
    if (entry == NULL) {
        pgr_blob_unref(reply);
        pgr_tag_unref(c->tag);
    }
    return entry;
}
