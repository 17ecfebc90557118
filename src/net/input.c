// SPDX-License-Identifier: PostgreSQL
#include "input_priv.h"

#include "pgrecall/base/mem.h"

static size_t unread(const struct pgr_input *input)
{
    return input->end - input->start;
}

static size_t cap_wanted(const struct pgr_input *input)
{
    return input->want > PGR_INPUT_CAP ? input->want : PGR_INPUT_CAP;
}

/* Keeps `want`: a header may be consumed before its body is awaited. */
static void drop(struct pgr_input *input)
{
    if (!input->is_shared)
        pgr_free(input->base);
    input->base = NULL;
    input->start = input->end = input->cap = 0;
    input->is_shared = false;
}

void pgr_input_fini(struct pgr_input *input)
{
    drop(input);
    input->want = 0;
}

bool pgr_input_has_room(const struct pgr_input *input)
{
    size_t wanted = cap_wanted(input);
    return unread(input) < (input->cap > wanted ? input->cap : wanted);
}

static enum pgr_err grow(struct pgr_input *input, size_t cap)
{
    uint8_t *base = pgr_try_realloc(input->base, cap);
    if (base == NULL)
        return PGR_ERR_NOMEM;
    input->base = base;
    input->cap = cap;
    return PGR_OK;
}

/* The bytes left over from one message before the next are few: moving them costs little. */
static void compact(struct pgr_input *input)
{
    size_t len = unread(input);
    memmove(input->base, input->base + input->start, len);
    input->start = 0;
    input->end = len;
}

enum pgr_err pgr_input_room(struct pgr_input *input, uint8_t *shared, uint8_t **at, size_t *len)
{
    PGR_ASSERT(!input->is_shared && pgr_input_has_room(input));
    size_t wanted = cap_wanted(input);
    if (input->base == NULL && wanted == PGR_INPUT_CAP) {
        input->base = shared;
        input->cap = PGR_INPUT_CAP;
        input->is_shared = true;
    } else if (input->cap < wanted) {
        if (grow(input, wanted) != PGR_OK)
            return PGR_ERR_NOMEM;
    }
    if (input->start > 0 && input->cap - input->end < input->cap / 2)
        compact(input);
    *at = input->base + input->end;
    *len = input->cap - input->end;
    return PGR_OK;
}

void pgr_input_commit(struct pgr_input *input, size_t len)
{
    PGR_ASSERT(len <= input->cap - input->end);
    input->end += len;
    if (unread(input) >= input->want)
        input->want = 0;
    if (unread(input) == 0)
        drop(input);
}

enum pgr_err pgr_input_settle(struct pgr_input *input)
{
    if (!input->is_shared)
        return PGR_OK;
    struct pgr_bytes left = pgr_input_bytes(input);
    size_t cap = cap_wanted(input);
    uint8_t *base = pgr_try_alloc(cap);
    if (base == NULL) {
        drop(input);
        return PGR_ERR_NOMEM;
    }
    memcpy(base, left.at, left.len);
    input->base = base;
    input->start = 0;
    input->end = left.len;
    input->cap = cap;
    input->is_shared = false;
    return PGR_OK;
}

void pgr_input_consume(struct pgr_input *input, size_t len)
{
    PGR_ASSERT(len <= unread(input));
    input->start += len;
    if (input->base != NULL && unread(input) == 0)
        drop(input);
}

void pgr_input_want(struct pgr_input *input, size_t len)
{
    input->want = len < PGR_INPUT_MAX ? len : PGR_INPUT_MAX;
    if (unread(input) >= input->want)
        input->want = 0;
}
