// SPDX-License-Identifier: PostgreSQL
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "name_priv.h"
#include "value_priv.h"

#define REFUSED   UINT64_MAX
#define UNTOUCHED 4711

typedef bool read_number(const char *text, uint64_t *out, struct pgr_why *why);

struct number_case {
    const char *text;
    uint64_t expect;
};

static void check_numbers(read_number *read, const struct number_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;
        struct pgr_why why = {""};
        bool is_read = read(cases[i].text, &value, &why);
        if (is_read == (cases[i].expect == REFUSED))
            fail_msg("\"%s\": %s (%s)", cases[i].text, is_read ? "taken" : "refused", why.text);
        assert_true(value == (is_read ? cases[i].expect : UNTOUCHED));
        assert_int_equal(why.text[0] == '\0', is_read);
    }
}

static void times_are_a_number_and_a_unit(void **state)
{
    static const struct number_case cases[] = {
        {"0", 0},
        {"0s", 0},
        {"7us", 7},
        {"250ms", 250000},
        {"10s", 10000000},
        {"10 s", 10000000},
        {"2min", 120000000},
        {"1h", 3600000000},
        {"1d", 86400000000},
        {"213503982d", 18446744044800000000ULL},
        {"", REFUSED},
        {"10", REFUSED},
        {"s", REFUSED},
        {" 1s", REFUSED},
        {"-1s", REFUSED},
        {"+1s", REFUSED},
        {"1.5s", REFUSED},
        {"1S", REFUSED},
        {"1m", REFUSED},
        {"1s ", REFUSED},
        {"1s1", REFUSED},
        {"0x", REFUSED},
        {"0x10s", REFUSED},
        {"1MB", REFUSED},
        {"213503983d", REFUSED},
        {"18446744073709551616us", REFUSED},
        {"99999999999999999999999999s", REFUSED},
    };
    check_numbers(pgr_value_duration, cases, PGR_ARRAY_LEN(cases));
    (void)state;
}

static void sizes_are_powers_of_1024(void **state)
{
    static const struct number_case cases[] = {
        {"0", 0},
        {"5B", 5},
        {"8kB", 8192},
        {"64MB", (uint64_t)64 << 20},
        {"64 MB", (uint64_t)64 << 20},
        {"1GB", (uint64_t)1 << 30},
        {"1TB", (uint64_t)1 << 40},
        {"16777215TB", (uint64_t)16777215 << 40},
        {"16777216TB", REFUSED},
        {"64", REFUSED},
        {"64M", REFUSED},
        {"64mb", REFUSED},
        {"64MiB", REFUSED},
        {"MB", REFUSED},
        {"1s", REFUSED},
        {"\xff", REFUSED},
    };
    check_numbers(pgr_value_size, cases, PGR_ARRAY_LEN(cases));
    (void)state;
}

static void whole_numbers_carry_nothing_else(void **state)
{
    static const struct number_case cases[] = {
        {"0", 0},        {"64", 64},
        {"007", 7},      {"18446744073709551615", UINT64_MAX},
        {"", REFUSED},   {"-1", REFUSED},
        {"1k", REFUSED}, {"0x4", REFUSED},
        {"4 ", REFUSED}, {"18446744073709551616", REFUSED},
    };
    /* REFUSED is the largest number: that one case is looked at by itself. */
    uint64_t value = 0;
    struct pgr_why why;
    check_numbers(pgr_value_uint, cases, 3);
    check_numbers(pgr_value_uint, cases + 4, PGR_ARRAY_LEN(cases) - 4);
    assert_true(pgr_value_uint(cases[3].text, &value, &why) && value == UINT64_MAX);
    (void)state;
}

static void fingerprints_are_sixteen_digits(void **state)
{
    static const struct number_case cases[] = {
        {"00000000000000ff", 255},
        {"0123456789ABCDEF", 0x0123456789ABCDEF},
        {"fffffffffffffffe", 0xfffffffffffffffe},
        {"0000000000000000", REFUSED},
        {"ff", REFUSED},
        {"0123456789abcdef0", REFUSED},
        {"0x23456789abcdef", REFUSED},
        {"0123456789abcdeg", REFUSED},
        {" 123456789abcdef", REFUSED},
        {"+123456789abcdef", REFUSED},
        {"", REFUSED},
    };
    check_numbers(pgr_value_fingerprint, cases, PGR_ARRAY_LEN(cases));
    (void)state;
}

static void booleans_are_postgresqls_words(void **state)
{
    static const char *const on[] = {"on", "ON", "true", "yes", "1"};
    static const char *const off[] = {"off", "Off", "false", "no", "0"};
    static const char *const bad[] = {"", "o", "onn", "2", "enabled"};
    struct pgr_why why;
    for (size_t i = 0; i < PGR_ARRAY_LEN(on); i++) {
        bool value = false;
        assert_true(pgr_value_bool(on[i], &value, &why) && value);
        value = true;
        assert_true(pgr_value_bool(off[i], &value, &why) && !value);
        assert_false(pgr_value_bool(bad[i], &value, &why));
        assert_string_equal(why.text, "must be on or off");
    }
    (void)state;
}

static void words_name_the_nearest(void **state)
{
    uint32_t which = UNTOUCHED;
    struct pgr_why why;
    assert_true(pgr_value_word("Warning", "error|warning|info", &which, &why));
    assert_int_equal(which, 1);
    assert_false(pgr_value_word("warn1ng", "error|warning|info", &which, &why));
    assert_string_equal(why.text, "must be one of error|warning|info; did you mean warning?");
    assert_false(pgr_value_word("x", "error|warning|info", &which, &why));
    assert_string_equal(why.text, "must be one of error|warning|info");
    assert_false(pgr_value_word("", "error|warning|info", &which, &why));
    assert_int_equal(which, 1);
    (void)state;
}

static void a_wrong_unit_names_the_right_one(void **state)
{
    uint64_t value = 0;
    struct pgr_why why;
    assert_false(pgr_value_size("256mb", &value, &why));
    assert_string_equal(why.text, "unknown unit; did you mean MB?");
    assert_false(pgr_value_duration("10", &value, &why));
    assert_string_equal(why.text, "needs a unit (us, ms, s, min, h, d), as in 10s");
    (void)state;
}

static void what_is_written_reads_back(void **state)
{
    static const struct {
        uint64_t value;
        const char *time;
        const char *size;
    } cases[] = {
        {0, "0", "0"},
        {1, "1us", "1B"},
        {1024, "1024us", "1kB"},
        {60000000, "1min", "60000000B"},
        {90000000, "90s", "90000000B"},
        {86400000000, "1d", "84375000kB"},
        {(uint64_t)3 << 30, "3221225472us", "3GB"},
        {UINT64_MAX, "18446744073709551615us", "18446744073709551615B"},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        char text[32];
        uint64_t back = UNTOUCHED;
        struct pgr_why why;
        pgr_value_put_duration(cases[i].value, text, sizeof(text));
        assert_string_equal(text, cases[i].time);
        assert_true(pgr_value_duration(text, &back, &why) && back == cases[i].value);
        pgr_value_put_size(cases[i].value, text, sizeof(text));
        assert_string_equal(text, cases[i].size);
        assert_true(pgr_value_size(text, &back, &why) && back == cases[i].value);
    }
    (void)state;
}

static void distance_counts_slips(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned expect;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"memory", "memory", 0},
        {"MEMORY", "memory", 0},
        {"memroy", "memory", 1},
        {"memor", "memory", 1},
        {"mmemory", "memory", 1},
        {"nemory", "memory", 1},
        {"ca", "abc", 3},
        {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        assert_int_equal(pgr_name_distance(cases[i].a, cases[i].b), cases[i].expect);
        assert_int_equal(pgr_name_distance(cases[i].b, cases[i].a), cases[i].expect);
    }
    char longest[PGR_NAME_MAX];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(pgr_name_distance(longest, longest), 0);
    char too_long[PGR_NAME_MAX + 1];
    memset(too_long, 'x', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    assert_int_equal(pgr_name_distance(too_long, too_long), UINT_MAX);
    assert_int_equal(pgr_name_distance("x", too_long), UINT_MAX);
    (void)state;
}

static void only_near_names_are_offered(void **state)
{
    static const struct {
        const char *wrong;
        const char *expect;
    } cases[] = {
        {"memroy", "memory"},
        {"shard", "shards"},
        {"enable", "enabled"},
        {"dns", "dsn"},
        {"d", ""},
        {"", ""},
        {"password", ""},
        {"local-ttl", "local_ttl"},
    };
    static const char *const names[] = {"enabled", "memory", "shards", "local_ttl", "dsn"};
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct pgr_nearest nearest;
        pgr_nearest_init(&nearest, cases[i].wrong);
        for (size_t k = 0; k < PGR_ARRAY_LEN(names); k++)
            pgr_nearest_offer(&nearest, names[k]);
        assert_string_equal(nearest.name, cases[i].expect);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_a_number_and_a_unit),
        cmocka_unit_test(sizes_are_powers_of_1024),
        cmocka_unit_test(whole_numbers_carry_nothing_else),
        cmocka_unit_test(fingerprints_are_sixteen_digits),
        cmocka_unit_test(booleans_are_postgresqls_words),
        cmocka_unit_test(words_name_the_nearest),
        cmocka_unit_test(a_wrong_unit_names_the_right_one),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(distance_counts_slips),
        cmocka_unit_test(only_near_names_are_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
