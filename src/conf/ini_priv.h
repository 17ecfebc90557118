// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * ini_priv.h - the text of an INI file as a run of events; the only user of inih.
 *
 * Why      inih answers "an error on line n" for the first error only, says nothing of a section
 *          without keys, joins indented lines to the one before, and cuts lines at 200 bytes. A
 *          file that decides who may be answered from a cache must not be read by halves.
 * Threads  any.   Memory  the callers'.
 * Errors   each fault is an event with its line; reading goes on after it.
 */
#include "pgrecall/base/buf.h"
#include "value_priv.h"

#define PGR_INI_FILE_MAX    ((size_t)1 << 20)
#define PGR_INI_LINE_MAX    ((size_t)8 << 10)
#define PGR_INI_SECTION_MAX ((size_t)48) /* inih keeps 49 */

struct pgr_ini_events {
    void (*on_section)(void *arg, unsigned line, const char *name);
    void (*on_pair)(void *arg, unsigned line, const char *key, const char *value);
    void (*on_fault)(void *arg, unsigned line, const char *what); /* line 0: the whole file */
};

void pgr_ini_parse(struct pgr_bytes text, const struct pgr_ini_events *events, void *arg);

/* Appends the whole file; `why` says what the system answered. */
bool pgr_ini_read_file(const char *path, struct pgr_buf *out, struct pgr_why *why);
