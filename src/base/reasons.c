// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/reasons.h"

struct row {
    const char *name;
    const char *meaning;
    const char *remedy;
};

static const struct row rows[PGR_REASON_COUNT] = {
    [PGR_REASON_NONE] = {"NONE", "the cache may answer", "none needed"},
#define X(name, meaning, remedy) [PGR_REASON_##name] = {#name, meaning, remedy},
#include "pgrecall/base/reasons.def"
#undef X
};

static const struct row *row_of(enum pgr_reason reason)
{
    PGR_ASSERT((unsigned)reason < PGR_REASON_COUNT);
    return &rows[reason];
}

const char *pgr_reason_name(enum pgr_reason reason)
{
    return row_of(reason)->name;
}

const char *pgr_reason_meaning(enum pgr_reason reason)
{
    return row_of(reason)->meaning;
}

const char *pgr_reason_remedy(enum pgr_reason reason)
{
    return row_of(reason)->remedy;
}
