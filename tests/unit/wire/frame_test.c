// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/wire/frame.h"

#include "decoding.h"

struct head_case {
    const char *title;
    struct pgr_bytes in;
    uint32_t max;
    enum pgr_parse expect;
    uint8_t type;
    uint32_t body_len;
};

// clang-format off
static const struct head_case heads[] = {
    {"no body",              RAW("S\0\0\0\4"),           PGR_FRAME_MAX, PGR_PARSE_OK,  'S', 0},
    {"a body",               RAW("Q\0\0\0\6x\0"),        PGR_FRAME_MAX, PGR_PARSE_OK,  'Q', 2},
    {"body not here yet",    RAW("Q\0\0\1\4x"),          PGR_FRAME_MAX, PGR_PARSE_OK,  'Q', 256},
    {"more behind it",       RAW("S\0\0\0\4garbage"),    PGR_FRAME_MAX, PGR_PARSE_OK,  'S', 0},
    {"any type byte",        RAW("\0\0\0\0\4"),          PGR_FRAME_MAX, PGR_PARSE_OK,  0,   0},
    {"type byte above 127",  RAW("\xff\0\0\0\4"),        PGR_FRAME_MAX, PGR_PARSE_OK,  255, 0},
    {"length 0",             RAW("Q\0\0\0\0"),           PGR_FRAME_MAX, PGR_PARSE_BAD, 0,   0},
    {"length 3",             RAW("Q\0\0\0\3"),           PGR_FRAME_MAX, PGR_PARSE_BAD, 0,   0},
    {"length -1",            RAW("Q\xff\xff\xff\xff"),   PGR_FRAME_MAX, PGR_PARSE_BAD, 0,   0},
    {"lowest length",        RAW("Q\x80\0\0\0"),         PGR_FRAME_MAX, PGR_PARSE_BAD, 0,   0},
    {"1 GiB",                RAW("Q\x40\0\0\0"),         PGR_FRAME_MAX, PGR_PARSE_BAD, 0,   0},
    {"1 GiB - 1",            RAW("Q\x3f\xff\xff\xff"),   PGR_FRAME_MAX, PGR_PARSE_OK,  'Q', 0x3ffffffb},
    {"as long as allowed",   RAW("p\0\0\0\x0a" "123456"), 10,           PGR_PARSE_OK,  'p', 6},
    {"longer than allowed",  RAW("p\0\0\0\x0b" "1234567"), 10,          PGR_PARSE_BAD, 0,   0},
    {"no ceiling: 2^32 - 1", RAW("Q\xff\xff\xff\xff"),   UINT32_MAX,    PGR_PARSE_OK,  'Q', 0xfffffffb},
};
// clang-format on

/* The head is answered as soon as it is there, and what follows never changes the answer. */
static void check_head(const struct head_case *row)
{
    for (size_t len = 0; len <= row->in.len; len++) {
        struct pgr_bytes prefix = copy_to_end(PGR_BYTES(row->in.at, len));
        struct pgr_frame frame = {.type = 'u', .body_len = 77};
        enum pgr_parse expect = len < PGR_FRAME_HEAD ? PGR_PARSE_MORE : row->expect;
        if (pgr_frame_peek(prefix, row->max, &frame) != expect)
            fail_msg("%s, %zu bytes", row->title, len);
        assert_int_equal(frame.type, expect == PGR_PARSE_OK ? row->type : 'u');
        assert_int_equal(frame.body_len, expect == PGR_PARSE_OK ? row->body_len : 77);
        free_copy(prefix);
    }
}

static void a_head_is_a_type_and_a_length(void **state)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(heads); i++)
        check_head(&heads[i]);
    PGR_UNUSED(state);
}

static void the_size_counts_the_head_without_overflow(void **state)
{
    struct pgr_frame frame = {.type = 'd', .body_len = UINT32_MAX - 4};
    assert_true(pgr_frame_size(&frame) == (size_t)UINT32_MAX + 1);
    PGR_UNUSED(state);
}

/* Takes whole messages off the front and notes type and body of each. */
static void take_messages(struct pgr_buf *in, struct pgr_buf *seen)
{
    struct pgr_frame frame;
    while (pgr_frame_peek(pgr_buf_bytes(in), PGR_FRAME_MAX, &frame) == PGR_PARSE_OK &&
           pgr_buf_len(in) >= pgr_frame_size(&frame)) {
        pgr_buf_put_u8(seen, frame.type);
        put_text(seen, pgr_frame_body(pgr_buf_bytes(in), &frame));
        pgr_buf_put_u8(seen, ';');
        pgr_buf_consume(in, pgr_frame_size(&frame));
    }
}

static void a_stream_in_pieces_of_any_size_is_the_same_stream(void **state)
{
    static const uint8_t stream[] = "P\0\0\0\x0e"
                                    "s\0select 1"
                                    "H\0\0\0\4"
                                    "d\0\0\0\x09hello"
                                    "S\0\0\0\4"
                                    "X\0\0\0\5!";
    static const char expect[] = "Ps<00>select 1;H;dhello;S;X!;";
    for (size_t piece = 1; piece < sizeof(stream); piece++) {
        struct pgr_buf in;
        struct pgr_buf seen;
        pgr_buf_init(&in, 1000);
        pgr_buf_init(&seen, 1000);
        for (size_t at = 0; at < sizeof(stream) - 1; at += piece) {
            size_t left = sizeof(stream) - 1 - at;
            pgr_buf_put(&in, stream + at, left < piece ? left : piece);
            take_messages(&in, &seen);
        }
        assert_int_equal(pgr_buf_len(&in), 0);
        assert_int_equal(pgr_buf_len(&seen), sizeof(expect) - 1);
        assert_memory_equal(pgr_buf_bytes(&seen).at, expect, sizeof(expect) - 1);
        pgr_buf_fini(&in);
        pgr_buf_fini(&seen);
    }
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_a_type_and_a_length),
        cmocka_unit_test(the_size_counts_the_head_without_overflow),
        cmocka_unit_test(a_stream_in_pieces_of_any_size_is_the_same_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
