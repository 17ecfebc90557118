// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/metrics/counters.h"

static const char *const names[PGR_COUNTER_COUNT] = {
#define X(name, help) [PGR_COUNTER_##name] = #name,
    PGR_COUNTERS(X)
#undef X
};

uint64_t pgr_counters_sum(struct pgr_counters *const *all, size_t count, enum pgr_counter which)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += atomic_load_explicit(&all[i]->values[which], memory_order_relaxed);
    return sum;
}

const char *pgr_counter_name(enum pgr_counter which)
{
    PGR_ASSERT((unsigned)which < PGR_COUNTER_COUNT);
    return names[which];
}
