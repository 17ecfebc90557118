// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * authority.h - who decides whether an answer may be given: look-up, token, put, begin, end.
 *
 * Why      the session asks and is answered now or later; alone, this process decides at once
 *          (authority_local.c); a fleet adds an implementation and does not touch the session.
 * Threads  asked on a session's loop; a later answer comes by `done` on that same loop.
 * Memory   the asker owns the request struct and keeps it until answered. Requests cannot be
 *          cancelled: an asker that goes away leaves `done` pointing at something that cleans up.
 * Errors   every failure is an answer that means "ask PostgreSQL": MISS, REFUSED, not stored.
 *          begin and end cannot fail; they may only take long.
 */
#include "pgrecall/cache/entry.h"

struct pgr_authority;

/* NOW: the request holds its answer. LATER: `done` will be called. */
enum pgr_answer {
    PGR_ANSWER_NOW,
    PGR_ANSWER_LATER,
};

enum pgr_lookup {
    PGR_LOOKUP_MISS,
    PGR_LOOKUP_HIT,       /* valid at this instant by its versions; age is judged by the asker */
    PGR_LOOKUP_IN_FLIGHT, /* known, but a write to what it depends on is being committed */
};

struct pgr_get {
    void (*done)(struct pgr_get *get);
    struct pgr_key key;
    enum pgr_lookup result;
    struct pgr_entry *entry; /* HIT: a reference for the asker */
};

struct pgr_take {
    void (*done)(struct pgr_take *take);
    const struct pgr_relset *deps; /* borrowed until answered */
    bool is_granted;
    struct pgr_token token; /* granted: the asker's */
};

/* One write set of one session: begun before the message that may commit, ended after its outcome. */
struct pgr_write {
    void (*done)(struct pgr_write *write);
    const struct pgr_relset *relations; /* borrowed until ended */
};

struct pgr_authority_ops {
    enum pgr_answer (*get)(struct pgr_authority *self, struct pgr_get *get);
    enum pgr_answer (*take)(struct pgr_authority *self, struct pgr_take *take);
    void (*put)(struct pgr_authority *self, struct pgr_entry *entry); /* takes the reference */
    enum pgr_answer (*begin)(struct pgr_authority *self, struct pgr_write *write);
    enum pgr_answer (*end)(struct pgr_authority *self, struct pgr_write *write);
};

struct pgr_authority {
    const struct pgr_authority_ops *ops;
    uint64_t key_seed;
};

struct pgr_store;
struct pgr_versions;
/* Answers everything at once. Borrows both; returns owned, freed with pgr_authority_local_destroy. */
struct pgr_authority *pgr_authority_local_create(struct pgr_store *store,
                                                 struct pgr_versions *versions);
void pgr_authority_local_destroy(struct pgr_authority **authority);
