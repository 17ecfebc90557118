// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * base.h - the few macros that every file speaks.
 *
 * Why      one spelling for invariants, attributes and embedding.
 * Threads  any.
 * Memory   none.
 * Errors   PGR_ASSERT is for our own bugs only, always on; never for input from outside.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PGR_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PGR_MUST_CHECK   __attribute__((warn_unused_result))
#define PGR_NORETURN     __attribute__((noreturn))
#define PGR_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define PGR_UNUSED(x)    ((void)(x))

/* The struct of type `type` whose member `member` lies at `ptr`. */
#define pgr_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Prints the expression and the place to stderr, then aborts. */
#define PGR_ASSERT(e) ((e) ? (void)0 : pgr_panic(__FILE__, __LINE__, #e))

/* At each `void *` that crossed a C library: the first member of the struct is `uint32_t magic`. */
#define PGR_CHECK(self, word) PGR_ASSERT((self) != NULL && (self)->magic == (word))

PGR_NORETURN void pgr_panic(const char *file, int line, const char *what);

/* Returns whether two C strings are equal; NULL equals only NULL. */
bool pgr_str_eq(const char *a, const char *b);
