// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Calls left until one fails; 0 is off. Per thread, so that a test spoils only its own calls. */
static _Thread_local unsigned fail_in;

static bool shall_fail(void)
{
    return fail_in != 0 && --fail_in == 0;
}

static void *or_panic(void *p)
{
    if (p == NULL)
        pgr_panic(__FILE__, __LINE__, "out of memory");
    return p;
}

void *pgr_alloc(size_t size)
{
    return or_panic(calloc(1, size ? size : 1));
}

void *pgr_alloc_array(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        return pgr_alloc(1);
    return or_panic(calloc(count, size));
}

void *pgr_realloc_array(void *old, size_t count, size_t size)
{
    if (count == 0 || size == 0)
        return or_panic(realloc(old, 1));
    return or_panic(reallocarray(old, count, size));
}

void *pgr_try_alloc(size_t size)
{
    return shall_fail() ? NULL : malloc(size ? size : 1);
}

void *pgr_try_realloc(void *old, size_t size)
{
    return shall_fail() ? NULL : realloc(old, size ? size : 1);
}

char *pgr_strdup(const char *s)
{
    return s ? or_panic(strdup(s)) : NULL;
}

char *pgr_strndup(const char *s, size_t len)
{
    return or_panic(strndup(s, len));
}

char *pgr_asprintf(const char *format, ...)
{
    char *out = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&out, format, args);
    va_end(args);
    return or_panic(len < 0 ? NULL : out);
}

void pgr_free(void *p)
{
    free(p);
}

size_t pgr_mem_usable(void *p)
{
    return p ? malloc_usable_size(p) : 0;
}

void pgr_mem_fail_nth(unsigned n)
{
    fail_in = n;
}
