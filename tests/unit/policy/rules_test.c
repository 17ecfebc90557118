// SPDX-License-Identifier: PostgreSQL
/* Every row of the table of rules is missed by some statement when it is taken out. */
#include "verdict_support.h"

/* What the table below can be asked with: texts of all the cases above, and a few more. */
struct question {
    const char *text;
    const char *param; /* or NULL */
    const char *user;
};

static const struct question more_questions[] = {
    {"SELECT * FROM features WHERE ts > $1", "now", "app"},
    {"SELECT * FROM features", NULL, "auditor"},
};

static size_t question_count(void)
{
    return PGR_ARRAY_LEN(verdict_cases) + PGR_ARRAY_LEN(more_questions);
}

static struct question question_at(size_t i)
{
    if (i < PGR_ARRAY_LEN(verdict_cases))
        return (struct question){verdict_cases[i].text, NULL, "app"};
    return more_questions[i - PGR_ARRAY_LEN(verdict_cases)];
}

/* What the table without these rows says. */
static enum pgr_reason answer_without(const struct question *question, const uint64_t skipped[2])
{
    struct pgr_settings settings = settings_with(&audit_off, 1);
    struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(question->text));
    struct pgr_verdict_input input = input_of(stmt, question->text, &settings);
    struct pgr_buf buf;
    struct pgr_verdict verdict;
    pgr_buf_init(&buf, 4096);
    if (question->param != NULL)
        put_param(&buf, question->param, strlen(question->param));
    input.params = pgr_buf_bytes(&buf);
    input.user = question->user;
    input.skipped_rules[0] = skipped[0];
    input.skipped_rules[1] = skipped[1];
    pgr_decide(&input, &verdict);
    pgr_verdict_fini(&verdict);
    pgr_buf_fini(&buf);
    pgr_stmt_unref(stmt);
    return verdict.reason;
}

/* A mutant is found out by a statement that it lets pass and the whole table does not. */
static bool is_killed(const uint64_t skipped[2])
{
    static const uint64_t none[2];
    for (size_t i = 0; i < question_count(); i++) {
        struct question question = question_at(i);
        if (answer_without(&question, none) != PGR_REASON_NONE &&
            answer_without(&question, skipped) == PGR_REASON_NONE)
            return true;
    }
    return false;
}

static void skip_row(uint64_t skipped[2], size_t row)
{
    skipped[row / 64] |= (uint64_t)1 << (row % 64);
}

static size_t row_named(const char *name)
{
    const struct pgr_rule_row *rows;
    size_t count = pgr_rule_rows(&rows);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return i;
    }
    fail_msg("no row %s", name);
    return 0;
}

/* Each is covered by the other one as well (G22). */
static const char *const redundant_pairs[][2] = {
    {"relations: tables and views", "relations: nothing unsafe below"},
    {"relations: no row security", "relations: nothing unsafe below"},
};

static bool is_redundant(const char *name)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(redundant_pairs); i++) {
        if (strcmp(redundant_pairs[i][0], name) == 0)
            return true;
    }
    return false;
}

static void every_row_is_missed_when_it_is_gone(void **state)
{
    const struct pgr_rule_row *rows;
    size_t count = pgr_rule_rows(&rows);
    size_t killed = 0;
    size_t redundant = 0;
    PGR_UNUSED(state);
    for (size_t row = 0; row < count; row++) {
        uint64_t skipped[2] = {0, 0};
        skip_row(skipped, row);
        bool is_dead = is_killed(skipped);
        if (is_dead == is_redundant(rows[row].name))
            fail_msg("row %s: %s", rows[row].name, is_dead ? "is not redundant" : "survives");
        killed += is_dead;
        redundant += !is_dead;
    }
    printf("rules=%zu killed=%zu redundant=%zu\n", count, killed, redundant);
    assert_int_equal(redundant, PGR_ARRAY_LEN(redundant_pairs));
}

static void redundant_rows_are_missed_in_pairs(void **state)
{
    size_t killed = 0;
    PGR_UNUSED(state);
    for (size_t i = 0; i < PGR_ARRAY_LEN(redundant_pairs); i++) {
        uint64_t skipped[2] = {0, 0};
        skip_row(skipped, row_named(redundant_pairs[i][0]));
        uint64_t alone[2] = {0, 0};
        skip_row(alone, row_named(redundant_pairs[i][1]));
        skip_row(skipped, row_named(redundant_pairs[i][1]));
        static const struct question questions[] = {
            {"SELECT * FROM elsewhere", NULL, "app"},
            {"SELECT * FROM secret", NULL, "app"},
        };
        assert_int_not_equal(answer_without(&questions[i], alone), PGR_REASON_NONE);
        assert_int_equal(answer_without(&questions[i], skipped), PGR_REASON_NONE);
        killed++;
    }
    printf("pairs=%zu killed=%zu\n", PGR_ARRAY_LEN(redundant_pairs), killed);
}

/* A row says what it yields; only views say more. */
static void rows_yield_their_reasons(void **state)
{
    const struct pgr_rule_row *rows;
    size_t count = pgr_rule_rows(&rows);
    PGR_UNUSED(state);
    assert_true(count > 0 && count <= 128);
    for (size_t row = 0; row < count; row++) {
        uint64_t others[2] = {~(uint64_t)0, ~(uint64_t)0};
        others[row / 64] &= ~((uint64_t)1 << (row % 64));
        bool is_seen = false;
        for (size_t i = 0; i < question_count(); i++) {
            struct question question = question_at(i);
            struct pgr_stmt *stmt = pgr_analyze(pgr_bytes_str(question.text));
            is_seen |= stmt->block == PGR_REASON_NONE &&
                       answer_without(&question, others) == rows[row].reason;
            pgr_stmt_unref(stmt);
        }
        if (!is_seen)
            fail_msg("row %s never yields %s", rows[row].name, pgr_reason_name(rows[row].reason));
        assert_true(strlen(rows[row].source) > 0);
    }
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_missed_when_it_is_gone),
        cmocka_unit_test(redundant_rows_are_missed_in_pairs),
        cmocka_unit_test(rows_yield_their_reasons),
    };
    catalog = small_database();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pgr_catalog_unref(catalog);
    return failed;
}

int main(void)
{
    return run_on_parse_stack(all_tests);
}
