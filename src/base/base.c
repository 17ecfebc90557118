// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pgr_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "pgrecall: broken invariant at %s:%d: %s\n", file, line, what);
    abort();
}

bool pgr_str_eq(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}
