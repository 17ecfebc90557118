// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *pgr_err_text(enum pgr_err err)
{
    switch (err) {
    case PGR_OK:
        return "ok";
    case PGR_ERR_NOMEM:
        return "out of memory";
    case PGR_ERR_LIMIT:
        return "limit reached";
    case PGR_ERR_INVALID:
        return "invalid";
    case PGR_ERR_NOT_FOUND:
        return "not found";
    case PGR_ERR_IO:
        return "system error";
    case PGR_ERR_CLOSED:
        return "closed";
    case PGR_ERR_TIMEOUT:
        return "timed out";
    }
    return "unknown";
}

void pgr_fault_set(struct pgr_fault *fault, const char *sqlstate, const char *format, ...)
{
    PGR_ASSERT(strlen(sqlstate) == sizeof(fault->sqlstate) - 1);
    memcpy(fault->sqlstate, sqlstate, sizeof(fault->sqlstate));
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof(fault->text), format, args);
    va_end(args);
}
