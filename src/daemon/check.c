// SPDX-License-Identifier: PostgreSQL
/*
 * --check: what would happen, tried. With a service role PostgreSQL is asked; without one the port
 * is at least connected to.
 */
#include <stdio.h>
#include <string.h>

#include "context_priv.h"
#include "pgrecall/pq/pqconn.h"

#define STATUS_FINE        0
#define STATUS_UNREACHABLE 3

struct check {
    const struct pgr_settings *settings;
    const struct pgr_target *target;
    struct pgr_loop *loop;
    struct pgr_pqconn *conn;
    struct pgr_stream *stream;
    int status;
};

static void finish(struct check *c, int status)
{
    c->status = status;
    pgr_loop_stop(c->loop);
}

static void print_promise(const struct check *c)
{
    struct pgr_buf text;
    pgr_buf_init(&text, 1024);
    pgr_promise_text(c->settings, c->target, &text);
    (void)printf("freshness: %.*s\n", (int)pgr_buf_len(&text),
                 (const char *)pgr_buf_bytes(&text).at);
    pgr_buf_fini(&text);
}

/* ---- with a service role ---- */

static void on_facts(void *arg, enum pgr_err err, const char *text,
                     const struct pgr_pqresult *result, int index, bool is_last)
{
    struct check *c = arg;
    PGR_UNUSED(index);
    if (err != PGR_OK) {
        (void)printf("service role: catalog no: %s\n", text);
        finish(c, STATUS_UNREACHABLE);
        return;
    }
    if (!is_last)
        return;
    const char *version = pgr_pqresult_value(result, 0, 0);
    const char *wal_level = pgr_pqresult_value(result, 0, 1);
    bool can_replicate = pgr_str_eq(pgr_pqresult_value(result, 0, 2), "t");
    bool is_logical = pgr_str_eq(wal_level, "logical");
    (void)printf("upstream ok (%.*s)\n", (int)strcspn(version, " "), version);
    if (can_replicate && is_logical)
        (void)printf("service role: catalog yes, decoding possible (not in this version)\n");
    else
        (void)printf(
            "service role: catalog yes, decoding no (%s%s)\n",
            is_logical ? "role lacks REPLICATION" : "wal_level=", is_logical ? "" : wal_level);
    print_promise(c);
    finish(c, STATUS_FINE);
}

static void on_ready(void *arg, enum pgr_err err, const char *text)
{
    struct check *c = arg;
    if (err != PGR_OK) {
        (void)printf("upstream not reachable with the service role: %s\n", text);
        finish(c, STATUS_UNREACHABLE);
        return;
    }
    pgr_pqconn_query(c->conn,
                     "SELECT pg_catalog.current_setting('server_version'), "
                     "pg_catalog.current_setting('wal_level'), "
                     "(SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname "
                     "OPERATOR(pg_catalog.=) current_user)",
                     on_facts, c);
}

static void ask_service(struct check *c)
{
    struct pgr_pqconn_options options = {
        .dsn = c->target->service_dsn,
        .application_name = "pgrecall --check",
        .connect_timeout_us = c->settings->upstream_connect_timeout_us,
        .query_timeout_us = c->settings->upstream_connect_timeout_us,
    };
    c->conn = pgr_pqconn_create(c->loop, &options);
    pgr_pqconn_connect(c->conn, on_ready, c);
}

/* ---- without one ---- */

static void ignore(void *arg)
{
    PGR_UNUSED(arg);
}

static void ignore_closed(void *arg, int err)
{
    PGR_UNUSED(arg);
    PGR_UNUSED(err);
}

static void on_connected(void *arg, int err, const char *text)
{
    struct check *c = arg;
    if (err) {
        (void)printf("upstream not reachable: %s\n", text);
        finish(c, STATUS_UNREACHABLE);
        return;
    }
    (void)printf("upstream ok (connects; its version is not known without a service role)\n"
                 "service role: none: set [upstream] service_dsn; a role with LOGIN suffices\n");
    print_promise(c);
    finish(c, STATUS_FINE);
}

int pgr_check(const struct pgr_settings *settings, const struct pgr_target *target,
              const struct pgr_seams *seams)
{
    static const struct pgr_stream_events deaf = {ignore, ignore, ignore_closed};
    struct check c = {.settings = settings, .target = target, .status = STATUS_UNREACHABLE};
    c.loop = pgr_loop_create(&seams->clock);
    (void)printf("configuration ok\n");
    if (target->service_dsn[0] != 0)
        ask_service(&c);
    else
        c.stream = pgr_stream_connect(c.loop, &target->endpoint,
                                      settings->upstream_connect_timeout_us / 1000, &deaf,
                                      on_connected, &c);
    pgr_loop_run(c.loop);
    if (c.conn != NULL)
        pgr_pqconn_close(&c.conn);
    pgr_stream_close(&c.stream, PGR_CLOSE_NOW);
    pgr_loop_destroy(&c.loop);
    return c.status;
}
