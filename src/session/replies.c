// SPDX-License-Identifier: PostgreSQL
/*
 * One answer is matched by a row of a table: which expectations may meet it, and whether it
 * completes them. ReadyForQuery and ErrorResponse are the two that look further than the front.
 *
 * COPY FROM STDIN is the odd case: while the server reads copy data it ignores Sync, so the Syncs
 * sent between Execute and CopyDone are never answered. CommandComplete proves that CopyDone was
 * reached, and removes them. After an error it is not known which of them were read before it: if
 * there are any, nothing that follows can be matched, and the answer is SURPRISE.
 */
#include "replies_priv.h"

#include "pgrecall/base/mem.h"
#include "pgrecall/wire/backend.h"
#include "pgrecall/wire/frontend.h"

void pgr_replies_init(struct pgr_replies *r, pgr_op_finish_fn *finish, void *arg)
{
    *r = (struct pgr_replies){.cap = 16, .finish = finish, .arg = arg};
    r->ring = pgr_new_array(struct pgr_op, r->cap);
}

static struct pgr_op *op_at(const struct pgr_replies *r, size_t index)
{
    return &r->ring[(r->head + index) & (r->cap - 1)];
}

/* What the client waits for: not our own exchanges, and not CopyDone, which has no answer. */
static bool is_visible(const struct pgr_op *op)
{
    return op->owner == PGR_OP_CLIENT && op->type != PGR_FE_COPY_DONE;
}

static void pop(struct pgr_replies *r, enum pgr_op_end end)
{
    struct pgr_op op = *op_at(r, 0);
    r->head = (r->head + 1) & (r->cap - 1);
    r->count--;
    if (is_visible(&op))
        r->visible--;
    r->finish(r->arg, &op, end);
}

void pgr_replies_fini(struct pgr_replies *r)
{
    while (r->count > 0)
        pop(r, PGR_OP_SKIPPED);
    pgr_free(r->ring);
    r->ring = NULL;
}

static void grow(struct pgr_replies *r)
{
    struct pgr_op *ring = pgr_new_array(struct pgr_op, r->cap * 2);
    for (size_t i = 0; i < r->count; i++)
        ring[i] = *op_at(r, i);
    pgr_free(r->ring);
    r->ring = ring;
    r->cap *= 2;
    r->head = 0;
}

void pgr_replies_push(struct pgr_replies *r, const struct pgr_op *op)
{
    if (r->is_skipping) {
        if (op->type != PGR_FE_SYNC) {
            struct pgr_op skipped = *op;
            r->finish(r->arg, &skipped, PGR_OP_SKIPPED);
            return;
        }
        r->is_skipping = false;
    }
    if (op->type == PGR_FE_COPY_DONE && r->count == 0) { /* no COPY is under way or to come */
        struct pgr_op stray = *op;
        r->finish(r->arg, &stray, PGR_OP_SKIPPED);
        return;
    }
    if (r->count == r->cap)
        grow(r);
    *op_at(r, r->count) = *op;
    r->count++;
    if (is_visible(op))
        r->visible++;
}

struct pgr_op *pgr_replies_front(const struct pgr_replies *r)
{
    return r->count ? op_at(r, 0) : NULL;
}

/* Sync, Query and FunctionCall end with ReadyForQuery. */
static bool ends_unit(const struct pgr_op *op)
{
    return op->type == PGR_FE_SYNC || op->type == PGR_FE_QUERY || op->type == PGR_FE_FUNCTION_CALL;
}

struct pgr_op *pgr_replies_closing(const struct pgr_replies *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (ends_unit(op_at(r, i)))
            return op_at(r, i);
    return NULL;
}

struct match {
    uint8_t answer;
    const char *expected; /* types of expectations that may meet it */
    const char *completes;
};

static const struct match matches[] = {
    {PGR_BE_PARSE_COMPLETE, "P", "P"},   {PGR_BE_BIND_COMPLETE, "B", "B"},
    {PGR_BE_CLOSE_COMPLETE, "C", "C"},   {PGR_BE_PARAM_DESCRIPTION, "D", ""},
    {PGR_BE_ROW_DESCRIPTION, "DQ", "D"}, {PGR_BE_NO_DATA, "D", "D"},
    {PGR_BE_DATA_ROW, "EQ", ""},         {PGR_BE_COMMAND_COMPLETE, "EQ", "E"},
    {PGR_BE_EMPTY_QUERY, "EQ", "E"},     {PGR_BE_PORTAL_SUSPENDED, "E", "E"},
    {PGR_BE_COPY_IN, "EQ", ""},          {PGR_BE_COPY_OUT, "EQ", ""},
    {PGR_BE_COPY_BOTH, "EQ", ""},        {PGR_BE_COPY_DATA, "EQ", ""},
    {PGR_BE_COPY_DONE, "EQ", ""},        {PGR_BE_FUNCTION_RESULT, "F", ""},
};

static const struct match *match_of(uint8_t answer)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(matches); i++)
        if (matches[i].answer == answer)
            return &matches[i];
    return NULL;
}

static enum pgr_route route_of(const struct pgr_op *op)
{
    return op->owner == PGR_OP_CLIENT ? PGR_ROUTE_CLIENT : PGR_ROUTE_SWALLOW;
}

/* Index of the first expectation of a type at or after `from`, or count. */
static size_t find(const struct pgr_replies *r, size_t from, uint8_t type)
{
    for (size_t i = from; i < r->count; i++)
        if (op_at(r, i)->type == type)
            return i;
    return r->count;
}

/* CommandComplete of a COPY IN: Syncs sent before its CopyDone were ignored by the server. */
static void forget_ignored(struct pgr_replies *r)
{
    size_t copy_end = find(r, 0, PGR_FE_COPY_DONE);
    if (copy_end == r->count)
        return;
    while (copy_end-- > 0)
        pop(r, PGR_OP_SKIPPED);
    pop(r, PGR_OP_ANSWERED);
}

static enum pgr_route complete_copy(struct pgr_replies *r)
{
    r->in_copy_in = false;
    if (op_at(r, 0)->type == PGR_FE_EXECUTE) {
        pop(r, PGR_OP_ANSWERED);
        forget_ignored(r);
        return PGR_ROUTE_CLIENT;
    }
    /* A simple Query stays at the front; its CopyDone stands behind it. */
    if (r->count > 1 && op_at(r, 1)->type == PGR_FE_COPY_DONE) {
        *op_at(r, 1) = *op_at(r, 0);
        r->head = (r->head + 1) & (r->cap - 1);
        r->count--;
    }
    return find(r, 1, PGR_FE_COPY_DONE) == r->count ? PGR_ROUTE_CLIENT : PGR_ROUTE_SURPRISE;
}

/* A CopyDone whose COPY already failed or ended is ignored by the server. */
static void drop_stray_copy_ends(struct pgr_replies *r)
{
    while (r->count > 0 && op_at(r, 0)->type == PGR_FE_COPY_DONE)
        pop(r, PGR_OP_SKIPPED);
}

static enum pgr_route accept_error(struct pgr_replies *r)
{
    drop_stray_copy_ends(r);
    struct pgr_op *op = pgr_replies_front(r);
    if (op == NULL)
        return PGR_ROUTE_CLIENT; /* idle timeouts, shutdown: the server speaks unasked */
    op->note.is_error = true;
    enum pgr_route route =
        op->owner == PGR_OP_PROBE && !ends_unit(op) ? PGR_ROUTE_SWALLOW : PGR_ROUTE_CLIENT;
    bool was_copy_in = r->in_copy_in;
    r->in_copy_in = false;
    size_t sync = find(r, 0, PGR_FE_SYNC);
    if (was_copy_in && sync < find(r, 0, PGR_FE_COPY_DONE))
        return PGR_ROUTE_SURPRISE;
    if (ends_unit(op))
        return route;
    r->is_skipping = sync == r->count;
    for (size_t i = 0; i < sync; i++)
        pop(r, i == 0 ? PGR_OP_FAILED : PGR_OP_SKIPPED);
    return route;
}

static enum pgr_route accept_ready(struct pgr_replies *r)
{
    drop_stray_copy_ends(r);
    struct pgr_op *op = pgr_replies_front(r);
    if (op == NULL || !ends_unit(op))
        return PGR_ROUTE_SURPRISE;
    enum pgr_route route = route_of(op);
    pop(r, op->note.is_error ? PGR_OP_FAILED : PGR_OP_ANSWERED);
    drop_stray_copy_ends(r); /* else the session would never be settled */
    return route;
}

static enum pgr_route accept_matched(struct pgr_replies *r, uint8_t type)
{
    const struct match *m = match_of(type);
    drop_stray_copy_ends(r);
    struct pgr_op *op = pgr_replies_front(r);
    if (m == NULL || op == NULL || strchr(m->expected, op->type) == NULL)
        return PGR_ROUTE_SURPRISE;
    enum pgr_route route = route_of(op);
    if (type == PGR_BE_COPY_IN)
        r->in_copy_in = true;
    else if (type == PGR_BE_COMMAND_COMPLETE && r->in_copy_in)
        return complete_copy(r);
    else if (strchr(m->completes, op->type) != NULL)
        pop(r, PGR_OP_ANSWERED);
    return route;
}

enum pgr_route pgr_replies_accept(struct pgr_replies *r, uint8_t type)
{
    switch (type) {
    case PGR_BE_NOTICE:
    case PGR_BE_PARAM_STATUS:
    case PGR_BE_NOTIFICATION:
        return PGR_ROUTE_CLIENT;
    case PGR_BE_ERROR:
        return accept_error(r);
    case PGR_BE_READY:
        return accept_ready(r);
    default:
        return accept_matched(r, type);
    }
}
