// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * analysis.h - what the tests of the analysis share: a statement as one line, and a deep stack.
 *
 * Why      a table of texts and lines can be read; libpg_query needs a thread of PGR_PARSE_STACK.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/base/thread.h"
#include "pgrecall/sql/stmt.h"

/* A text and the line that analysis_line() shall give for it. */
struct analysis_case {
    const char *text;
    const char *line;
};

struct analysis_line {
    char text[4096];
    size_t len;
};

static inline void analysis_put(struct analysis_line *line, const char *format, ...)
    PGR_PRINTF(2, 3);
static inline void analysis_put(struct analysis_line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line->text + line->len, sizeof line->text - line->len, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < sizeof line->text - line->len);
    line->len += (size_t)len;
}

static inline void analysis_put_name(struct analysis_line *line, size_t index, const char *label,
                                     const char *schema, const char *name)
{
    analysis_put(line, "%s%s%s%s", index == 0 ? label : ",", schema ? schema : "",
                 schema ? "." : "", name);
}

static inline void analysis_put_refs(struct analysis_line *line, const struct pgr_stmt *stmt)
{
    for (size_t i = 0; i < stmt->relation_count; i++) {
        const struct pgr_rel_ref *ref = &stmt->relations[i];
        bool is_written = ref->use == PGR_REL_WRITE;
        const char *label = is_written ? " w:" : " r:";
        bool is_first = i == 0 || stmt->relations[i - 1].use != ref->use;
        analysis_put_name(line, is_first ? 0 : i, label, ref->schema, ref->name);
    }
    for (size_t i = 0; i < stmt->function_count; i++) {
        const struct pgr_func_ref *ref = &stmt->functions[i];
        analysis_put_name(line, i, " f:", ref->schema, ref->name);
        analysis_put(line, "/%u", ref->arg_count);
    }
    for (size_t i = 0; i < stmt->type_count; i++) {
        const struct pgr_type_ref *ref = &stmt->types[i];
        analysis_put_name(line, i, " t:", ref->schema, ref->name);
        analysis_put(line, "%s%s", ref->is_array ? "[]" : "", ref->of_literal ? "'" : "");
    }
    for (size_t i = 0; i < stmt->operator_count; i++)
        analysis_put_name(line, i, " o:", NULL, stmt->operators[i]);
    for (size_t i = 0; i < stmt->column_count; i++)
        analysis_put_name(line, i, " c:", NULL, stmt->columns[i]);
}

static inline void analysis_put_flags(struct analysis_line *line, const struct pgr_stmt *stmt)
{
    if (stmt->setting != NULL)
        analysis_put(line, " setting:%s", stmt->setting);
    if (stmt->name != NULL)
        analysis_put(line, " name:%s", stmt->name);
    analysis_put(line, "%s%s%s%s%s", stmt->is_local ? " local" : "", stmt->is_chain ? " chain" : "",
                 stmt->creates_temp ? " temp" : "", stmt->locks_rows ? " locks" : "",
                 stmt->has_limit ? " limit" : "");
}

/*
 * kind (class) REASON r:read,relations w:written f:function/arguments t:type[]' o:operators
 * c:columns setting:… name:… flags — a part that is empty is left out; ' marks a type of_literal.
 */
static inline void analysis_line(const struct pgr_stmt *stmt, struct analysis_line *line)
{
    line->len = 0;
    analysis_put(line, "%s (%s)", pgr_stmt_kind_name(stmt->kind), pgr_class_name(stmt->class));
    if (stmt->block != PGR_REASON_NONE)
        analysis_put(line, " %s", pgr_reason_name(stmt->block));
    analysis_put_refs(line, stmt);
    analysis_put_flags(line, stmt);
}

static inline void analysis_of(struct pgr_bytes text, struct analysis_line *line)
{
    struct pgr_stmt *stmt = pgr_analyze(text);
    analysis_line(stmt, line);
    pgr_stmt_unref(stmt);
}

static inline void assert_analysis(const struct analysis_case *expected)
{
    struct analysis_line line;
    analysis_of(pgr_bytes_str(expected->text), &line);
    if (strcmp(line.text, expected->line) != 0)
        fail_msg("%s\n  gives    %s\n  expected %s", expected->text, line.text, expected->line);
}

struct analysis_run {
    int (*tests)(void);
    int failed;
};

static inline void analysis_main(void *arg)
{
    struct analysis_run *run = arg;
    run->failed = run->tests();
}

/* Runs the tests of a file where the analysis may run. */
static inline int run_on_parse_stack(int (*tests)(void))
{
    struct analysis_run run = {tests, 1};
    struct pgr_thread thread;
    if (pgr_thread_start(&thread, "tests", PGR_PARSE_STACK, analysis_main, &run))
        return 1;
    pgr_thread_join(&thread);
    return run.failed;
}
