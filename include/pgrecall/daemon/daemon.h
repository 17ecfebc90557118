// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * daemon.h - the program, but for `int main`: so that a test build can lend it another clock.
 *
 * Threads  called once, on the main thread, which becomes the control thread.
 * Memory   everything it makes is gone when it returns.
 * Errors   the exit status: 0 ended as told, 1 wrong command line or configuration, 2 the system
 *          refused (port in use …), 3 --check could not reach PostgreSQL.
 */
#include "pgrecall/base/clock.h"

/* What tests may replace. Production passes pgr_seams_production. */
struct pgr_seams {
    struct pgr_clock clock;
    unsigned versions_mutants; /* enum pgr_versions_mutant */
    bool begins_late;          /* writes are put in flight after they were sent (G22) */
    uint64_t skipped_rules[2]; /* rows of the verdict table left out */
};

extern const struct pgr_seams pgr_seams_production;

int pgr_daemon_main(int argc, char **argv, const struct pgr_seams *seams);
