// SPDX-License-Identifier: PostgreSQL
#include "fake_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fake_database.h"

#define COLUMNS_MAX 256

/* An ordinary backend. The first row that fits wins: a longer expression may hold a shorter one. */
static const struct fake_answer ordinary[] = {
    {"pg_control_system()", FAKE_SYSTEM},
    {"pg_walfile_name", "1"},
    {"pg_postmaster_start_time", FAKE_START},
    {"pg_my_temp_schema", "f"},
    {"pg_is_in_recovery()", "f"},
    {"pg_backend_pid()", "4711"},
    {"default_transaction_isolation", "read committed"},
    {"client_min_messages", "notice"},
    {"idle_session_timeout", "0"},
    {"standard_conforming_strings", "on"},
    {"client_encoding", "UTF8"},
    {"cardinality", "2"},
    {"array_to_string", "pg_catalog\001public"},
    {"session_user", "alice"},
    {"current_user", "alice"},
    {"'search_path'", "\"$user\", public"},
    {"'DateStyle'", "ISO, MDY"},
};

static bool contains(struct pgr_bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

static const struct fake_answer *find(struct pgr_bytes column, const struct fake_answer *answers,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (contains(column, answers[i].column))
            return &answers[i];
    return NULL;
}

size_t fake_probe_columns(struct pgr_bytes text, struct pgr_bytes *columns, size_t cap)
{
    assert_true(text.len > 7 && memcmp(text.at, "SELECT ", 7) == 0);
    size_t count = 0;
    size_t from = 7;
    int depth = 0;
    bool is_quoted = false;
    for (size_t i = from; i <= text.len; i++) {
        uint8_t c = i < text.len ? text.at[i] : ',';
        is_quoted ^= c == '\'';
        depth += !is_quoted && c == '(';
        depth -= !is_quoted && c == ')';
        if (c != ',' || is_quoted || depth > 0)
            continue;
        assert_true(count < cap);
        columns[count++] = PGR_BYTES(text.at + from, i - from);
        from = i + 1;
    }
    assert_true(!is_quoted && depth == 0);
    return count;
}

struct pgr_bytes fake_probe_row(struct pgr_bytes text, const struct fake_answer *answers,
                                size_t answer_count)
{
    struct pgr_bytes columns[COLUMNS_MAX];
    size_t count = fake_probe_columns(text, columns, COLUMNS_MAX);
    struct pgr_bytes values = PGR_BYTES("", 0);
    for (size_t i = 0; i < count; i++) {
        const struct fake_answer *answer = find(columns[i], answers, answer_count);
        if (answer == NULL)
            answer = find(columns[i], ordinary, PGR_ARRAY_LEN(ordinary));
        const char *value = answer ? answer->value : NULL;
        uint8_t head[4];
        pgr_store_be32(head, value ? (uint32_t)strlen(value) : UINT32_MAX);
        values = SAY(values, PGR_BYTES(head, 4), pgr_bytes_str(value ? value : ""));
    }
    return say('D', "2b", (uint32_t)count, values);
}
