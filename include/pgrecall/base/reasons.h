// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * reasons.h - every refusal has a name.
 *
 * Why      the same word is counter, log field, documentation row (reasons.def).
 * Threads  any.   Memory  static.   Errors  none.
 */
#include "pgrecall/base/base.h"

enum pgr_reason {
    PGR_REASON_NONE,
#define X(name, meaning, remedy) PGR_REASON_##name,
#include "pgrecall/base/reasons.def"
#undef X
    PGR_REASON_COUNT
};

/* Static strings; NONE gives "NONE". */
const char *pgr_reason_name(enum pgr_reason reason);
const char *pgr_reason_meaning(enum pgr_reason reason);
const char *pgr_reason_remedy(enum pgr_reason reason);
