// SPDX-License-Identifier: PostgreSQL
#include "walk_priv.h"

#include <string.h>

#define SCALAR(f)      {#f, PGR_FORM_SCALAR, PGR_NODE_COUNT},
#define NAMES(f)       {#f, PGR_FORM_NAMES, PGR_NODE_COUNT},
#define NODE(f)        {#f, PGR_FORM_NODE, PGR_NODE_COUNT},
#define TYPED(f, type) {#f, PGR_FORM_TYPED, PGR_NODE_##type},
#define TARGET(f)      {#f, PGR_FORM_TARGET, PGR_NODE_RangeVar},
#define WITH(f)        {#f, PGR_FORM_WITH, PGR_NODE_WithClause},

#define X(name, fields)                                                                            \
    static const struct pgr_node_field fields_of_##name[] = {                                      \
        fields{NULL, PGR_FORM_SCALAR, PGR_NODE_COUNT}};
#include "nodes.def"
#undef X

static const struct {
    const char *name;
    const struct pgr_node_field *fields;
} shapes[PGR_NODE_COUNT] = {
#define X(name, fields) {#name, fields_of_##name},
#include "nodes.def"
#undef X
};

enum pgr_node pgr_node_by_name(const char *name)
{
    size_t low = 0;
    size_t high = PGR_NODE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, shapes[middle].name);
        if (order == 0)
            return (enum pgr_node)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return PGR_NODE_COUNT;
}

const char *pgr_node_name(enum pgr_node node)
{
    return node < PGR_NODE_COUNT ? shapes[node].name : "";
}

const struct pgr_node_field *pgr_node_find_field(enum pgr_node node, const char *name)
{
    for (const struct pgr_node_field *field = shapes[node].fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}
