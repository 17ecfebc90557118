// SPDX-License-Identifier: PostgreSQL
/*
 * The walk itself: a stack of values still to visit, so that depth costs heap and not stack. Each
 * node of the allow-list gives its rules a look and then its fields their turn, in source order;
 * a node or field that is not on the list refuses the statement and is searched all the same.
 */
#include "walk_priv.h"

#include <string.h>

#include "pgrecall/base/mem.h"

void pgr_walk_init(struct pgr_walk *walk, struct pgr_arena *arena)
{
    *walk = (struct pgr_walk){.arena = arena, .block = PGR_REASON_NONE};
}

void pgr_walk_fini(struct pgr_walk *walk)
{
    pgr_refs_fini(&walk->refs);
    pgr_free(walk->todo.items);
    walk->todo = (struct pgr_vec){0};
}

void pgr_walk_block(struct pgr_walk *walk, enum pgr_reason reason)
{
    if (walk->block == PGR_REASON_NONE || reason == PGR_REASON_UNKNOWN_NODE)
        walk->block = reason;
}

void pgr_walk_push(struct pgr_walk *walk, struct pgr_walk_item item)
{
    struct pgr_vec *todo = &walk->todo;
    if (item.value == NULL)
        return;
    if (todo->count == todo->cap) {
        size_t cap = todo->cap ? todo->cap * 2 : 64;
        void *items = pgr_try_realloc(todo->items, cap * sizeof item);
        if (items == NULL) {
            walk->is_short = true;
            return;
        }
        todo->items = items;
        todo->cap = cap;
    }
    ((struct pgr_walk_item *)todo->items)[todo->count++] = item;
}

/* What was pushed from `start` on shall come off in the order in which it was pushed. */
static void reverse_from(struct pgr_walk *walk, size_t start)
{
    struct pgr_walk_item *items = walk->todo.items;
    for (size_t low = start, high = walk->todo.count; low + 1 < high; low++, high--) {
        struct pgr_walk_item item = items[low];
        items[low] = items[high - 1];
        items[high - 1] = item;
    }
}

static void push_children(struct pgr_walk *walk, const struct pgr_json *container,
                          const struct pgr_scope *scope)
{
    size_t start = walk->todo.count;
    for (const struct pgr_json *at = pgr_json_first(container); at != NULL; at = at->next)
        pgr_walk_push(walk, (struct pgr_walk_item){at, scope, PGR_NODE_COUNT, PGR_REL_READ});
    reverse_from(walk, start);
}

static bool is_position(const char *key)
{
    return strcmp(key, "location") == 0 || strcmp(key, "stmt_location") == 0 ||
           strcmp(key, "stmt_len") == 0;
}

static void push_field(struct pgr_walk *walk, enum pgr_node node, const struct pgr_json *member,
                       const struct pgr_scope *scope)
{
    if (is_position(member->key))
        return;
    const struct pgr_node_field *field = pgr_node_find_field(node, member->key);
    struct pgr_walk_item item = {member, scope, PGR_NODE_COUNT, PGR_REL_READ};
    if (field == NULL) {
        pgr_walk_block(walk, PGR_REASON_UNKNOWN_NODE);
        push_children(walk, member, scope);
        return;
    }
    switch (field->form) {
    case PGR_FORM_SCALAR:
    case PGR_FORM_NAMES:
    case PGR_FORM_WITH:
        return;
    case PGR_FORM_TARGET:
        item.use = PGR_REL_WRITE;
        item.type = field->type;
        break;
    case PGR_FORM_TYPED:
        item.type = field->type;
        break;
    case PGR_FORM_NODE:
        break;
    }
    pgr_walk_push(walk, item);
}

static void visit(struct pgr_walk *walk, struct pgr_walk_item item)
{
    pgr_rules_apply(walk, &item);
    size_t start = walk->todo.count;
    const struct pgr_scope *scope = item.scope;
    const struct pgr_json *with = pgr_json_get(item.value, "withClause");
    if (with != NULL)
        scope = pgr_walk_open_with(walk, with, scope);
    for (const struct pgr_json *at = pgr_json_first(item.value); at != NULL; at = at->next)
        push_field(walk, item.type, at, scope);
    reverse_from(walk, start);
}

/* A list of nodes, a node in its wrapper, or {} for a null pointer. */
static void open_wrapper(struct pgr_walk *walk, struct pgr_walk_item item)
{
    if (item.value->kind == PGR_JSON_ARRAY) {
        push_children(walk, item.value, item.scope);
        return;
    }
    if (item.value->kind == PGR_JSON_OBJECT && item.value->first == NULL)
        return;
    const struct pgr_json *inner = pgr_json_only(item.value);
    enum pgr_node node = inner && inner->key ? pgr_node_by_name(inner->key) : PGR_NODE_COUNT;
    if (node == PGR_NODE_COUNT || inner->kind != PGR_JSON_OBJECT) {
        pgr_walk_block(walk, PGR_REASON_UNKNOWN_NODE);
        push_children(walk, item.value, item.scope);
        return;
    }
    visit(walk, (struct pgr_walk_item){inner, item.scope, node, item.use});
}

static void drain(struct pgr_walk *walk)
{
    while (walk->todo.count > 0 && !walk->is_short) {
        struct pgr_walk_item item = ((struct pgr_walk_item *)walk->todo.items)[--walk->todo.count];
        if (item.type == PGR_NODE_COUNT)
            open_wrapper(walk, item);
        else
            visit(walk, item);
    }
    walk->is_short |= walk->refs.is_short;
}

void pgr_walk_run(struct pgr_walk *walk, const struct pgr_json *value)
{
    pgr_walk_push(walk, (struct pgr_walk_item){value, NULL, PGR_NODE_COUNT, PGR_REL_READ});
    drain(walk);
}

void pgr_walk_relation(struct pgr_walk *walk, const struct pgr_json *range_var,
                       enum pgr_rel_use use)
{
    pgr_walk_push(walk, (struct pgr_walk_item){range_var, NULL, PGR_NODE_RangeVar, use});
    drain(walk);
}
