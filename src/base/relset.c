// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/relset.h"

#include <stdlib.h>

#include "pgrecall/base/mem.h"

static struct pgr_relset *create_room(size_t count)
{
    PGR_ASSERT(count <= UINT32_MAX);
    struct pgr_relset *set = pgr_alloc(sizeof(*set) + count * sizeof(set->slots[0]));
    atomic_init(&set->refs, 1);
    return set;
}

static int compare_slots(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

struct pgr_relset *pgr_relset_create(const uint32_t *slots, size_t count)
{
    struct pgr_relset *set = create_room(count);
    if (count == 0)
        return set;
    memcpy(set->slots, slots, count * sizeof(slots[0]));
    qsort(set->slots, count, sizeof(slots[0]), compare_slots);
    set->count = 1;
    for (size_t i = 1; i < count; i++) {
        if (set->slots[i] != set->slots[set->count - 1])
            set->slots[set->count++] = set->slots[i];
    }
    return set;
}

/* The count is bookkeeping, not content: a set that is const to its holders is still shared. */
struct pgr_relset *pgr_relset_ref(const struct pgr_relset *set)
{
    struct pgr_relset *shared = (struct pgr_relset *)set;
    uint32_t before = atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
    PGR_ASSERT(before > 0 && before < UINT32_MAX);
    return shared;
}

void pgr_relset_unref(const struct pgr_relset *set)
{
    struct pgr_relset *shared = (struct pgr_relset *)set;
    if (shared == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel);
    PGR_ASSERT(before > 0);
    if (before == 1)
        pgr_free(shared);
}

static void append(struct pgr_relset *set, uint32_t slot)
{
    set->slots[set->count++] = slot;
}

struct pgr_relset *pgr_relset_union(const struct pgr_relset *a, const struct pgr_relset *b)
{
    uint32_t a_count = a ? a->count : 0;
    uint32_t b_count = b ? b->count : 0;
    struct pgr_relset *out = create_room((size_t)a_count + b_count);
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < a_count && j < b_count) {
        uint32_t x = a->slots[i];
        uint32_t y = b->slots[j];
        append(out, x < y ? x : y);
        i += x <= y;
        j += y <= x;
    }
    while (i < a_count)
        append(out, a->slots[i++]);
    while (j < b_count)
        append(out, b->slots[j++]);
    return out;
}

bool pgr_relset_has(const struct pgr_relset *set, uint32_t slot)
{
    uint32_t low = 0;
    uint32_t high = set->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (set->slots[mid] == slot)
            return true;
        if (set->slots[mid] < slot)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

bool pgr_relset_intersects(const struct pgr_relset *a, const struct pgr_relset *b)
{
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < a->count && j < b->count) {
        if (a->slots[i] == b->slots[j])
            return true;
        if (a->slots[i] < b->slots[j])
            i++;
        else
            j++;
    }
    return false;
}
