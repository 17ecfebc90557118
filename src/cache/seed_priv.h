// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * seed_priv.h - one random word for a hash table whose keys a client may choose.
 *
 * Threads  any.   Memory  none.   Errors  none: without the kernel's entropy we do not start.
 */
#include "pgrecall/base/base.h"

uint64_t pgr_seed_random(void);
