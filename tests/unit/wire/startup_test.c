// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/startup.h"

#include "decoding.h"
#include "pgrecall/wire/sqlstate.h"

/*
 * The rows were tried on PostgreSQL 15, which answers the same, but for two: it takes a last byte
 * that is no NUL for the terminator if just one stands there, and cancel keys of 4 bytes only
 * (PostgreSQL 18 takes longer ones).
 */
#define BAD_LENGTH "invalid length of startup packet"
#define BAD_LAYOUT "invalid startup packet layout: expected terminator as last byte"
#define BAD_CANCEL "invalid length of cancel request packet"

static void put_pair(void *arg, const char *name, const char *value)
{
    pgr_buf_printf(arg, " %s=%s", name, value);
}

static void put_startup(struct pgr_buf *out, const struct pgr_startup *startup)
{
    static const char *const kinds[] = {"SSL", "GSSENC", "CANCEL", "SESSION", "OTHER"};
    pgr_buf_printf(out, "%s %zu", kinds[startup->kind], startup->size);
    if (startup->kind == PGR_STARTUP_CANCEL)
        pgr_buf_printf(out, " pid %u", startup->pid);
    if (startup->kind == PGR_STARTUP_SESSION || startup->kind == PGR_STARTUP_OTHER)
        pgr_buf_printf(out, " %u.%u", startup->version >> 16, startup->version & 0xffff);
    pgr_startup_each(startup, put_pair, out);
}

static void render(struct pgr_bytes in, struct pgr_buf *out)
{
    struct pgr_startup startup = {.pid = 4711};
    struct pgr_fault fault = {{0}, {0}};
    switch (pgr_startup_parse(in, &startup, &fault)) {
    case PGR_PARSE_OK:
        put_startup(out, &startup);
        break;
    case PGR_PARSE_MORE:
        pgr_buf_printf(out, "more");
        assert_int_equal(startup.pid, 4711);
        break;
    case PGR_PARSE_BAD:
        assert_string_equal(fault.sqlstate, PGR_SQLSTATE_PROTOCOL_VIOLATION);
        assert_int_equal(startup.pid, 4711);
        pgr_buf_printf(out, "%s", fault.text);
        break;
    }
}

// clang-format off
static const struct decoding rows[] = {
    {"SSLRequest",            RAW("\0\0\0\x08\x04\xd2\x16\x2f"),               "SSL 8"},
    {"SSLRequest with bytes", RAW("\0\0\0\x0c\x04\xd2\x16\x2f" "more"),        "SSL 12"},
    {"GSSENCRequest",         RAW("\0\0\0\x08\x04\xd2\x16\x30"),               "GSSENC 8"},
    {"cancel",                RAW("\0\0\0\x10\x04\xd2\x16\x2e\0\1\0\2key!"),   "CANCEL 16 pid 65538"},
    {"cancel of 3.2",         RAW("\0\0\0\x15\x04\xd2\x16\x2e\0\0\0\7longer ky"), "CANCEL 21 pid 7"},
    {"cancel, key of 3",      RAW("\0\0\0\x0f\x04\xd2\x16\x2e\0\0\0\7key"),    BAD_CANCEL},
    {"cancel, no key",        RAW("\0\0\0\x0c\x04\xd2\x16\x2e\0\0\0\7"),       BAD_CANCEL},
    {"cancel, no pid",        RAW("\0\0\0\x08\x04\xd2\x16\x2e"),               BAD_CANCEL},
    {"session",               RAW("\0\0\0\x12\0\3\0\0user\0bob\0\0"),     "SESSION 18 3.0 user=bob"},
    {"two parameters",        RAW("\0\0\0\x11\0\3\0\0" "a\0b\0c\0d\0\0"),      "SESSION 17 3.0 a=b c=d"},
    {"protocol 3.2",          RAW("\0\0\0\x09\0\3\0\2\0"),                     "SESSION 9 3.2"},
    {"minor not known",       RAW("\0\0\0\x0d\0\3\xff\xff" "a\0b\0\0"),        "SESSION 13 3.65535 a=b"},
    {"option not known",      RAW("\0\0\0\x12\0\3\0\0_pq_.x\0y\0\0"),          "SESSION 18 3.0 _pq_.x=y"},
    {"empty value",           RAW("\0\0\0\x0c\0\3\0\0" "a\0\0\0"),             "SESSION 12 3.0 a="},
    {"no parameter",          RAW("\0\0\0\x09\0\3\0\0\0"),                     "SESSION 9 3.0"},
    {"protocol 2",            RAW("\0\0\0\x08\0\2\0\0"),                       "OTHER 8 2.0"},
    {"protocol 4, no layout", RAW("\0\0\0\x0a\0\4\0\0??"),                     "OTHER 10 4.0"},
    {"a code not known",      RAW("\0\0\0\x08\x04\xd2\x16\x31"),               "OTHER 8 1234.5681"},
    {"no terminator at all",  RAW("\0\0\0\x08\0\3\0\0"),                       BAD_LAYOUT},
    {"no terminator",         RAW("\0\0\0\x0c\0\3\0\0" "a\0b\0"),              BAD_LAYOUT},
    {"value without NUL",     RAW("\0\0\0\x0b\0\3\0\0" "a\0b"),                BAD_LAYOUT},
    {"name without value",    RAW("\0\0\0\x0a\0\3\0\0" "a\0"),                 BAD_LAYOUT},
    {"name without NUL",      RAW("\0\0\0\x09\0\3\0\0" "a"),                   BAD_LAYOUT},
    {"letter as terminator",  RAW("\0\0\0\x0d\0\3\0\0" "a\0b\0x"),             BAD_LAYOUT},
    {"two terminators",       RAW("\0\0\0\x0e\0\3\0\0" "a\0b\0\0\0"),          BAD_LAYOUT},
    {"bytes after the end",   RAW("\0\0\0\x10\0\3\0\0" "a\0b\0\0c\0d"),        BAD_LAYOUT},
    {"length 0",              RAW("\0\0\0\0\0\3\0\0"),                         BAD_LENGTH},
    {"length 7",              RAW("\0\0\0\7\0\3\0\0"),                         BAD_LENGTH},
    {"length -1",             RAW("\xff\xff\xff\xff\0\3\0\0"),                 BAD_LENGTH},
    {"lowest length",         RAW("\x80\0\0\0\0\3\0\0"),                       BAD_LENGTH},
    {"one above the ceiling", RAW("\0\0\x27\x15\0\3\0\0"),                     BAD_LENGTH},
    {"a ClientHello",         RAW("\x16\3\1\2\0\1\0\1"),                       BAD_LENGTH},
    {"a typed message",       RAW("Q\0\0\0\x08x\0"),                           BAD_LENGTH},
};
// clang-format on

/* What is known of a packet of which `len` bytes have come. */
static const char *expect_of_prefix(const struct decoding *row, size_t len)
{
    if (len < 4)
        return "more";
    if (strcmp(row->expect, BAD_LENGTH) == 0)
        return row->expect;
    return len < pgr_load_be32(row->body.at) ? "more" : row->expect;
}

static void each_packet_is_what_postgresql_takes_it_for(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(rows); i++) {
        for (size_t len = 0; len <= rows[i].body.len; len++) {
            check_copy(rows[i].title, PGR_BYTES(rows[i].body.at, len), render,
                       expect_of_prefix(&rows[i], len));
        }
    }
    PGR_UNUSED(state);
}

static void what_follows_the_packet_changes_nothing(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(rows); i++) {
        struct pgr_buf longer;
        pgr_buf_init(&longer, 1000);
        pgr_buf_put_bytes(&longer, rows[i].body);
        pgr_buf_put(&longer, "\0S\0\0\0\4", 6);
        check_copy(rows[i].title, pgr_buf_bytes(&longer), render, rows[i].expect);
        pgr_buf_fini(&longer);
    }
    PGR_UNUSED(state);
}

/* A session of just this size: the value of its only parameter is padded. */
static void put_session(struct pgr_buf *out, uint32_t size)
{
    pgr_buf_put_u32(out, size);
    pgr_buf_put_u32(out, 3u << 16);
    pgr_buf_put_cstr(out, "a");
    for (uint32_t at = 10; at < size - 2; at++)
        pgr_buf_put_u8(out, 'x');
    pgr_buf_put(out, "\0", 2);
}

static void the_ceiling_is_postgresqls(void **state)
{
    static const struct {
        uint32_t size;
        enum pgr_parse expect;
    } sizes[] = {{10000, PGR_PARSE_OK}, {10004, PGR_PARSE_OK}, {10005, PGR_PARSE_BAD}};
    for (size_t i = 0; i < PGR_ARRAY_LEN(sizes); i++) {
        struct pgr_buf in;
        struct pgr_startup startup;
        struct pgr_fault fault;
        pgr_buf_init(&in, 20000);
        put_session(&in, sizes[i].size);
        assert_int_equal(pgr_buf_len(&in), sizes[i].size);
        assert_int_equal(pgr_startup_parse(pgr_buf_bytes(&in), &startup, &fault), sizes[i].expect);
        pgr_buf_fini(&in);
    }
    PGR_UNUSED(state);
}

static void a_cancel_key_has_4_to_256_bytes(void **state)
{
    for (uint32_t key_len = 0; key_len <= 300; key_len++) {
        struct pgr_buf in;
        struct pgr_startup startup;
        struct pgr_fault fault;
        pgr_buf_init(&in, 1000);
        pgr_buf_put_u32(&in, 12 + key_len);
        pgr_buf_put_u32(&in, 80877102);
        pgr_buf_put_u32(&in, 99);
        for (uint32_t i = 0; i < key_len; i++)
            pgr_buf_put_u8(&in, 'k');
        enum pgr_parse expect = key_len >= 4 && key_len <= 256 ? PGR_PARSE_OK : PGR_PARSE_BAD;
        assert_int_equal(pgr_startup_parse(pgr_buf_bytes(&in), &startup, &fault), expect);
        pgr_buf_fini(&in);
    }
    PGR_UNUSED(state);
}

static void the_last_value_of_a_parameter_counts(void **state)
{
    static const struct pgr_bytes packet = RAW("\0\0\0\x25\0\3\0\0user\0bob\0use\0no\0user\0eve\0"
                                               "e\0\0\0");
    static const struct {
        const char *name;
        const char *expect;
    } params[] = {{"user", "eve"}, {"use", "no"}, {"e", ""},  {"users", NULL},
                  {"User", NULL},  {"bob", NULL}, {"", NULL}, {"us", NULL}};
    struct pgr_startup startup;
    struct pgr_fault fault;
    assert_int_equal(pgr_startup_parse(packet, &startup, &fault), PGR_PARSE_OK);
    for (size_t i = 0; i < PGR_ARRAY_LEN(params); i++) {
        struct pgr_bytes found = pgr_startup_param(&startup, params[i].name);
        assert_true(pgr_str_eq((const char *)found.at, params[i].expect));
        assert_int_equal(found.len, params[i].expect == NULL ? 0 : strlen(params[i].expect));
    }
    PGR_UNUSED(state);
}

static void other_packets_have_no_parameters(void **state)
{
    static const struct pgr_bytes packets[] = {RAW("\0\0\0\x08\x04\xd2\x16\x2f"),
                                               RAW("\0\0\0\x0d\0\2\0\0"
                                                   "a\0b\0\0")};
    for (size_t i = 0; i < PGR_ARRAY_LEN(packets); i++) {
        struct pgr_startup startup;
        struct pgr_fault fault;
        assert_int_equal(pgr_startup_parse(packets[i], &startup, &fault), PGR_PARSE_OK);
        assert_null(pgr_startup_param(&startup, "a").at);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packet_is_what_postgresql_takes_it_for),
        cmocka_unit_test(what_follows_the_packet_changes_nothing),
        cmocka_unit_test(the_ceiling_is_postgresqls),
        cmocka_unit_test(a_cancel_key_has_4_to_256_bytes),
        cmocka_unit_test(the_last_value_of_a_parameter_counts),
        cmocka_unit_test(other_packets_have_no_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
