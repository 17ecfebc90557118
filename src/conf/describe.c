// SPDX-License-Identifier: PostgreSQL
#include <string.h>

#include "rows_priv.h"

#define WRAP 96

/* Puts text in lines that begin with `lead` and stay below WRAP where words allow it. */
static void put_wrapped(struct pgr_buf *out, const char *lead, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        bool is_first = column == 0;
        if (!is_first && column + 1 + len > WRAP) {
            pgr_buf_printf(out, "\n");
            column = 0;
            is_first = true;
        }
        pgr_buf_printf(out, "%s%.*s", is_first ? lead : " ", (int)len, text);
        column += (is_first ? strlen(lead) : 1) + len;
        text += len;
        text += strspn(text, " ");
    }
    pgr_buf_printf(out, "\n");
}

static const char *change_text(const struct pgr_row *row)
{
    return row->change == PGR_CHANGE_RELOAD ? "reload" : "restart";
}

static bool is_first_of_section(size_t i)
{
    return i == 0 || strcmp(pgr_rows[i].section, pgr_rows[i - 1].section) != 0;
}

static void put_shape(struct pgr_buf *out, const struct pgr_row *row)
{
    char range[80];
    pgr_row_put_range(row, range, sizeof(range));
    pgr_buf_printf(out, "%s%s%s", pgr_kind_text(row->kind), *range ? ", " : "", range);
}

static void help_row(struct pgr_buf *out, const struct pgr_row *row)
{
    pgr_buf_printf(out, "  %s (", row->key);
    put_shape(out, row);
    pgr_buf_printf(out, "; default %s; %s)\n", *row->initial ? row->initial : "empty",
                   change_text(row));
    put_wrapped(out, "      ", row->help);
}

void pgr_settings_help(struct pgr_buf *out)
{
    put_wrapped(out, "",
                "Order: defaults, file, environment (PGRECALL_<SECTION>_<KEY>), command "
                "line (--set section.key=value); the later wins.");
    put_wrapped(out, "",
                "Times are a whole number and us, ms, s, min, h or d; sizes are one and "
                "B, kB, MB, GB or TB, in powers of 1024.");
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (is_first_of_section(i))
            pgr_buf_printf(out, "\n[%s]\n", pgr_rows[i].section);
        help_row(out, &pgr_rows[i]);
    }
    pgr_buf_printf(out, "\n[rule NAME] (all reload; the first that matches governs)\n");
    for (size_t i = 0; i < PGR_RULE_KEY_COUNT; i++) {
        pgr_buf_printf(out, "  %s (%s)\n", pgr_rule_key_rows[i].key, pgr_rule_key_rows[i].form);
        put_wrapped(out, "      ", pgr_rule_key_rows[i].help);
    }
}

static void reference_row(struct pgr_buf *out, const struct pgr_row *row)
{
    pgr_buf_printf(out, "\n");
    put_wrapped(out, "# ", row->help);
    pgr_buf_printf(out, "# (");
    put_shape(out, row);
    pgr_buf_printf(out, "; %s)\n#%s =%s%s\n", change_text(row), row->key, *row->initial ? " " : "",
                   row->initial);
}

static void reference_rules(struct pgr_buf *out)
{
    pgr_buf_printf(out, "\n");
    put_wrapped(out, "# ",
                "Rules, as many as are needed. The first that matches in file order governs a "
                "read. A rule matches if each of its matchers does, and one without matchers "
                "matches everything. Words of a list are separated by commas. Reload suffices.");
    pgr_buf_printf(out, "#[rule NAME]\n");
    for (size_t i = 0; i < PGR_RULE_KEY_COUNT; i++) {
        pgr_buf_printf(out, "\n");
        put_wrapped(out, "# ", pgr_rule_key_rows[i].help);
        pgr_buf_printf(out, "#%s = <%s>\n", pgr_rule_key_rows[i].key, pgr_rule_key_rows[i].form);
    }
}

void pgr_settings_reference(struct pgr_buf *out)
{
    put_wrapped(out, "# ",
                "Every setting of pgrecall at its default. This file is made from "
                "include/pgrecall/conf/settings.def; copy what you change.");
    pgr_buf_printf(out, "#\n");
    put_wrapped(out, "# ",
                "A line is `key = value`, without quotation marks. `#` or `;` begins a comment at "
                "the start of a line, `;` also after a space. Times: us, ms, s, min, h, d. Sizes: "
                "B, kB, MB, GB, TB, in powers of 1024.");
    for (size_t i = 0; i < PGR_ROW_COUNT; i++) {
        if (is_first_of_section(i))
            pgr_buf_printf(out, "\n[%s]\n", pgr_rows[i].section);
        reference_row(out, &pgr_rows[i]);
    }
    reference_rules(out);
}
