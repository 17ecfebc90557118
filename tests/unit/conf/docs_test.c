// SPDX-License-Identifier: PostgreSQL
#include "conf_support.h"

#include <stdlib.h>

#include "pgrecall/base/reasons.h"
#include "rows_priv.h"

/*
 * Files that are made from tables are compared with what the tables say today.
 * PGR_REGENERATE=1 in the environment writes them instead.
 */
#define REMEDY "run this test with PGR_REGENERATE=1 and commit the file"

static void write_file(const char *path, struct pgr_bytes text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void read_file(const char *path, struct pgr_buf *out)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s is missing: %s", path, REMEDY);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        assert_true(pgr_buf_put_u8(out, (uint8_t)c));
    fclose(file);
}

static void check_file(const char *name, void (*render)(struct pgr_buf *))
{
    char path[512];
    struct pgr_buf fresh;
    struct pgr_buf stored;
    pgr_buf_init(&fresh, 1 << 20);
    pgr_buf_init(&stored, 1 << 20);
    render(&fresh);
    assert_false(fresh.is_short);
    snprintf(path, sizeof(path), "%s/%s", PGR_SOURCE_DIR, name);
    if (getenv("PGR_REGENERATE") != NULL)
        write_file(path, pgr_buf_bytes(&fresh));
    read_file(path, &stored);
    if (!pgr_bytes_eq(pgr_buf_bytes(&fresh), pgr_buf_bytes(&stored)))
        fail_msg("%s is stale: %s", name, REMEDY);
    pgr_buf_fini(&fresh);
    pgr_buf_fini(&stored);
}

/* A cell of a table: `|` would end it. */
static void put_cell(struct pgr_buf *out, const char *text)
{
    pgr_buf_printf(out, " ");
    for (; *text != '\0'; text++)
        pgr_buf_printf(out, "%s%c", *text == '|' ? "\\" : "", *text);
    pgr_buf_printf(out, " |");
}

static void put_row(struct pgr_buf *out, const char *const *cells, size_t count)
{
    pgr_buf_printf(out, "|");
    for (size_t i = 0; i < count; i++)
        put_cell(out, cells[i]);
    pgr_buf_printf(out, "\n");
}

static void put_setting(struct pgr_buf *out, const struct pgr_row *row)
{
    char name[80];
    char range[80];
    char initial[80];
    snprintf(name, sizeof(name), "`%s`", row->key);
    snprintf(initial, sizeof(initial), "%s%s%s", *row->initial ? "`" : "", row->initial,
             *row->initial ? "`" : "");
    pgr_row_put_range(row, range, sizeof(range));
    const char *cells[] = {name,
                           pgr_kind_text(row->kind),
                           range,
                           initial,
                           row->change == PGR_CHANGE_RELOAD ? "reload" : "restart",
                           row->help};
    put_row(out, cells, PGR_ARRAY_LEN(cells));
}

static void put_later(struct pgr_buf *out)
{
    pgr_buf_printf(out, "\n## Not in this version\n\nThese names are kept for later versions, and "
                        "refused as such:\n\n");
    for (size_t i = 0; i < pgr_later_row_count; i++) {
        const struct pgr_later_row *row = &pgr_later_rows[i];
        if (strcmp(row->key, "*") == 0)
            pgr_buf_printf(out, "- all of `[%s]`\n", row->section);
        else if (strcmp(row->section, "rule") == 0)
            pgr_buf_printf(out, "- `%s` of a rule\n", row->key);
        else
            pgr_buf_printf(out, "- `%s.%s`\n", row->section, row->key);
    }
}

static void render_rules(struct pgr_buf *out)
{
    pgr_buf_printf(out, "\n## [rule NAME]\n\nThe first rule that matches in file order governs a "
                        "read. A rule matches if each of its matchers does; one without matchers "
                        "matches everything. A reload takes rules up.\n\n"
                        "| key | form | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < PGR_RULE_KEY_COUNT; i++) {
        char name[80];
        snprintf(name, sizeof(name), "`%s`", pgr_rule_key_rows[i].key);
        const char *cells[] = {name, pgr_rule_key_rows[i].form, pgr_rule_key_rows[i].help};
        put_row(out, cells, PGR_ARRAY_LEN(cells));
    }
}

static void render_settings(struct pgr_buf *out)
{
    pgr_buf_printf(
        out,
        "# Settings\n\nMade from `include/pgrecall/conf/settings.def`; edit that.\n\n"
        "Later sources win: defaults, the file, environment variables "
        "`PGRECALL_<SECTION>_<KEY>` (an empty one counts as not set), and the command line "
        "(`--set section.key=value`; `--upstream X` is `upstream.dsn`, `--listen X` is "
        "`proxy.listen`). A file with a fault is refused as a whole, and each fault is told with "
        "its line.\n\n"
        "A line is `key = value`, without quotation marks. `#` or `;` begins a comment at the "
        "start of a line, `;` also after a space. A time is a whole number and `us`, `ms`, `s`, "
        "`min`, `h` or `d`; a size is one and `B`, `kB`, `MB`, `GB` or `TB`, in powers of 1024.\n");
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (i == 0 || strcmp(pgr_rows[i].section, pgr_rows[i - 1].section) != 0)
            pgr_buf_printf(out,
                           "\n## [%s]\n\n| key | type | range | default | taken up by | meaning "
                           "|\n|---|---|---|---|---|---|\n",
                           pgr_rows[i].section);
        put_setting(out, &pgr_rows[i]);
    }
    render_rules(out);
    put_later(out);
}

static void render_reasons(struct pgr_buf *out)
{
    pgr_buf_printf(out, "# Reasons\n\nMade from `include/pgrecall/base/reasons.def`; edit that.\n\n"
                        "Why a statement was answered by PostgreSQL and not by the cache. The log "
                        "counts them for each query type as `reasons=\"WORD:COUNT ...\"`.\n\n"
                        "| reason | meaning | what helps |\n|---|---|---|\n");
    for (int i = PGR_REASON_NONE + 1; i < PGR_REASON_COUNT; i++) {
        char name[80];
        enum pgr_reason reason = (enum pgr_reason)i;
        snprintf(name, sizeof(name), "`%s`", pgr_reason_name(reason));
        const char *cells[] = {name, pgr_reason_meaning(reason), pgr_reason_remedy(reason)};
        put_row(out, cells, PGR_ARRAY_LEN(cells));
    }
}

static void the_reference_file_is_current(void **state)
{
    check_file("conf/pgrecall.reference.ini", pgr_settings_reference);
    PGR_UNUSED(state);
}

static void the_settings_page_is_current(void **state)
{
    check_file("docs/settings.md", render_settings);
    PGR_UNUSED(state);
}

static void the_reasons_page_is_current(void **state)
{
    check_file("docs/reasons.md", render_reasons);
    PGR_UNUSED(state);
}

static char *reference_text(void)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 1 << 20);
    pgr_settings_reference(&buf);
    char *text = pgr_strndup((const char *)pgr_buf_bytes(&buf).at, pgr_buf_len(&buf));
    pgr_buf_fini(&buf);
    return text;
}

/* `#key = value` becomes `key = value`; `# words` stay comments, and so do the rule's forms. */
static void uncomment(char *text)
{
    char *rules = strstr(text, "#[rule");
    assert_non_null(rules);
    for (char *at = text; at < rules; at++) {
        if (*at == '#' && (at == text || at[-1] == '\n') && at[1] != ' ')
            *at = ' ';
    }
}

/* What the file says of defaults is what they are: written out, nothing changes. */
static void the_reference_says_what_the_defaults_are(void **state)
{
    char *text = reference_text();
    struct pgr_settings_source source = {.overrides = (const char *const[]){"upstream.dsn=host=h"},
                                         .override_count = 1};
    struct load plain = load_source(source);
    uncomment(text);
    struct memory_file file = memory_file_open(pgr_bytes_str(text));
    source.path = file.path;
    struct load written = load_source(source);
    close(file.fd);
    assert_string_equal(written.errors, "");
    for (size_t i = 0; i < PGR_ROW_COUNT; i++)
        assert_true(pgr_row_equal(&pgr_rows[i], plain.settings, written.settings));
    assert_true(written.settings->cache_has_local_ttl);
    pgr_settings_unref(plain.settings);
    pgr_settings_unref(written.settings);
    pgr_free(text);
    PGR_UNUSED(state);
}

static void help_names_every_setting(void **state)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, 1 << 20);
    pgr_settings_help(&buf);
    assert_false(buf.is_short);
    pgr_buf_put_u8(&buf, 0);
    const char *text = (const char *)pgr_buf_bytes(&buf).at;
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        char head[128];
        snprintf(head, sizeof(head), "\n  %s (%s", pgr_rows[i].key,
                 pgr_kind_text(pgr_rows[i].kind));
        assert_non_null(strstr(text, head));
    }
    assert_non_null(strstr(text, "\n  max_clients (number, 1 to 1000000; default 1000; reload)\n"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    pgr_buf_fini(&buf);
    PGR_UNUSED(state);
}

static void the_minimal_file_loads(void **state)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/conf/minimal.ini", PGR_SOURCE_DIR);
    struct load load = load_source((struct pgr_settings_source){.path = path});
    assert_string_equal(load.errors, "");
    assert_true(load.settings->upstream_dsn[0] != '\0');
    pgr_settings_unref(load.settings);
    PGR_UNUSED(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_file_is_current),
        cmocka_unit_test(the_settings_page_is_current),
        cmocka_unit_test(the_reasons_page_is_current),
        cmocka_unit_test(the_reference_says_what_the_defaults_are),
        cmocka_unit_test(help_names_every_setting),
        cmocka_unit_test(the_minimal_file_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
