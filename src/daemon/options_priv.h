// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * options_priv.h - the command line.
 *
 * Threads  main.   Memory  init by parse, freed by fini.
 * Errors   parse prints what is wrong to stderr and says EXIT with the status.
 */
#include "pgrecall/base/buf.h"
#include "pgrecall/conf/settings.h"

enum pgr_mode {
    PGR_MODE_SERVE,
    PGR_MODE_CHECK,
    PGR_MODE_EXIT, /* nothing more to do: `status` */
};

struct pgr_options {
    enum pgr_mode mode;
    int status;
    const char *path;       /* -c FILE */
    const char **overrides; /* "section.key=value"; strings are owned */
    size_t override_count;
};

void pgr_options_parse(int argc, char **argv, struct pgr_options *out);
void pgr_options_fini(struct pgr_options *options);
/* A snapshot from file, environment and command line; faults go to `errors`, line by line. */
enum pgr_err pgr_options_load(const struct pgr_options *options, struct pgr_settings **out,
                              struct pgr_buf *errors) PGR_MUST_CHECK;
