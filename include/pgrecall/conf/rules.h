// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * rules.h - [rule NAME] sections: the first that matches, in file order, governs a read.
 *
 * Threads  immutable, part of a settings snapshot.   Memory  the snapshot's.
 * Errors   none at match time: everything was validated at load.
 */
#include "pgrecall/base/bytes.h"

enum pgr_rule_cache {
    PGR_RULE_CACHE_ON,
    PGR_RULE_CACHE_OFF,
    PGR_RULE_CACHE_FORCE, /* the operator's word that user and stable functions called are pure */
};

#define PGR_RULE_WORDS 32

struct pgr_rule {
    const char *name;
    /* Matchers: NULL or 0 means any; a list matches if one of its words does. */
    const char *tables[PGR_RULE_WORDS]; /* "name" or "schema.name"; each one read must be listed */
    size_t table_count;
    const char *classes[PGR_RULE_WORDS];
    size_t class_count;
    uint64_t fingerprint; /* 16 hex digits in the file; 0: any */
    const char *query;    /* glob over the text as sent, case-sensitive: * ? \ */
    const char *databases[PGR_RULE_WORDS];
    size_t database_count;
    const char *users[PGR_RULE_WORDS];
    size_t user_count;
    const char *applications[PGR_RULE_WORDS]; /* globs */
    size_t application_count;
    /* What it says. */
    enum pgr_rule_cache cache;
    bool has_local_ttl;
    bool has_max_staleness;
    uint64_t local_ttl_us;
    uint64_t max_staleness_us;
};

struct pgr_rule_table { /* a relation read, resolved */
    const char *schema;
    const char *name;
};

struct pgr_rule_facts {
    const struct pgr_rule_table *tables;
    size_t table_count;
    const char *class;
    uint64_t fingerprint;
    struct pgr_bytes text;
    const char *database;
    const char *user;
    const char *application;
};

struct pgr_settings;
/* NULL: no rule matches. Borrowed from the snapshot. */
const struct pgr_rule *pgr_rules_match(const struct pgr_settings *settings,
                                       const struct pgr_rule_facts *facts);
bool pgr_glob_match(const char *pattern, struct pgr_bytes text);
