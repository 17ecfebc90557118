// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * charge_priv.h - what an allocation costs the budget.
 *
 * Why      the allocator takes more than was asked: rounding, which it tells, and a header before
 *          each block, which it does not (one word, two for a block of its own mapping).
 * Threads  any.   Memory  none.   Errors  none.
 */
#include "pgrecall/base/mem.h"

#define PGR_CHARGE_HEADER (2 * sizeof(size_t))

/* 0 for NULL. */
static inline size_t pgr_charge_of(void *p)
{
    return p ? pgr_mem_usable(p) + PGR_CHARGE_HEADER : 0;
}

/* At least what a block of `len` bytes will cost; large blocks are rounded up to pages. */
static inline size_t pgr_charge_estimate(size_t len)
{
    return len + len / 32 + 64;
}
