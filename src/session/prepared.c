// SPDX-License-Identifier: PostgreSQL
#include "prepared_priv.h"

#include "pgrecall/base/hash.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/wire/frame.h"

#define BUCKETS 64

struct named {
    struct named *next;
    struct pgr_prepared *prepared;
    size_t len;
    uint8_t name[];
};

struct pgr_names {
    struct named *buckets[BUCKETS];
    size_t count;
};

struct pgr_prepared *pgr_prepared_create(struct pgr_bytes message, const struct pgr_stmt *stmt)
{
    struct pgr_blob *copy = pgr_blob_copy(message);
    if (copy == NULL)
        return NULL;
    struct pgr_msg_parse parse;
    struct pgr_bytes body = PGR_BYTES(copy->data + PGR_FRAME_HEAD, copy->len - PGR_FRAME_HEAD);
    if (!pgr_msg_parse_parse(body, &parse)) {
        pgr_blob_unref(copy);
        return NULL;
    }
    struct pgr_prepared *p = pgr_new(struct pgr_prepared);
    p->refs = 1;
    p->message = copy;
    p->name = parse.name;
    p->text = parse.text;
    p->oids = parse.oids;
    p->stmt = pgr_stmt_ref(stmt);
    return p;
}

struct pgr_prepared *pgr_prepared_ref(struct pgr_prepared *prepared)
{
    prepared->refs++;
    return prepared;
}

void pgr_prepared_unref(struct pgr_prepared *p)
{
    if (p == NULL || --p->refs > 0)
        return;
    pgr_stmt_unref(p->stmt);
    pgr_blob_unref(p->message);
    pgr_free(p);
}

struct pgr_names *pgr_names_create(void)
{
    return pgr_new(struct pgr_names);
}

void pgr_names_destroy(struct pgr_names **names)
{
    if (*names == NULL)
        return;
    pgr_names_clear(*names);
    pgr_free(*names);
    *names = NULL;
}

/* Where the link to this name is, or where it would be appended. */
static struct named **link_of(const struct pgr_names *names, struct pgr_bytes name)
{
    struct named **link = (struct named **)&names->buckets[pgr_hash64(name) % BUCKETS];
    while (*link != NULL && !pgr_bytes_eq(PGR_BYTES((*link)->name, (*link)->len), name))
        link = &(*link)->next;
    return link;
}

struct pgr_prepared *pgr_names_get(const struct pgr_names *names, struct pgr_bytes name)
{
    struct named *n = *link_of(names, name);
    return n ? n->prepared : NULL;
}

static void remove_at(struct pgr_names *names, struct named **link)
{
    struct named *n = *link;
    *link = n->next;
    pgr_prepared_unref(n->prepared);
    pgr_free(n);
    names->count--;
}

static void append_at(struct pgr_names *names, struct named **link, struct pgr_bytes name,
                      struct pgr_prepared *prepared)
{
    if (names->count >= PGR_PREPARED_MAX && name.len > 0)
        return; /* the unnamed one may be owed to the server, and must be found again */
    struct named *n = pgr_try_alloc(sizeof(*n) + name.len);
    if (n == NULL)
        return;
    n->next = NULL;
    n->prepared = pgr_prepared_ref(prepared);
    n->len = name.len;
    if (name.len)
        memcpy(n->name, name.at, name.len);
    *link = n;
    names->count++;
}

void pgr_names_put(struct pgr_names *names, struct pgr_bytes name, struct pgr_prepared *prepared)
{
    struct named **link = link_of(names, name);
    if (prepared == NULL) {
        if (*link != NULL)
            remove_at(names, link);
    } else if (*link == NULL) {
        append_at(names, link, name, prepared);
    } else {
        struct pgr_prepared *old = (*link)->prepared;
        (*link)->prepared = pgr_prepared_ref(prepared);
        pgr_prepared_unref(old);
    }
}

void pgr_names_drop(struct pgr_names *names, const struct pgr_prepared *prepared)
{
    struct named **link = link_of(names, prepared->name);
    if (*link != NULL && (*link)->prepared == prepared)
        remove_at(names, link);
}

void pgr_names_clear(struct pgr_names *names)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (names->buckets[i] != NULL)
            remove_at(names, &names->buckets[i]);
}

static bool is_listed(const char *list, struct pgr_bytes name)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, "\001");
        if (pgr_bytes_eq(PGR_BYTES(at, len), name))
            return true;
        at += len + (at[len] != 0);
    }
    return false;
}

void pgr_names_keep(struct pgr_names *names, const char *list)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct named **link = &names->buckets[i];
        while (*link != NULL) {
            struct pgr_bytes name = PGR_BYTES((*link)->name, (*link)->len);
            if (name.len > 0 && !is_listed(list, name))
                remove_at(names, link);
            else
                link = &(*link)->next;
        }
    }
}
