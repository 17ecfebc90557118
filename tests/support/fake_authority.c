// SPDX-License-Identifier: PostgreSQL
#include "fake_authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct fake_authority *fake_of(struct pgr_authority *self)
{
    return pgr_container_of(self, struct fake_authority, base);
}

static bool must_wait(struct fake_authority *fake, enum fake_ask kind, void *request)
{
    fake->asked[kind]++;
    if ((fake->later & (unsigned)kind) == 0)
        return false;
    assert_true(fake->waiting_count < FAKE_WAITING_MAX);
    for (size_t i = 0; i < fake->waiting_count; i++)
        if (fake->waiting[i].request == request)
            fail_msg("a request is asked again while it still waits for its answer");
    fake->waiting[fake->waiting_count++] = (struct fake_waiting){kind, request};
    return true;
}

static enum pgr_answer get(struct pgr_authority *self, struct pgr_get *request)
{
    struct fake_authority *fake = fake_of(self);
    if (must_wait(fake, FAKE_GET, request))
        return PGR_ANSWER_LATER;
    return fake->behind->ops->get(fake->behind, request);
}

static enum pgr_answer take(struct pgr_authority *self, struct pgr_take *request)
{
    struct fake_authority *fake = fake_of(self);
    if (must_wait(fake, FAKE_TAKE, request))
        return PGR_ANSWER_LATER;
    return fake->behind->ops->take(fake->behind, request);
}

static void put(struct pgr_authority *self, struct pgr_entry *entry)
{
    struct fake_authority *fake = fake_of(self);
    fake->puts++;
    fake->behind->ops->put(fake->behind, entry);
}

static enum pgr_answer begin(struct pgr_authority *self, struct pgr_write *write)
{
    struct fake_authority *fake = fake_of(self);
    if (must_wait(fake, FAKE_BEGIN, write))
        return PGR_ANSWER_LATER;
    return fake->behind->ops->begin(fake->behind, write);
}

static enum pgr_answer end(struct pgr_authority *self, struct pgr_write *write)
{
    struct fake_authority *fake = fake_of(self);
    if (must_wait(fake, FAKE_END, write))
        return PGR_ANSWER_LATER;
    return fake->behind->ops->end(fake->behind, write);
}

void fake_authority_init(struct fake_authority *fake, struct pgr_authority *behind)
{
    static const struct pgr_authority_ops ops = {get, take, put, begin, end};
    *fake = (struct fake_authority){.base = {&ops, behind->key_seed}, .behind = behind};
}

void fake_authority_fini(struct fake_authority *fake)
{
    assert_int_equal(fake->waiting_count, 0);
}

size_t fake_authority_waiting(const struct fake_authority *fake, unsigned kinds)
{
    size_t count = 0;
    for (size_t i = 0; i < fake->waiting_count; i++)
        count += (fake->waiting[i].kind & kinds) != 0;
    return count;
}

static struct fake_waiting take_waiting(struct fake_authority *fake, unsigned kinds)
{
    size_t i = 0;
    while (i < fake->waiting_count && (fake->waiting[i].kind & kinds) == 0)
        i++;
    if (i == fake->waiting_count)
        fail_msg("no question of kind %u waits", kinds);
    struct fake_waiting found = fake->waiting[i];
    fake->waiting_count--;
    memmove(&fake->waiting[i], &fake->waiting[i + 1],
            (fake->waiting_count - i) * sizeof(fake->waiting[0]));
    return found;
}

static void answer_write(struct fake_authority *fake, enum fake_ask kind, struct pgr_write *write)
{
    const struct pgr_authority_ops *ops = fake->behind->ops;
    enum pgr_answer answer =
        kind == FAKE_BEGIN ? ops->begin(fake->behind, write) : ops->end(fake->behind, write);
    assert_int_equal(answer, PGR_ANSWER_NOW);
    write->done(write);
}

void fake_authority_answer(struct fake_authority *fake, unsigned kinds)
{
    struct fake_waiting waiting = take_waiting(fake, kinds);
    if (waiting.kind == FAKE_GET) {
        struct pgr_get *request = waiting.request;
        assert_int_equal(fake->behind->ops->get(fake->behind, request), PGR_ANSWER_NOW);
        request->done(request);
    } else if (waiting.kind == FAKE_TAKE) {
        struct pgr_take *request = waiting.request;
        assert_int_equal(fake->behind->ops->take(fake->behind, request), PGR_ANSWER_NOW);
        request->done(request);
    } else {
        answer_write(fake, waiting.kind, waiting.request);
    }
}
