// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * load_priv.h - a snapshot in the making, and the faults found on the way.
 *
 * Threads  one load's.
 * Memory   the loader borrows snapshot, path and errors.
 * Errors   each fault is one line of `errors`, which may be cut short; `has_fault` is not.
 */
#include "rows_priv.h"
#include "snapshot_priv.h"

/* Where a value stands: "FILE:LINE", "--set section.key" or "PGRECALL_SECTION_KEY". */
struct pgr_origin {
    const char *label;
    unsigned line; /* 0: none */
};

struct pgr_loader {
    struct pgr_snapshot *snapshot;
    struct pgr_buf *errors;
    const char *path;
    bool has_fault;
    bool is_unread; /* there was a file, and it could not be read: what it lacks is not known */
    bool is_written[PGR_ROW_COUNT]; /* by file, environment or command line, rightly or wrongly */

    /* The file only. */
    char section[PGR_NAME_MAX];
    bool is_skipping; /* keys of a section that does not exist */
    bool in_rule;
    unsigned row_lines[PGR_ROW_COUNT];
    unsigned section_lines[PGR_ROW_COUNT];       /* by the section's first row */
    unsigned rule_key_lines[PGR_RULE_KEY_COUNT]; /* of the rule being read */
    unsigned *rule_lines;                        /* by rule */
};

void pgr_loader_fault(struct pgr_loader *loader, struct pgr_origin origin, const char *format, ...)
    PGR_PRINTF(3, 4);

/* Puts a value of any origin where it belongs, or says what is wrong with it. */
void pgr_loader_set(struct pgr_loader *loader, struct pgr_origin origin, const struct pgr_row *row,
                    const char *text);
/* There is no such row: not yet, or not at all. */
void pgr_loader_refuse(struct pgr_loader *loader, struct pgr_origin origin, const char *section,
                       const char *key);

void pgr_loader_read_file(struct pgr_loader *loader);
void pgr_loader_read_environment(struct pgr_loader *loader, char *const *environment);
void pgr_loader_read_overrides(struct pgr_loader *loader, const char *const *overrides,
                               size_t count);

/* `[rule NAME]` and the keys under it; `name` is trimmed and may be empty. */
void pgr_loader_begin_rule(struct pgr_loader *loader, struct pgr_origin origin, const char *name);
void pgr_loader_set_rule(struct pgr_loader *loader, struct pgr_origin origin, const char *key,
                         const char *text);

/* Where the words of a list go: at most `cap`. */
struct pgr_word_list {
    const char **words;
    size_t cap;
    size_t *count;
};

/* Splits at commas, trims, keeps; no word may be empty. */
bool pgr_loader_split(struct pgr_loader *loader, const char *text, struct pgr_word_list list,
                      struct pgr_why *why);

/* A word of someone else's for a message: short, and printable whatever it was. */
struct pgr_shown {
    char text[64];
};
struct pgr_shown pgr_shown(const char *text);
