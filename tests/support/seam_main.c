// SPDX-License-Identifier: PostgreSQL
/*
 * The daemon with its test seams in the hands of the environment; never installed.
 *
 *   PGRECALL_TEST_CLOCK             an 8-byte file: microseconds added to the monotonic clock, read
 *                                   anew each time, so that a test moves time instead of waiting
 *   PGRECALL_TEST_VERSIONS_MUTANTS  bits of enum pgr_versions_mutant
 *   PGRECALL_TEST_BEGINS_LATE       1: writes are put in flight only after they were sent
 *   PGRECALL_TEST_SKIPPED_RULES     rows of the verdict table to leave out, as "3,17"
 */
#include "pgrecall/daemon/daemon.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RULES_MAX 128ul
#define WORD_BITS 64ul

static uint64_t shifted_us(void *self)
{
    _Atomic uint64_t *offset_us = self;
    uint64_t shift_us = offset_us ? atomic_load_explicit(offset_us, memory_order_acquire) : 0;
    return pgr_clock_now_us(&pgr_clock_monotonic) + shift_us;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "pgrecall-test: %s\n", what);
    exit(99);
}

static void *map_clock(const char *path)
{
    if (path == NULL)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        die("PGRECALL_TEST_CLOCK cannot be mapped");
    (void)close(fd);
    return at;
}

/* A number of the whole text, below `limit`; *rest is where it ended. */
static unsigned long number(const char *text, unsigned long limit, char **rest)
{
    unsigned long value = strtoul(text, rest, 0);
    if (*rest == text || value >= limit)
        die("a mutant or rule is not a number, or too large");
    return value;
}

static unsigned bits_of(const char *name)
{
    char *rest;
    const char *text = getenv(name);
    if (text == NULL)
        return 0;
    unsigned long value = number(text, 1ul << 31, &rest);
    if (*rest != '\0')
        die("a mutant set is one number");
    return (unsigned)value;
}

static void skip_rules(const char *text, uint64_t words[2])
{
    while (text != NULL && *text != '\0') {
        char *rest;
        unsigned long row = number(text, RULES_MAX, &rest);
        words[row / WORD_BITS] |= (uint64_t)1 << row % WORD_BITS;
        if (*rest != ',' && *rest != '\0')
            die("rules are separated by commas");
        text = *rest == ',' ? rest + 1 : NULL;
    }
}

int main(int argc, char **argv)
{
    struct pgr_seams seams = {
        .clock = {shifted_us, map_clock(getenv("PGRECALL_TEST_CLOCK"))},
        .versions_mutants = bits_of("PGRECALL_TEST_VERSIONS_MUTANTS"),
        .begins_late = bits_of("PGRECALL_TEST_BEGINS_LATE") != 0,
    };
    skip_rules(getenv("PGRECALL_TEST_SKIPPED_RULES"), seams.skipped_rules);
    return pgr_daemon_main(argc, argv, &seams);
}
