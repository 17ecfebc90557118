// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/metrics/types.h"

#include <stdlib.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"

/*
 * A table is an open hash of pointers that fills during one interval. Draining takes its content
 * away whole, under the lock but in constant time, and merges at leisure: so an interval's counts
 * are exact, and a type that is no longer called makes room by itself.
 */
#define SAMPLE_MAX ((size_t)4 << 10)
#define FIRST_CAP  ((size_t)64)

struct type {
    uint64_t fingerprint;
    const char *class;
    struct pgr_bytes normal; /* owned; empty if memory was short */
    uint64_t calls;
    uint64_t errors;
    uint64_t outcomes[PGR_OUTCOME_COUNT];
    uint64_t reasons[PGR_REASON_COUNT];
    struct pgr_hist latency[PGR_OUTCOME_COUNT];
};

struct content {
    struct type **slots; /* NULL while cap is 0 */
    size_t cap;          /* 0 or a power of two, at least twice count */
    size_t count;
    struct type *other; /* where types go for which there is no room; NULL until needed */
};

struct pgr_types {
    struct pgr_mutex lock;
    size_t max_types;
    struct content content;
};

struct pgr_types *pgr_types_create(size_t max_types)
{
    struct pgr_types *types = pgr_new(struct pgr_types);
    pgr_mutex_init(&types->lock);
    types->max_types = max_types;
    return types;
}

static void type_destroy(struct type *type)
{
    if (type == NULL)
        return;
    for (int i = 0; i < PGR_OUTCOME_COUNT; i++)
        pgr_hist_fini(&type->latency[i]);
    pgr_free((void *)type->normal.at);
    pgr_free(type);
}

static void content_fini(struct content *content)
{
    for (size_t i = 0; i < content->cap; i++)
        type_destroy(content->slots[i]);
    type_destroy(content->other);
    pgr_free(content->slots);
}

void pgr_types_destroy(struct pgr_types **types)
{
    if (*types == NULL)
        return;
    content_fini(&(*types)->content);
    pgr_mutex_fini(&(*types)->lock);
    pgr_free(*types);
    *types = NULL;
}

/* A cut falls between characters: continuation bytes at its edge go with their head. */
static size_t sample_len(struct pgr_bytes text)
{
    if (text.len <= SAMPLE_MAX)
        return text.len;
    size_t len = SAMPLE_MAX;
    while (len > 0 && (text.at[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static struct pgr_bytes copy_sample(struct pgr_bytes text)
{
    size_t len = sample_len(text);
    uint8_t *copy = len > 0 ? pgr_try_alloc(len) : NULL;
    if (copy == NULL)
        return PGR_BYTES(NULL, 0);
    memcpy(copy, text.at, len);
    return PGR_BYTES(copy, len);
}

static struct type *type_create(uint64_t fingerprint, const char *class, struct pgr_bytes normal)
{
    struct type *type = pgr_try_alloc(sizeof(*type));
    if (type == NULL)
        return NULL;
    *type = (struct type){.fingerprint = fingerprint, .class = class};
    type->normal = copy_sample(normal);
    for (int i = 0; i < PGR_OUTCOME_COUNT; i++)
        pgr_hist_init(&type->latency[i]);
    return type;
}

/* Fingerprints are hashes already. Returns the type's slot, or the free one where it belongs. */
static struct type **find_slot(const struct content *content, uint64_t fingerprint)
{
    size_t mask = content->cap - 1;
    size_t i = (size_t)fingerprint & mask;
    while (content->slots[i] != NULL && content->slots[i]->fingerprint != fingerprint)
        i = (i + 1) & mask;
    return &content->slots[i];
}

static bool grow(struct content *content)
{
    struct content wider = *content;
    wider.cap = content->cap ? content->cap * 2 : FIRST_CAP;
    wider.slots = pgr_try_alloc(wider.cap * sizeof(struct type *));
    if (wider.slots == NULL)
        return false;
    memset(wider.slots, 0, wider.cap * sizeof(struct type *));
    for (size_t i = 0; i < content->cap; i++) {
        if (content->slots[i] != NULL)
            *find_slot(&wider, content->slots[i]->fingerprint) = content->slots[i];
    }
    pgr_free(content->slots);
    *content = wider;
    return true;
}

/* NULL: there is no room, or no memory. */
static struct type *find_or_add(struct pgr_types *types, const struct pgr_call *call)
{
    struct content *content = &types->content;
    struct type **slot = content->cap > 0 ? find_slot(content, call->fingerprint) : NULL;
    if (slot != NULL && *slot != NULL)
        return *slot;
    if (content->count >= types->max_types)
        return NULL;
    if ((content->count + 1) * 2 > content->cap && !grow(content))
        return NULL;
    slot = find_slot(content, call->fingerprint);
    *slot = type_create(call->fingerprint, call->class, call->normal);
    content->count += *slot != NULL;
    return *slot;
}

/* The one type that must exist: without it counts would be lost. */
static struct type *other_of(struct content *content)
{
    if (content->other == NULL) {
        content->other = pgr_new(struct type);
        content->other->class = "other";
    }
    return content->other;
}

static void count_call(struct type *type, const struct pgr_call *call)
{
    PGR_ASSERT((unsigned)call->outcome < PGR_OUTCOME_COUNT);
    PGR_ASSERT((unsigned)call->reason < PGR_REASON_COUNT);
    type->calls++;
    type->errors += call->is_error;
    type->outcomes[call->outcome]++;
    if (call->outcome == PGR_OUTCOME_BYPASS)
        type->reasons[call->reason]++;
    pgr_hist_add(&type->latency[call->outcome], call->latency_us);
}

void pgr_types_record(struct pgr_types *types, const struct pgr_call *call)
{
    pgr_mutex_lock(&types->lock);
    struct type *type = call->fingerprint != 0 ? find_or_add(types, call) : NULL;
    count_call(type ? type : other_of(&types->content), call);
    pgr_mutex_unlock(&types->lock);
}

static struct content take_content(struct pgr_types *types)
{
    pgr_mutex_lock(&types->lock);
    struct content taken = types->content;
    types->content = (struct content){0};
    pgr_mutex_unlock(&types->lock);
    return taken;
}

/* All types of all tables, in one array. */
struct harvest {
    struct type **types;
    size_t count;
};

static void gather(struct harvest *all, struct content *content)
{
    size_t room = content->count + (content->other != NULL);
    all->types = pgr_realloc_array(all->types, all->count + room, sizeof(struct type *));
    for (size_t i = 0; i < content->cap; i++) {
        if (content->slots[i] != NULL)
            all->types[all->count++] = content->slots[i];
    }
    if (content->other != NULL)
        all->types[all->count++] = content->other;
    pgr_free(content->slots);
}

static int by_fingerprint(const void *a, const void *b)
{
    uint64_t x = (*(struct type *const *)a)->fingerprint;
    uint64_t y = (*(struct type *const *)b)->fingerprint;
    return (x > y) - (x < y);
}

static int by_calls(const void *a, const void *b)
{
    uint64_t x = (*(struct type *const *)a)->calls;
    uint64_t y = (*(struct type *const *)b)->calls;
    return x != y ? (x < y) - (x > y) : by_fingerprint(a, b);
}

static void merge(struct type *into, struct type *from)
{
    into->calls += from->calls;
    into->errors += from->errors;
    for (int i = 0; i < PGR_OUTCOME_COUNT; i++) {
        into->outcomes[i] += from->outcomes[i];
        pgr_hist_merge(&into->latency[i], &from->latency[i]);
    }
    for (int i = 0; i < PGR_REASON_COUNT; i++)
        into->reasons[i] += from->reasons[i];
    if (into->normal.len == 0) {
        struct pgr_bytes empty = into->normal;
        into->normal = from->normal;
        from->normal = empty;
    }
}

/* Neighbours of one fingerprint become one type. */
static void merge_equal(struct harvest *all)
{
    size_t kept = 0;
    qsort(all->types, all->count, sizeof(struct type *), by_fingerprint);
    for (size_t i = 1; i < all->count; i++) {
        if (all->types[i]->fingerprint == all->types[kept]->fingerprint) {
            merge(all->types[kept], all->types[i]);
            type_destroy(all->types[i]);
        } else {
            all->types[++kept] = all->types[i];
        }
    }
    all->count = kept + 1;
}

static void report(const struct type *type, pgr_type_report_fn *fn, void *arg)
{
    struct pgr_type_report out = {
        .fingerprint = type->fingerprint,
        .class = type->class,
        .normal = type->normal,
        .calls = type->calls,
        .errors = type->errors,
    };
    memcpy(out.outcomes, type->outcomes, sizeof(out.outcomes));
    memcpy(out.reasons, type->reasons, sizeof(out.reasons));
    for (int i = 0; i < PGR_OUTCOME_COUNT; i++)
        out.latency[i] = &type->latency[i];
    fn(arg, &out);
}

void pgr_types_drain(struct pgr_types *const *tables, size_t count, pgr_type_report_fn *fn,
                     void *arg)
{
    struct harvest all = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        struct content content = take_content(tables[i]);
        gather(&all, &content);
    }
    if (all.count > 0) {
        merge_equal(&all);
        qsort(all.types, all.count, sizeof(struct type *), by_calls);
    }
    for (size_t i = 0; i < all.count; i++) {
        report(all.types[i], fn, arg);
        type_destroy(all.types[i]);
    }
    pgr_free(all.types);
}
