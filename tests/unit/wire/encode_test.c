// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/encode.h"

#include "decoding.h"
#include "encode_priv.h"
#include "pgrecall/wire/backend.h"
#include "pgrecall/wire/frontend.h"
#include "pgrecall/wire/sqlstate.h"

static const struct pgr_fault fault = {PGR_SQLSTATE_CANNOT_CONNECT_NOW, "no server"};

static void put_error(struct pgr_buf *out)
{
    pgr_encode_error(out, "FATAL", &fault);
}

static void put_ready(struct pgr_buf *out)
{
    pgr_encode_ready(out, 'T');
}

static void put_query(struct pgr_buf *out)
{
    pgr_encode_query(out, "select 1");
}

static void put_parse(struct pgr_buf *out)
{
    pgr_encode_parse(out, "s", "select 1");
}

static void put_bind(struct pgr_buf *out)
{
    pgr_encode_bind_plain(out, "s");
}

static void put_close(struct pgr_buf *out)
{
    pgr_encode_close_statement(out, "s");
}

struct encoding {
    void (*put)(struct pgr_buf *out);
    struct pgr_bytes expect;
};

// clang-format off
static const struct encoding rows[] = {
    {put_error,                  RAW("E\0\0\0\x25SFATAL\0VFATAL\0C57P03\0Mno server\0\0")},
    {put_ready,                  RAW("Z\0\0\0\5T")},
    {pgr_encode_parse_complete,  RAW("1\0\0\0\4")},
    {pgr_encode_bind_complete,   RAW("2\0\0\0\4")},
    {put_query,                  RAW("Q\0\0\0\x0dselect 1\0")},
    {put_parse,                  RAW("P\0\0\0\x11s\0select 1\0\0\0")},
    {put_bind,                   RAW("B\0\0\0\x0d\0s\0\0\0\0\0\0\0")},
    {pgr_encode_execute_all,     RAW("E\0\0\0\x09\0\0\0\0\0")},
    {put_close,                  RAW("C\0\0\0\7Ss\0")},
    {pgr_encode_sync,            RAW("S\0\0\0\4")},
    {pgr_encode_terminate,       RAW("X\0\0\0\4")},
};
// clang-format on

static void every_message_has_its_bytes(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(rows); i++) {
        struct pgr_buf out;
        struct pgr_frame frame;
        pgr_buf_init(&out, 1000);
        rows[i].put(&out);
        assert_false(out.is_short);
        assert_int_equal(pgr_buf_len(&out), rows[i].expect.len);
        assert_memory_equal(pgr_buf_bytes(&out).at, rows[i].expect.at, rows[i].expect.len);
        assert_int_equal(pgr_frame_peek(pgr_buf_bytes(&out), 1000, &frame), PGR_PARSE_OK);
        assert_int_equal(pgr_frame_size(&frame), pgr_buf_len(&out));
        pgr_buf_fini(&out);
    }
    PGR_UNUSED(state);
}

/* What stood in the buffer stays, and no half message follows it. */
static void a_message_that_does_not_fit_is_not_begun(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(rows); i++) {
        for (size_t room = 0; room <= rows[i].expect.len; room++) {
            struct pgr_buf out;
            pgr_buf_init(&out, 3 + room);
            pgr_buf_put(&out, "old", 3);
            rows[i].put(&out);
            bool fits = room == rows[i].expect.len;
            assert_int_equal(out.is_short, !fits);
            assert_int_equal(pgr_buf_len(&out), fits ? 3 + room : 3);
            assert_memory_equal(pgr_buf_bytes(&out).at, "old", 3);
            pgr_buf_fini(&out);
        }
    }
    PGR_UNUSED(state);
}

static void a_message_without_memory_is_not_begun(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(rows); i++) {
        struct pgr_buf out;
        pgr_buf_init(&out, 1000);
        pgr_mem_fail_nth(1);
        rows[i].put(&out);
        pgr_mem_fail_nth(0);
        assert_true(out.is_short);
        assert_int_equal(pgr_buf_len(&out), 0);
        pgr_buf_fini(&out);
    }
    PGR_UNUSED(state);
}

/* Its length word would not hold, or be more than PostgreSQL takes. */
static void a_message_beyond_a_gibibyte_is_not_begun(void **state)
{
    static const size_t lengths[] = {PGR_FRAME_MAX - 3, UINT32_MAX, (size_t)UINT32_MAX + 1};
    for (size_t i = 0; i < PGR_ARRAY_LEN(lengths); i++) {
        struct pgr_buf out;
        pgr_buf_init(&out, SIZE_MAX / 8);
        assert_false(pgr_encode_head(&out, 'Q', lengths[i]));
        assert_true(out.is_short);
        assert_int_equal(pgr_buf_len(&out), 0);
        pgr_buf_fini(&out);
    }
    PGR_UNUSED(state);
}

/* The body of the only message in the buffer. */
static struct pgr_bytes only_body(const struct pgr_buf *out, uint8_t type)
{
    struct pgr_frame frame;
    assert_int_equal(pgr_frame_peek(pgr_buf_bytes(out), 1000, &frame), PGR_PARSE_OK);
    assert_int_equal(frame.type, type);
    assert_int_equal(pgr_frame_size(&frame), pgr_buf_len(out));
    return pgr_frame_body(pgr_buf_bytes(out), &frame);
}

static void assert_text(struct pgr_bytes found, const char *expect)
{
    assert_true(pgr_bytes_eq(found, pgr_bytes_str(expect)));
}

static void to_the_server_is_read_back(void **state)
{
    struct pgr_buf out;
    struct pgr_msg_parse parse;
    struct pgr_msg_bind bind;
    struct pgr_msg_execute execute;
    struct pgr_msg_target target;
    pgr_buf_init(&out, 1000);
    pgr_encode_parse(&out, "name", "text");
    assert_true(pgr_msg_parse_parse(only_body(&out, PGR_FE_PARSE), &parse));
    assert_text(parse.name, "name");
    assert_text(parse.text, "text");
    assert_int_equal(parse.oid_count, 0);
    pgr_buf_reset(&out);
    pgr_encode_bind_plain(&out, "name");
    assert_true(pgr_msg_bind_parse(only_body(&out, PGR_FE_BIND), &bind));
    assert_text(bind.portal, "");
    assert_text(bind.statement, "name");
    assert_int_equal(bind.format_count + bind.param_count + bind.result_count, 0);
    pgr_buf_reset(&out);
    pgr_encode_execute_all(&out);
    assert_true(pgr_msg_execute_parse(only_body(&out, PGR_FE_EXECUTE), &execute));
    assert_text(execute.portal, "");
    assert_int_equal(execute.max_rows, 0);
    pgr_buf_reset(&out);
    pgr_encode_close_statement(&out, "name");
    assert_true(pgr_msg_target_parse(only_body(&out, PGR_FE_CLOSE), &target));
    assert_int_equal(target.kind, 'S');
    assert_text(target.name, "name");
    pgr_buf_fini(&out);
    PGR_UNUSED(state);
}

static void an_error_is_read_back(void **state)
{
    static const struct {
        uint8_t field;
        const char *expect;
    } fields[] = {{'S', "FATAL"}, {'V', "FATAL"}, {'C', "57P03"}, {'M', "no server"}};
    struct pgr_buf out;
    struct pgr_bytes text;
    pgr_buf_init(&out, 1000);
    put_error(&out);
    struct pgr_bytes body = only_body(&out, PGR_BE_ERROR);
    for (size_t i = 0; i < PGR_ARRAY_LEN(fields); i++) {
        assert_true(pgr_msg_error_field(body, fields[i].field, &text));
        assert_text(text, fields[i].expect);
    }
    assert_false(pgr_msg_error_field(body, 'H', &text));
    pgr_buf_fini(&out);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_its_bytes),
        cmocka_unit_test(a_message_that_does_not_fit_is_not_begun),
        cmocka_unit_test(a_message_without_memory_is_not_begun),
        cmocka_unit_test(a_message_beyond_a_gibibyte_is_not_begun),
        cmocka_unit_test(to_the_server_is_read_back),
        cmocka_unit_test(an_error_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
