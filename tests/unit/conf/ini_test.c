// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

#include "ini_priv.h"

/* Events as text: "1[name]", "2 key=value", "3!what". */
struct script {
    char text[32768];
    size_t len;
};

static void add(struct script *script, const char *format, ...) PGR_PRINTF(2, 3);
static void add(struct script *script, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof(script->text) - script->len;
    script->len += (size_t)vsnprintf(script->text + script->len, room, format, args);
    va_end(args);
    assert_true(script->len < sizeof(script->text));
}

static void on_section(void *arg, unsigned line, const char *name)
{
    add(arg, "%u[%s]|", line, name);
}

static void on_pair(void *arg, unsigned line, const char *key, const char *value)
{
    add(arg, "%u %s=%s|", line, key, value);
}

static void on_fault(void *arg, unsigned line, const char *what)
{
    assert_true(*what != '\0');
    add(arg, "%u!|", line);
}

static const struct pgr_ini_events events = {on_section, on_pair, on_fault};

static void parse(struct pgr_bytes text, struct script *out)
{
    *out = (struct script){.len = 0};
    pgr_ini_parse(text, &events, out);
}

#define TEXT(s, e)                                                                                 \
    {                                                                                              \
        {(const uint8_t *)(s), sizeof(s) - 1}, e                                                   \
    }

static void lines_become_events(void **state)
{
    static const struct {
        struct pgr_bytes text;
        const char *expect;
    } cases[] = {
        TEXT("", ""),
        TEXT("\n\n", ""),
        TEXT("; a\n# b\n  ; c\n\t# d", ""),
        TEXT("[a]\nk = v\n", "1[a]|2 k=v|"),
        TEXT("[a]\nk=v", "1[a]|2 k=v|"),
        TEXT("[a]\r\nk = v\r\n", "1[a]|2 k=v|"),
        TEXT("\xEF\xBB\xBF[a]\nk=v", "1[a]|2 k=v|"),
        TEXT("[a]\nk : v", "1[a]|2 k=v|"),
        TEXT("[a]\nk = a=b:c", "1[a]|2 k=a=b:c|"),
        TEXT("[a]\nk = v ; comment", "1[a]|2 k=v|"),
        TEXT("[a]\nk = v;w", "1[a]|2 k=v;w|"),
        TEXT("[a]\nk = v # w", "1[a]|2 k=v # w|"),
        TEXT("[a]\nk = ; comment", "1[a]|2 k=|"),
        TEXT("[a]\nk =", "1[a]|2 k=|"),
        TEXT("[ a b ] ; comment\nk=v", "1[a b]|2 k=v|"),
        TEXT("[a]\n[b]\n", "1[a]|2[b]|"),
        /* Indented lines are lines of their own; inih would join them to the one before. */
        TEXT("[a]\n    k = v\n    l = w\n", "1[a]|2 k=v|3 l=w|"),
        TEXT("[a]\nk = v\n  [b]\n", "1[a]|2 k=v|3[b]|"),
        /* Faults, each on its line, and reading goes on. */
        TEXT("k = v\n[a]\nl = w\n", "1!|2[a]|3 l=w|"),
        TEXT("[a]\nword\nk = v\n", "1[a]|2!|3 k=v|"),
        TEXT("[a]\nk = v\nword", "1[a]|2 k=v|3!|"),
        TEXT("[a]\nword ; k = v\n", "1[a]|2!|"),
        TEXT("[a]\n= v\n", "1[a]|2!|"),
        TEXT("[a\nk = v\n[b]\nl = w\n", "1!|3[b]|4 l=w|"),
        TEXT("[]\nk = v\n[b]\n", "1!|3[b]|"),
        TEXT("[  ]\n", "1!|"),
        TEXT("[a] b\nk = v", "1!|"),
        TEXT("[a;b]\n", "1!|"),
        TEXT("[a ; b]\n", "1!|"),
        TEXT("[a\nno pair\n", "1!|"),
        TEXT("[a]\nk = \"v\"\n", "1[a]|2!|"),
        TEXT("[a]\nk = v\0w\nl = w\n", "1[a]|2!|3 l=w|"),
        TEXT("\0", "1!|"),
        TEXT("[a]\n# \0 in a comment\nk = v", "1[a]|3 k=v|"),
        TEXT("\xFF\xFE[\0a\0]\0\n\0", "1!|2!|"),
        TEXT("]\n", "1!|"),
        TEXT("[a]]\n", "1!|"),
    };
    for (size_t i = 0; i < PGR_ARRAY_LEN(cases); i++) {
        struct script script;
        parse(cases[i].text, &script);
        assert_string_equal(script.text, cases[i].expect);
    }
    PGR_UNUSED(state);
}

static struct pgr_bytes long_line(struct pgr_buf *buf, const char *head, size_t filler,
                                  const char *tail)
{
    pgr_buf_reset(buf);
    pgr_buf_printf(buf, "[a]\n%s", head);
    for (size_t i = 0; i < filler; i++)
        pgr_buf_put_u8(buf, 'x');
    pgr_buf_printf(buf, "%s\nl = w\n", tail);
    assert_false(buf->is_short);
    return pgr_buf_bytes(buf);
}

/* inih alone gives up at 200 bytes; connection strings do not. */
static void long_lines_are_whole_up_to_the_limit(void **state)
{
    struct pgr_buf buf;
    struct script script;
    char expect[PGR_INI_LINE_MAX + 64];
    static const size_t lens[] = {150, 190, 195, 196, 197, 198, 199, 200, 201, 400, 8000, 8188};
    pgr_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < PGR_ARRAY_LEN(lens); i++) {
        parse(long_line(&buf, "k = ", lens[i], ""), &script);
        int head = snprintf(expect, sizeof(expect), "1[a]|2 k=");
        memset(expect + head, 'x', lens[i]);
        snprintf(expect + head + lens[i], 32, "|3 l=w|");
        assert_string_equal(script.text, expect);
    }
    parse(long_line(&buf, "k = ", PGR_INI_LINE_MAX - 3, ""), &script);
    assert_string_equal(script.text, "1[a]|2!|3 l=w|");
    parse(long_line(&buf, "k = ", 500000, ""), &script);
    assert_string_equal(script.text, "1[a]|2!|3 l=w|");
    parse(long_line(&buf, "; ", 500000, ""), &script);
    assert_string_equal(script.text, "1[a]|3 l=w|");
    /* A key that alone is too long for inih is a line without `=`. */
    parse(long_line(&buf, "", 1000, " = v"), &script);
    assert_string_equal(script.text, "1[a]|2!|3 l=w|");
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

static void section_names_end_where_inih_would_cut_them(void **state)
{
    struct script script;
    char text[128];
    char expect[128];
    for (int len = 47; len <= 49; len++) {
        snprintf(text, sizeof(text), "[%0*d]\nk=v\n", len, 0);
        if (len <= (int)PGR_INI_SECTION_MAX)
            snprintf(expect, sizeof(expect), "1[%0*d]|2 k=v|", len, 0);
        else
            snprintf(expect, sizeof(expect), "1!|");
        parse(pgr_bytes_str(text), &script);
        assert_string_equal(script.text, expect);
    }
    PGR_UNUSED(state);
}

/* Events never hold more lines than the text, whatever the text. */
static void any_bytes_are_read_to_the_end(void **state)
{
    static const char alphabet[] = "[]=:;# \t\r\na\"\0\xEF\xBB\xBF";
    struct script script;
    char text[48];
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        size_t len = 0;
        unsigned lines = 1;
        for (; len < (size_t)(round % (int)sizeof(text)); len++) {
            random = random * 1664525 + 1013904223;
            text[len] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
            lines += text[len] == '\n';
        }
        parse(PGR_BYTES(text, len), &script);
        unsigned found = 0;
        for (const char *at = script.text; *at != '\0'; at = strchr(at, '|') + 1) {
            assert_true(*at >= '0' && *at <= '9');
            found++;
        }
        assert_true(found <= lines);
    }
    PGR_UNUSED(state);
}

static void files_are_read_or_the_reason_is_told(void **state)
{
    struct pgr_buf buf;
    struct pgr_why why;
    pgr_buf_init(&buf, PGR_INI_FILE_MAX * 2);
    assert_false(pgr_ini_read_file("/nonexistent/pgrecall.ini", &buf, &why));
    assert_string_equal(why.text, "No such file or directory");
    assert_false(pgr_ini_read_file("/", &buf, &why));
    assert_string_equal(why.text, "Is a directory");
    assert_false(pgr_ini_read_file("/dev/zero", &buf, &why));
    assert_string_equal(why.text, "the file is larger than 1 MB");
    pgr_buf_reset(&buf);
    assert_true(pgr_ini_read_file("/dev/null", &buf, &why));
    assert_int_equal(pgr_buf_len(&buf), 0);
    struct memory_file file = memory_file_open(PGR_BYTES_LIT("[a]\nk=v"));
    assert_true(pgr_ini_read_file(file.path, &buf, &why));
    assert_true(pgr_bytes_eq(pgr_buf_bytes(&buf), PGR_BYTES_LIT("[a]\nk=v")));
    pgr_buf_fini(&buf);
    pgr_buf_init(&buf, PGR_INI_FILE_MAX * 2);
    pgr_mem_fail_nth(1);
    assert_false(pgr_ini_read_file(file.path, &buf, &why));
    assert_string_equal(why.text, "memory is short");
    pgr_buf_fini(&buf);
    close(file.fd);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_events),
        cmocka_unit_test(long_lines_are_whole_up_to_the_limit),
        cmocka_unit_test(section_names_end_where_inih_would_cut_them),
        cmocka_unit_test(any_bytes_are_read_to_the_end),
        cmocka_unit_test(files_are_read_or_the_reason_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
