// SPDX-License-Identifier: PostgreSQL
/* main as a table of contents: what is made, in order, and unmade in reverse. */
#include <stdio.h>

#include "context_priv.h"
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"

#define STATUS_WRONG    1
#define STATUS_REFUSED  2
#define OFFLOAD_THREADS 2

static uint64_t monotonic_us(void *self)
{
    PGR_UNUSED(self);
    return pgr_clock_now_us(&pgr_clock_monotonic);
}

const struct pgr_seams pgr_seams_production = {.clock = {.now_us = monotonic_us}};

static uint32_t slot_of(void *arg, uint32_t database_id, uint32_t oid)
{
    struct pgr_daemon *d = arg;
    return pgr_versions_slot(d->versions, database_id, oid);
}

/* Definitions changed outside: everything of that database is outdated at this moment. */
static void on_catalog_changed(void *arg, struct pgr_database *database,
                               const struct pgr_catalog *catalog)
{
    struct pgr_daemon *d = arg;
    pgr_versions_begin(d->versions, pgr_database_all(database));
    pgr_versions_end(d->versions, pgr_database_all(database));
    pgr_log(PGR_LOG_INFO, "catalog", pgr_f_str("database", pgr_database_name(database)),
            pgr_f_int("epoch", catalog ? (int64_t)catalog->epoch : 0));
}

/* Every address to listen on must at least be readable as one. */
static bool check_listen(const struct pgr_settings *settings)
{
    for (size_t i = 0; i < settings->proxy_listen_count; i++) {
        char storage[300];
        char text[300];
        struct pgr_endpoint endpoint;
        if (pgr_endpoint_parse(settings->proxy_listen[i], PGR_DEFAULT_PORT, storage,
                               sizeof(storage), &endpoint, text, sizeof(text)) != PGR_OK) {
            (void)fprintf(stderr, "pgrecall: proxy.listen: %s\n", text);
            return false;
        }
    }
    return true;
}

static int load(struct pgr_daemon *d)
{
    struct pgr_buf errors;
    char text[600];
    pgr_buf_init(&errors, (size_t)1 << 20);
    if (pgr_options_load(&d->options, &d->settings, &errors) != PGR_OK) {
        (void)fwrite(pgr_buf_bytes(&errors).at, 1, pgr_buf_len(&errors), stderr);
        pgr_buf_fini(&errors);
        return STATUS_WRONG;
    }
    pgr_buf_fini(&errors);
    d->settings->generation = 1;
    if (!check_listen(d->settings)) {
        pgr_settings_unref(d->settings);
        return STATUS_WRONG;
    }
    if (pgr_target_resolve(d->settings, &d->target, text, sizeof(text)) != PGR_OK) {
        (void)fprintf(stderr, "pgrecall: %s\n", text);
        pgr_settings_unref(d->settings);
        return STATUS_WRONG;
    }
    return 0;
}

static void make_shared(struct pgr_daemon *d)
{
    d->loop = pgr_loop_create(&d->seams->clock);
    d->versions = pgr_versions_create();
    pgr_versions_mutate(d->versions, d->seams->versions_mutants);
    d->store = pgr_store_create(d->settings->cache_memory, d->settings->cache_shards);
    d->contexts = pgr_contexts_create();
    d->authority = pgr_authority_local_create(d->store, d->versions);
    d->offload = pgr_offload_create(OFFLOAD_THREADS);
    struct pgr_databases_options options = {
        .loop = d->loop,
        .service_dsn = d->target.service_dsn,
        .connect_timeout_us = d->settings->upstream_connect_timeout_us,
        .slot_of = slot_of,
        .changed = on_catalog_changed,
        .arg = d,
    };
    d->databases = pgr_databases_create(&options);
    pgr_reload_apply(d);
    /* Its catalog shall be there when the first client is, and stay. */
    const char *first = d->target.dsn.dbname ? d->target.dsn.dbname : d->target.dsn.user;
    if (first != NULL && d->target.service_dsn[0] != 0)
        pgr_database_enter(pgr_databases_get(d->databases, first));
}

static void unmake_shared(struct pgr_daemon *d)
{
    pgr_databases_destroy(&d->databases);
    pgr_offload_destroy(&d->offload);
    pgr_authority_local_destroy(&d->authority);
    pgr_store_destroy(&d->store);
    pgr_contexts_destroy(&d->contexts);
    pgr_versions_destroy(&d->versions);
    pgr_loop_destroy(&d->loop);
}

static enum pgr_err start_workers(struct pgr_daemon *d)
{
    d->workers = pgr_new_array(struct pgr_worker, d->settings->proxy_workers);
    for (; d->worker_count < d->settings->proxy_workers; d->worker_count++) {
        enum pgr_err err = pgr_worker_start(&d->workers[d->worker_count], d);
        if (err != PGR_OK)
            return err;
    }
    return PGR_OK;
}

static void stop_workers(struct pgr_daemon *d)
{
    for (size_t i = 0; i < d->worker_count && !d->is_stopping; i++) {
        pgr_worker_stop(&d->workers[i]);
        pgr_worker_join(&d->workers[i]);
    }
    pgr_databases_close(d->databases); /* what it still owes workers, it settles now */
}

static void destroy_workers(struct pgr_daemon *d)
{
    for (size_t i = 0; i < d->worker_count; i++)
        pgr_worker_destroy(&d->workers[i]);
    pgr_free(d->workers);
}

static void log_start(const struct pgr_daemon *d)
{
    struct pgr_buf dsn;
    pgr_buf_init(&dsn, 4096);
    pgr_dsn_redact(d->settings->upstream_dsn, &dsn);
    (void)pgr_buf_put_u8(&dsn, 0);
    pgr_log(PGR_LOG_INFO, "started", pgr_f_str("version", PGR_VERSION),
            pgr_f_str("upstream", (const char *)pgr_buf_bytes(&dsn).at),
            pgr_f_int("workers", d->worker_count));
    pgr_buf_fini(&dsn);
    pgr_report_promise(d);
}

static int serve(struct pgr_daemon *d)
{
    int status = STATUS_REFUSED;
    make_shared(d);
    if (start_workers(d) == PGR_OK && pgr_control_open(d) == PGR_OK) {
        log_start(d);
        pgr_control_run(d);
        pgr_report_interval(d);
        pgr_log(PGR_LOG_INFO, "stopped");
        status = 0;
    }
    pgr_control_close(d);
    stop_workers(d);
    destroy_workers(d);
    unmake_shared(d);
    return status;
}

int pgr_daemon_main(int argc, char **argv, const struct pgr_seams *seams)
{
    struct pgr_daemon d = {.seams = seams};
    pgr_options_parse(argc, argv, &d.options);
    int status = d.options.status;
    if (d.options.mode != PGR_MODE_EXIT) {
        status = load(&d);
        if (status == 0) {
            status = d.options.mode == PGR_MODE_CHECK ? pgr_check(d.settings, &d.target, seams)
                                                      : serve(&d);
            pgr_target_fini(&d.target);
            pgr_settings_unref(d.settings);
        }
    }
    pgr_options_fini(&d.options);
    return status;
}
