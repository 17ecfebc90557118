// SPDX-License-Identifier: PostgreSQL
#include "loader_priv.h"

#include <stdio.h>

#include "pgrecall/base/mem.h"

struct pgr_load {
    struct pgr_builder *builder;
    int query_count;
    enum pgr_err err; /* the first thing wrong with the rows; the rest of the script is let pass */
    char text[160];
    pgr_load_done_fn *fn;
    void *arg;
};

static const char *value_of(const void *self, int row, int column)
{
    return pgr_pqresult_value(self, row, column);
}

static void take(struct pgr_load *load, const struct pgr_pqresult *result, int index)
{
    int query = index - PGR_SCRIPT_PREFIX;
    if (query < 0 || query >= load->query_count || load->err != PGR_OK)
        return;
    struct pgr_rows rows = {
        .self = result,
        .value = value_of,
        .count = pgr_pqresult_rows(result),
        .columns = pgr_pqresult_columns(result),
    };
    load->err = pgr_builder_take(load->builder, (enum pgr_query)query, &rows);
    if (load->err != PGR_OK)
        snprintf(load->text, sizeof(load->text), "catalog query \"%s\": %s",
                 pgr_queries[query].name, pgr_err_text(load->err));
}

static void finish(struct pgr_load *load, enum pgr_err err, const char *text)
{
    struct pgr_builder *builder = load->builder;
    load->builder = NULL;
    if (err != PGR_OK)
        pgr_builder_destroy(&builder);
    load->fn(load->arg, err, text, builder);
    pgr_free(load);
}

static void on_result(void *arg, enum pgr_err err, const char *text,
                      const struct pgr_pqresult *result, int index, bool is_last)
{
    struct pgr_load *load = arg;
    if (err != PGR_OK) {
        finish(load, err, text);
        return;
    }
    take(load, result, index);
    if (is_last)
        finish(load, load->err, load->text);
}

static struct pgr_load *start(struct pgr_pqconn *conn, char *script, int query_count,
                              pgr_load_done_fn *fn, void *arg)
{
    struct pgr_load *load = pgr_new(struct pgr_load);
    load->builder = pgr_builder_create();
    load->query_count = query_count;
    load->fn = fn;
    load->arg = arg;
    pgr_pqconn_query(conn, script, on_result, load);
    pgr_free(script);
    return load;
}

struct pgr_load *pgr_load_catalog(struct pgr_pqconn *conn, pgr_load_done_fn *fn, void *arg)
{
    return start(conn, pgr_query_script_load(), PGR_QUERY_COUNT, fn, arg);
}

struct pgr_load *pgr_load_version(struct pgr_pqconn *conn, pgr_load_done_fn *fn, void *arg)
{
    return start(conn, pgr_query_script_version(), PGR_QUERY_RELATIONS, fn, arg);
}

void pgr_load_cancel(struct pgr_load **pointer)
{
    struct pgr_load *load = *pointer;
    *pointer = NULL;
    if (load == NULL)
        return;
    pgr_builder_destroy(&load->builder);
    pgr_free(load);
}
