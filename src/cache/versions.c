// SPDX-License-Identifier: PostgreSQL
/*
 * The words lie in chunks of 4096 that are published once and never move, so readers and writers
 * need no lock: an acquire load of the chunk's pointer, then one atomic word.
 *
 * Version and in-flight count share a word (G21), hence begin and end are one read-modify-write
 * each: begin adds 2^16 + 1, end adds 2^16 - 1. They are compare-and-swap loops and not fetch_add,
 * because an in-flight count of 65535 must stick: one more addition would carry into the version
 * and leave a count of 0, and the relation would look quiet with 65536 writes open.
 *
 * Why whole sets need no lock (proof of B1): versions only grow. If every word of a set equals its
 * token when loaded one after the other, none had changed up to its own load, so all were equal at
 * the first load: that is the linearization point. Likewise a token is taken before the query is
 * sent, so each of its words is older than the snapshot.
 *
 * A relation beyond the limit shares slot 0 with all others beyond it. That is conservative: a
 * write to one outdates the answers of all, and no write is ever missed.
 */
#include "pgrecall/cache/versions.h"

#include <stdatomic.h>

#include "versions_priv.h"

#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"

enum {
    CHUNK_BITS = 12,
    CHUNK_WORDS = 1 << CHUNK_BITS,
    MAX_CHUNKS = 1 << (24 - CHUNK_BITS),
    SHARED_SLOT = 0,
    FIRST_CAP = 64,
};

struct chunk {
    _Atomic uint64_t words[CHUNK_WORDS];
};

/* slot SHARED_SLOT marks an empty place: shared relations are not in the map. */
struct place {
    uint64_t name;
    uint32_t slot;
};

struct pgr_versions {
    _Atomic(struct chunk *) chunks[MAX_CHUNKS];
    _Atomic unsigned mutants;
    uint32_t max_slots;
    struct pgr_mutex lock; /* guards what follows */
    uint32_t next_slot;
    size_t cap;
    struct place *places;
};

static void add_chunk(struct pgr_versions *versions, uint32_t number)
{
    struct chunk *chunk = pgr_new(struct chunk);
    for (size_t i = 0; i < CHUNK_WORDS; i++)
        atomic_init(&chunk->words[i], 0);
    atomic_store_explicit(&versions->chunks[number], chunk, memory_order_release);
}

struct pgr_versions *pgr_versions_create(void)
{
    return pgr_versions_create_limited(PGR_VERSIONS_MAX_SLOTS);
}

struct pgr_versions *pgr_versions_create_limited(uint32_t max_slots)
{
    PGR_ASSERT(max_slots >= 2 && max_slots <= PGR_VERSIONS_MAX_SLOTS);
    struct pgr_versions *versions = pgr_new(struct pgr_versions);
    for (size_t i = 0; i < MAX_CHUNKS; i++)
        atomic_init(&versions->chunks[i], NULL);
    atomic_init(&versions->mutants, 0);
    versions->max_slots = max_slots;
    pgr_mutex_init(&versions->lock);
    versions->next_slot = SHARED_SLOT + 1;
    versions->cap = FIRST_CAP;
    versions->places = pgr_new_array(struct place, FIRST_CAP);
    add_chunk(versions, 0);
    return versions;
}

void pgr_versions_destroy(struct pgr_versions **versions)
{
    struct pgr_versions *self = *versions;
    if (self == NULL)
        return;
    *versions = NULL;
    for (size_t i = 0; i < MAX_CHUNKS; i++)
        pgr_free(atomic_load_explicit(&self->chunks[i], memory_order_relaxed));
    pgr_free(self->places);
    pgr_mutex_fini(&self->lock);
    pgr_free(self);
}

/* Where the name is, or the empty place where it belongs. Names are ours, so any mixing will do. */
static struct place *find_place(const struct pgr_versions *versions, uint64_t name)
{
    uint64_t mixed = name * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(mixed >> 32) & (versions->cap - 1);
    while (versions->places[at].slot != SHARED_SLOT && versions->places[at].name != name)
        at = (at + 1) & (versions->cap - 1);
    return &versions->places[at];
}

static void grow_map(struct pgr_versions *versions)
{
    struct place *old = versions->places;
    size_t old_cap = versions->cap;
    versions->cap = old_cap * 2;
    versions->places = pgr_new_array(struct place, versions->cap);
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].slot != SHARED_SLOT)
            *find_place(versions, old[i].name) = old[i];
    }
    pgr_free(old);
}

static uint32_t make_slot(struct pgr_versions *versions, uint64_t name)
{
    if (versions->next_slot >= versions->max_slots)
        return SHARED_SLOT;
    if ((size_t)versions->next_slot * 2 > versions->cap)
        grow_map(versions);
    uint32_t slot = versions->next_slot++;
    if (slot % CHUNK_WORDS == 0)
        add_chunk(versions, slot / CHUNK_WORDS);
    *find_place(versions, name) = (struct place){name, slot};
    return slot;
}

uint32_t pgr_versions_slot(struct pgr_versions *versions, uint32_t database_id, uint32_t oid)
{
    uint64_t name = (uint64_t)database_id << 32 | oid;
    pgr_mutex_lock(&versions->lock);
    uint32_t slot = find_place(versions, name)->slot;
    if (slot == SHARED_SLOT)
        slot = make_slot(versions, name);
    pgr_mutex_unlock(&versions->lock);
    return slot;
}

static _Atomic uint64_t *word_of(const struct pgr_versions *versions, uint32_t slot)
{
    PGR_ASSERT(slot < PGR_VERSIONS_MAX_SLOTS);
    struct chunk *chunk =
        atomic_load_explicit(&versions->chunks[slot >> CHUNK_BITS], memory_order_acquire);
    PGR_ASSERT(chunk != NULL);
    return &chunk->words[slot & (CHUNK_WORDS - 1)];
}

uint64_t pgr_versions_word(const struct pgr_versions *versions, uint32_t slot)
{
    return atomic_load(word_of(versions, slot));
}

static bool has_mutant(const struct pgr_versions *versions, enum pgr_versions_mutant mutant)
{
    return (atomic_load_explicit(&versions->mutants, memory_order_relaxed) & mutant) != 0;
}

void pgr_versions_mutate(struct pgr_versions *versions, unsigned mutants)
{
    atomic_store_explicit(&versions->mutants, mutants, memory_order_relaxed);
}

static void add_unless_stuck(_Atomic uint64_t *word, uint64_t delta)
{
    uint64_t seen = atomic_load(word);
    while ((seen & PGR_WORD_IN_FLIGHT) != PGR_WORD_IN_FLIGHT) {
        if (atomic_compare_exchange_weak(word, &seen, seen + delta))
            return;
    }
}

void pgr_versions_begin(struct pgr_versions *versions, const struct pgr_relset *writes)
{
    uint64_t delta = has_mutant(versions, PGR_MUTANT_NO_BEGIN_BUMP) ? 1 : PGR_WORD_VERSION + 1;
    for (uint32_t i = 0; i < writes->count; i++)
        add_unless_stuck(word_of(versions, writes->slots[i]), delta);
}

void pgr_versions_end(struct pgr_versions *versions, const struct pgr_relset *writes)
{
    uint64_t bump = has_mutant(versions, PGR_MUTANT_NO_END_BUMP) ? 0 : PGR_WORD_VERSION;
    for (uint32_t i = 0; i < writes->count; i++) {
        _Atomic uint64_t *word = word_of(versions, writes->slots[i]);
        /* An end without its begin would leave a later write unnoticed: our bug, and a grave one.
         */
        PGR_ASSERT((atomic_load(word) & PGR_WORD_IN_FLIGHT) != 0);
        add_unless_stuck(word, bump - 1);
    }
}

bool pgr_versions_token(const struct pgr_versions *versions, const struct pgr_relset *deps,
                        uint64_t *words)
{
    bool is_blind = has_mutant(versions, PGR_MUTANT_NO_INFLIGHT_TEST);
    for (uint32_t i = 0; i < deps->count; i++) {
        words[i] = pgr_versions_word(versions, deps->slots[i]);
        if ((words[i] & PGR_WORD_IN_FLIGHT) != 0 && !is_blind)
            return false;
    }
    return true;
}

enum pgr_versions_state pgr_versions_judge(const struct pgr_versions *versions,
                                           const struct pgr_relset *deps, const uint64_t *words)
{
    bool is_blind = has_mutant(versions, PGR_MUTANT_NO_INFLIGHT_TEST);
    enum pgr_versions_state state = PGR_VERSIONS_CURRENT;
    for (uint32_t i = 0; i < deps->count; i++) {
        uint64_t now = pgr_versions_word(versions, deps->slots[i]);
        if ((now & PGR_WORD_IN_FLIGHT) != 0 && !is_blind)
            return PGR_VERSIONS_IN_FLIGHT;
        if (now / PGR_WORD_VERSION != words[i] / PGR_WORD_VERSION)
            state = PGR_VERSIONS_OUTDATED;
    }
    return state;
}

bool pgr_versions_match(const struct pgr_versions *versions, const struct pgr_relset *deps,
                        const uint64_t *words)
{
    return pgr_versions_judge(versions, deps, words) == PGR_VERSIONS_CURRENT;
}
