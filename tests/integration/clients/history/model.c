// SPDX-License-Identifier: PostgreSQL
#include "model.h"

#include <pthread.h>
#include <stdlib.h>

#define VERSIONS_MAX 20000u

enum state {
    STATE_NONE,
    STATE_DRAFT, /* written, perhaps, but certainly not committed */
    STATE_SENT,  /* may be visible from now on */
    STATE_DONE,
    STATE_UNDONE,
};

struct version {
    _Atomic uint8_t state;
    _Atomic bool is_present; /* or the row was deleted */
};

struct pgr_key {
    enum pgr_store store;
    int id;
    pthread_mutex_t writer;
    _Atomic uint32_t floor;
    _Atomic uint32_t top;
    bool is_present; /* the writer's */
    struct version *versions;
};

static struct pgr_key keys[PGR_STORE_COUNT][PGR_IDS];
static _Atomic int dirty[PGR_STORE_COUNT + 1];

/* Every row starts at version 1, which the schema's script has committed. */
void pgr_model_init(void)
{
    for (int store = 0; store < PGR_STORE_COUNT; store++) {
        for (int id = 0; id < PGR_IDS; id++) {
            struct pgr_key *key = &keys[store][id];
            key->store = (enum pgr_store)store;
            key->id = id;
            pthread_mutex_init(&key->writer, NULL);
            key->versions = calloc(VERSIONS_MAX, sizeof(struct version));
            if (key->versions == NULL)
                abort();
            key->versions[1].state = STATE_DONE;
            key->versions[1].is_present = true;
            key->is_present = true;
            key->floor = 1;
            key->top = 1;
        }
    }
}

struct pgr_key *pgr_model_key(enum pgr_store store, int id)
{
    return &keys[store][id];
}

enum pgr_store pgr_key_store(const struct pgr_key *key)
{
    return key->store;
}

int pgr_key_id(const struct pgr_key *key)
{
    return key->id;
}

bool pgr_key_try_lock(struct pgr_key *key)
{
    return pthread_mutex_trylock(&key->writer) == 0;
}

void pgr_key_unlock(struct pgr_key *key)
{
    pthread_mutex_unlock(&key->writer);
}

bool pgr_key_is_present(const struct pgr_key *key)
{
    return key->is_present;
}

uint32_t pgr_key_draft(struct pgr_key *key, bool is_present)
{
    uint32_t version = atomic_load(&key->top) + 1;
    if (version >= VERSIONS_MAX)
        return 0;
    key->versions[version].is_present = is_present;
    key->versions[version].state = STATE_DRAFT;
    atomic_store(&key->top, version);
    return version;
}

void pgr_key_send(struct pgr_key *key, uint32_t version)
{
    key->versions[version].state = STATE_SENT;
}

static void raise_floor(struct pgr_key *key, uint32_t version)
{
    uint32_t before = atomic_load(&key->floor);
    while (before < version && !atomic_compare_exchange_weak(&key->floor, &before, version))
        continue;
}

void pgr_key_acknowledge(struct pgr_key *key, uint32_t version)
{
    key->versions[version].state = STATE_DONE;
    key->is_present = key->versions[version].is_present;
    raise_floor(key, version);
}

void pgr_key_undo(struct pgr_key *key, uint32_t version)
{
    key->versions[version].state = STATE_UNDONE;
}

void pgr_counter_send(struct pgr_key *key)
{
    atomic_fetch_add(&key->top, 1);
}

uint32_t pgr_key_floor(const struct pgr_key *key)
{
    return atomic_load(&key->floor);
}

uint32_t pgr_key_top(const struct pgr_key *key)
{
    return atomic_load(&key->top);
}

static const char *judge_state(const struct version *version)
{
    switch ((enum state)atomic_load(&version->state)) {
    case STATE_NONE:
        return "a version that was never written";
    case STATE_DRAFT:
        return "a version that nobody has committed";
    case STATE_UNDONE:
        return "a version that was rolled back";
    case STATE_SENT:
    case STATE_DONE:
        break;
    }
    return atomic_load(&version->is_present) ? NULL : "a version in which the row was deleted";
}

const char *pgr_key_judge_present(struct pgr_key *key, uint32_t floor, uint32_t version)
{
    if (version < floor)
        return "older than what was acknowledged or seen before";
    if (version > pgr_key_top(key))
        return "newer than all that was sent";
    const char *wrong =
        key->store == PGR_STORE_COUNTER ? NULL : judge_state(&key->versions[version]);
    if (wrong == NULL)
        raise_floor(key, version);
    return wrong;
}

/* The least version from `floor` on in which the row was gone; 0 when there is none. */
static uint32_t first_absence(const struct pgr_key *key, uint32_t floor)
{
    uint32_t top = pgr_key_top(key);
    for (uint32_t i = floor; i <= top && key->store != PGR_STORE_COUNTER; i++) {
        uint8_t state = atomic_load(&key->versions[i].state);
        bool may_be_seen = state == STATE_SENT || state == STATE_DONE;
        if (may_be_seen && !atomic_load(&key->versions[i].is_present))
            return i;
    }
    return 0;
}

bool pgr_key_may_be_absent(const struct pgr_key *key, uint32_t floor)
{
    return first_absence(key, floor) != 0;
}

const char *pgr_key_judge_absent(struct pgr_key *key, uint32_t floor)
{
    uint32_t version = first_absence(key, floor);
    if (version == 0)
        return "no row, though it was there all the time";
    raise_floor(key, version);
    return NULL;
}

void pgr_dirty_enter(unsigned stores)
{
    for (int i = 0; i <= PGR_STORE_COUNT; i++)
        if (stores & (1u << i))
            atomic_fetch_add(&dirty[i], 1);
}

void pgr_dirty_leave(unsigned stores)
{
    for (int i = 0; i <= PGR_STORE_COUNT; i++)
        if (stores & (1u << i))
            atomic_fetch_sub(&dirty[i], 1);
}

bool pgr_dirty_is(unsigned stores)
{
    for (int i = 0; i <= PGR_STORE_COUNT; i++)
        if (((stores | PGR_DIRTY_ALL) & (1u << i)) && atomic_load(&dirty[i]) > 0)
            return true;
    return false;
}
