// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * index_priv.h - the private half of a snapshot: where names lead.
 *
 * Threads  immutable once published.   Memory  the snapshot's.   Errors  none.
 */
#include "arena_priv.h"
#include "map_priv.h"
#include "pgrecall/catalog/snapshot.h"

struct pgr_catalog_index {
    struct pgr_catalog_arena arena;
    struct pgr_relation *relations;
    size_t relation_count;
    struct pgr_name_map relation_names;
    struct pgr_name_map system_names; /* values only say that the name is there */
    struct pgr_name_map functions;
    struct pgr_name_map operators;
    struct pgr_name_map types;
    struct pgr_name_map date_columns;
};
