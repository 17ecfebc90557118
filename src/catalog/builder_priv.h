// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * builder_priv.h - rows in, one immutable snapshot out. No I/O: tests feed it tables.
 *
 * Threads  owner's.
 * Memory   owned by the caller; finish leaves the builder empty, destroy frees what is left.
 * Errors   a failed take spoils the load: destroy the builder.
 */
#include "facts_priv.h"

struct pgr_builder;

struct pgr_builder_target {
    uint64_t epoch;
    uint32_t database_id;
    uint32_t (*slot_of)(void *arg, uint32_t database_id, uint32_t oid);
    void *arg;
};

struct pgr_builder *pgr_builder_create(void);
void pgr_builder_destroy(struct pgr_builder **builder);
enum pgr_err pgr_builder_take(struct pgr_builder *builder, enum pgr_query query,
                              const struct pgr_rows *rows) PGR_MUST_CHECK;
/* Returns one reference, or NULL when a query's rows are missing or memory is short. */
struct pgr_catalog *pgr_builder_finish(struct pgr_builder *builder,
                                       const struct pgr_builder_target *target);

/*
 * From the rows of IDENTITY and VERSION alone: two servers' states with equal words have equal
 * catalogs. Owned by the caller; NULL before both were taken.
 */
char *pgr_builder_version(const struct pgr_builder *builder);
/* The pulse in IDENTITY's row; borrowed. */
const char *pgr_builder_pulse(const struct pgr_builder *builder);
