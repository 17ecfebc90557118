// SPDX-License-Identifier: PostgreSQL
/*
 * startup.c - the untyped packets at the beginning of a connection.
 *
 * Properties: a packet that is taken is no longer than what came; no prefix contradicts the whole;
 * bytes that follow change nothing; the pairs, written again, are the packet's own bytes.
 */
#include "pgrecall/wire/startup.h"
#include "fuzz.h"
#include "pgrecall/base/buf.h"

#define PREFIXES_MAX 300

struct result {
    enum pgr_parse parse;
    struct pgr_startup startup;
    struct pgr_fault fault;
};

static struct result parse(struct pgr_bytes in)
{
    struct result result = {0};
    result.parse = pgr_startup_parse(in, &result.startup, &result.fault);
    PGR_ASSERT((result.parse == PGR_PARSE_BAD) == (result.fault.text[0] != 0));
    return result;
}

static void assert_same(const struct result *a, const struct result *b)
{
    PGR_ASSERT(a->parse == b->parse);
    PGR_ASSERT(a->startup.kind == b->startup.kind && a->startup.size == b->startup.size);
    PGR_ASSERT(a->startup.version == b->startup.version && a->startup.pid == b->startup.pid);
    PGR_ASSERT(pgr_bytes_eq(a->startup.params, b->startup.params));
    PGR_ASSERT(strcmp(a->fault.text, b->fault.text) == 0);
}

/* More bytes may only turn MORE into something else. */
static void check_prefixes(struct pgr_bytes in, const struct result *whole)
{
    size_t longest = in.len < PREFIXES_MAX ? in.len : PREFIXES_MAX;
    for (size_t len = 0; len < longest; len++) {
        struct pgr_bytes prefix = fuzz_copy(PGR_BYTES(in.at, len));
        struct result early = parse(prefix);
        if (early.parse != PGR_PARSE_MORE)
            assert_same(&early, whole);
        PGR_ASSERT(early.parse != PGR_PARSE_OK || early.startup.size <= len);
        fuzz_free(prefix);
    }
}

struct rewriting {
    struct pgr_buf out;
    const struct pgr_startup *startup;
};

static void put_pair(void *arg, const char *name, const char *value)
{
    struct rewriting *rewriting = arg;
    struct pgr_bytes last = pgr_startup_param(rewriting->startup, name);
    PGR_ASSERT(last.at != NULL && last.at >= (const uint8_t *)value);
    PGR_ASSERT(strlen((const char *)last.at) == last.len);
    pgr_buf_put_cstr(&rewriting->out, name);
    pgr_buf_put_cstr(&rewriting->out, value);
}

static void check_params(const struct pgr_startup *startup)
{
    struct rewriting rewriting = {.startup = startup};
    pgr_buf_init(&rewriting.out, PGR_STARTUP_MAX);
    pgr_startup_each(startup, put_pair, &rewriting);
    PGR_ASSERT(pgr_startup_param(startup, "").at == NULL);
    if (startup->kind == PGR_STARTUP_SESSION)
        pgr_buf_put_u8(&rewriting.out, 0);
    PGR_ASSERT(pgr_bytes_eq(pgr_buf_bytes(&rewriting.out), startup->params));
    pgr_buf_fini(&rewriting.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgr_bytes in = PGR_BYTES(data, size);
    struct result whole = parse(in);
    check_prefixes(in, &whole);
    if (whole.parse != PGR_PARSE_OK)
        return 0;
    PGR_ASSERT(whole.startup.size >= 8 && whole.startup.size <= size);
    PGR_ASSERT(fuzz_is_inside(whole.startup.params, in));
    struct pgr_bytes packet = fuzz_copy(PGR_BYTES(data, whole.startup.size));
    struct result alone = parse(packet);
    assert_same(&alone, &whole);
    check_params(&alone.startup);
    fuzz_free(packet);
    return 0;
}
