// SPDX-License-Identifier: PostgreSQL
/*
 * The side connection of one database. One thing at a time is under way on it; step() chooses the
 * next: a load that somebody waits for, then the question which backends live, then the poll.
 *
 * The poll asks for the pulse (B4). While it is what it was at the last load or comparison, nothing
 * that MVCC governs has changed, definitions included. If it differs the versions are compared
 * (D9), and if those differ a new snapshot is loaded. A new connection may lead to another server,
 * so its first poll always compares; the version names the server.
 *
 * Whatever goes wrong ends the connection: the state of a failed transaction or of half a script
 * need not be thought about.
 */
#include "database_priv.h"

#include <stdio.h>

#include "loader_priv.h"
#include "pgrecall/base/hash.h"
#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"

#define QUERY_TIMEOUT_US ((uint64_t)30 * 1000000)
#define BACKOFF_FIRST_MS 250
#define BACKOFF_MOST_MS  10000
/* A burst of definitions is read once, when it has been quiet for this long, at most so late: a
 * load holds a snapshot, which keeps VACUUM from its work. */
#define QUIET_MS      100
#define QUIET_MOST_US ((uint64_t)1000 * 1000)
/* DROP DATABASE waits five seconds for others to leave. */
#define IDLE_MS 3000

enum side_state {
    SIDE_DOWN, /* nothing is open; `retry` may be armed */
    SIDE_CONNECTING,
    SIDE_UP,
};

struct pgr_side {
    struct pgr_database *database;
    struct pgr_loop *loop;
    enum side_state state;
    struct pgr_pqconn *conn;
    struct pgr_waits *waits;

    bool is_busy;     /* something is under way on the connection */
    bool needs_load;  /* the catalog in force, if any, is not the server's */
    bool needs_pulse; /* a poll is due */
    uint64_t sent_us; /* when what is under way was sent */
    struct pgr_load *load;
    struct pgr_list reload_next; /* requests that the next load serves */
    bool has_difference; /* a check found one: they are served by a load, when it is quiet */
    struct pgr_timer *quiet;
    bool is_waiting_for_quiet;
    uint64_t first_reload_us;   /* when the oldest of them came */
    struct pgr_list reload_now; /* … that the load under way serves */

    char *version;   /* of the last snapshot published */
    char *pulse;     /* at the last load or comparison; NULL: compare */
    char *conf_time; /* pg_conf_load_time() last seen */

    struct pgr_timer *poll_timer;
    struct pgr_timer *retry;
    struct pgr_timer *idle; /* armed while no session uses the database */
    uint64_t backoff_ms;
    bool is_failure_logged;
    bool is_asleep; /* closed because nobody used the database */
};

static void on_loaded(void *arg, enum pgr_err err, const char *text, struct pgr_builder *builder);
static void on_compared(void *arg, enum pgr_err err, const char *text, struct pgr_builder *builder);
static void on_checked(void *arg, enum pgr_err err, const char *text, struct pgr_builder *builder);
static void on_pulse(void *arg, enum pgr_err err, const char *text,
                     const struct pgr_pqresult *result, int index, bool is_last);

static void replace(char **string, const char *with)
{
    char *copy = pgr_strdup(with);
    pgr_free(*string);
    *string = copy;
}

/* ---- what is under way ---- */

static void begin(struct pgr_side *side)
{
    side->is_busy = true;
    side->sent_us = pgr_loop_clock_us(side->loop);
}

struct pgr_pqconn *pgr_side_begin_turn(struct pgr_side *side)
{
    if (side->state != SIDE_UP || side->is_busy)
        return NULL;
    begin(side);
    return side->conn;
}

void pgr_side_end_turn(struct pgr_side *side)
{
    side->is_busy = false;
}

bool pgr_side_is_up(const struct pgr_side *side)
{
    return side->state == SIDE_UP;
}

static void move_all(struct pgr_list *from, struct pgr_list *to)
{
    while (!pgr_list_is_empty(from)) {
        struct pgr_list *node = from->next;
        pgr_list_remove(node);
        pgr_list_push_back(to, node);
    }
}

/* Most statements that might have changed definitions have not: asking is cheaper than reading. */
static void start_check(struct pgr_side *side)
{
    begin(side);
    move_all(&side->reload_next, &side->reload_now);
    side->load = pgr_load_version(side->conn, on_checked, side);
}

static void start_load(struct pgr_side *side)
{
    begin(side);
    side->needs_load = false;
    side->has_difference = false;
    side->is_waiting_for_quiet = false;
    pgr_timer_stop(side->quiet);
    move_all(&side->reload_next, &side->reload_now);
    side->load = pgr_load_catalog(side->conn, on_loaded, side);
}

void pgr_side_step(struct pgr_side *side)
{
    if (side->state != SIDE_UP || side->is_busy)
        return;
    bool has_request = !pgr_list_is_empty(&side->reload_next);
    bool is_quiet = side->has_difference && !side->is_waiting_for_quiet;
    if (side->needs_load || (has_request && is_quiet)) {
        start_load(side);
    } else if (has_request && !side->has_difference) {
        start_check(side);
    } else if (!pgr_waits_ask(side->waits) && side->needs_pulse) {
        side->needs_pulse = false;
        begin(side);
        pgr_pqconn_query(side->conn, pgr_query_pulse, on_pulse, side);
    }
}

/* Tells each who waited. The side may be gone afterwards: a callback may close the registry. */
static void tell(struct pgr_list *requests)
{
    struct pgr_list told;
    pgr_list_init(&told);
    move_all(requests, &told);
    while (!pgr_list_is_empty(&told)) {
        struct pgr_db_request *request = pgr_container_of(told.next, struct pgr_db_request, node);
        pgr_list_remove(&request->node);
        request->fn(request->arg);
        pgr_free(request);
    }
}

/* ---- failure and return ---- */

static uint64_t next_backoff(struct pgr_side *side)
{
    uint64_t base = side->backoff_ms ? side->backoff_ms : BACKOFF_FIRST_MS;
    side->backoff_ms = base * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : base * 2;
    /* Half of it by chance, so that many proxies do not return in step. */
    uint64_t now_us = pgr_loop_clock_us(side->loop);
    uint64_t chance = pgr_hash64(PGR_BYTES(&now_us, sizeof(now_us))) ^ (uintptr_t)side;
    return base / 2 + chance % (base / 2 + 1);
}

static void log_failure(struct pgr_side *side, const char *text)
{
    if (side->is_failure_logged)
        return;
    side->is_failure_logged = true;
    pgr_log(PGR_LOG_WARNING, "side_connection_failed", pgr_f_str("database", side->database->name),
            pgr_f_str("error", text));
}

static void hang_up(struct pgr_side *side)
{
    pgr_pqconn_close(&side->conn);
    pgr_load_cancel(&side->load);
    pgr_waits_forget_question(side->waits);
    side->state = SIDE_DOWN;
    side->is_busy = false;
    side->has_difference = false;
    side->is_waiting_for_quiet = false;
    replace(&side->pulse, NULL);
}

/* Definitions changed and cannot be read: nothing is known any more. */
static void give_up_reloads(struct pgr_side *side)
{
    if (pgr_list_is_empty(&side->reload_now) && pgr_list_is_empty(&side->reload_next))
        return;
    pgr_database_withdraw(side->database);
    side->needs_load = true;
    struct pgr_list all;
    pgr_list_init(&all);
    move_all(&side->reload_next, &all);
    move_all(&side->reload_now, &all);
    tell(&all);
}

void pgr_side_fail(struct pgr_side *side, const char *text)
{
    log_failure(side, text);
    hang_up(side);
    pgr_timer_start(side->retry, next_backoff(side), 0);
    give_up_reloads(side);
}

static void on_ready(void *arg, enum pgr_err err, const char *text)
{
    struct pgr_side *side = arg;
    if (err != PGR_OK) {
        pgr_side_fail(side, text);
        return;
    }
    side->state = SIDE_UP;
    side->needs_pulse = true;
    pgr_side_step(side);
}

static void connect_side(struct pgr_side *side)
{
    const struct pgr_databases *registry = side->database->registry;
    side->state = SIDE_CONNECTING;
    side->conn = pgr_pqconn_create(side->loop,
                                   &(struct pgr_pqconn_options){
                                       .dsn = registry->service_dsn,
                                       .dbname = side->database->name,
                                       .application_name = "pgrecall",
                                       .connect_timeout_us = registry->options.connect_timeout_us,
                                       .query_timeout_us = QUERY_TIMEOUT_US,
                                   });
    pgr_pqconn_connect(side->conn, on_ready, side);
}

static void on_retry(void *arg)
{
    connect_side(arg);
}

static void note_success(struct pgr_side *side)
{
    side->backoff_ms = 0;
    if (!side->is_failure_logged)
        return;
    side->is_failure_logged = false;
    pgr_log(PGR_LOG_INFO, "side_connection_restored", pgr_f_str("database", side->database->name));
}

/* ---- load ---- */

static struct pgr_catalog *finish_builder(struct pgr_side *side, struct pgr_builder *builder)
{
    struct pgr_databases *registry = side->database->registry;
    struct pgr_builder_target target = {
        .epoch = atomic_fetch_add(&registry->last_epoch, 1) + 1,
        .database_id = side->database->id,
        .slot_of = registry->options.slot_of,
        .arg = registry->options.arg,
    };
    return pgr_builder_finish(builder, &target);
}

static void publish(struct pgr_side *side, struct pgr_catalog *catalog, char *version)
{
    struct pgr_database *database = side->database;
    const struct pgr_databases_options *options = &database->registry->options;
    /* Who asked for a reload invalidates everything by himself when he is told. */
    bool is_news = side->version != NULL && strcmp(side->version, version) != 0 &&
                   pgr_list_is_empty(&side->reload_now);
    pgr_free(side->version);
    side->version = version;
    pgr_database_publish(database, catalog, side->sent_us);
    note_success(side);
    pgr_log(PGR_LOG_DEBUG, "catalog_loaded", pgr_f_str("database", database->name),
            pgr_f_int("epoch", catalog->epoch),
            pgr_f_int("us", pgr_loop_clock_us(side->loop) - side->sent_us));
    if (is_news && options->changed != NULL)
        options->changed(options->arg, database, catalog);
}

static void on_loaded(void *arg, enum pgr_err err, const char *text, struct pgr_builder *builder)
{
    struct pgr_side *side = arg;
    struct pgr_database *database = side->database;
    side->load = NULL;
    if (err != PGR_OK) {
        side->needs_load = true;
        pgr_side_fail(side, text);
        return;
    }
    char *version = pgr_builder_version(builder);
    replace(&side->pulse, pgr_builder_pulse(builder));
    struct pgr_catalog *catalog = finish_builder(side, builder);
    pgr_builder_destroy(&builder);
    if (catalog == NULL) {
        pgr_free(version);
        side->needs_load = true;
        pgr_side_fail(side, "the catalog could not be held in memory");
        return;
    }
    pgr_side_end_turn(side);
    publish(side, catalog, version);
    if (database->side == side)
        tell(&side->reload_now);
    if (database->side == side)
        pgr_side_step(side);
}

/* ---- poll ---- */

static void on_compared(void *arg, enum pgr_err err, const char *text, struct pgr_builder *builder)
{
    struct pgr_side *side = arg;
    side->load = NULL;
    if (err != PGR_OK) {
        pgr_side_fail(side, text);
        return;
    }
    char *version = pgr_builder_version(builder);
    if (pgr_str_eq(version, side->version)) {
        replace(&side->pulse, pgr_builder_pulse(builder));
        pgr_database_confirm(side->database, side->sent_us);
        note_success(side);
    } else {
        side->needs_load = true;
    }
    pgr_free(version);
    pgr_builder_destroy(&builder);
    pgr_side_end_turn(side);
    pgr_side_step(side);
}

static void await_quiet(struct pgr_side *side);

/* What was asked for changed nothing, or a load must follow. */
static void on_checked(void *arg, enum pgr_err err, const char *text, struct pgr_builder *builder)
{
    struct pgr_side *side = arg;
    struct pgr_database *database = side->database;
    side->load = NULL;
    if (err != PGR_OK) {
        pgr_side_fail(side, text);
        return;
    }
    char *version = pgr_builder_version(builder);
    bool is_same = pgr_str_eq(version, side->version) && pgr_database_epoch(database) != 0;
    pgr_free(version);
    pgr_side_end_turn(side);
    if (is_same) {
        replace(&side->pulse, pgr_builder_pulse(builder));
        pgr_database_confirm(database, side->sent_us);
        pgr_builder_destroy(&builder);
        tell(&side->reload_now);
    } else {
        pgr_builder_destroy(&builder);
        side->has_difference = true;
        move_all(&side->reload_now, &side->reload_next);
        await_quiet(side);
    }
    if (database->side == side)
        pgr_side_step(side);
}

static void note_conf_time(struct pgr_side *side, const char *time)
{
    if (side->conf_time != NULL && !pgr_str_eq(side->conf_time, time))
        atomic_fetch_add(&side->database->conf_epoch, 1);
    if (!pgr_str_eq(side->conf_time, time))
        replace(&side->conf_time, time);
}

static void on_pulse(void *arg, enum pgr_err err, const char *text,
                     const struct pgr_pqresult *result, int index, bool is_last)
{
    struct pgr_side *side = arg;
    PGR_UNUSED(index);
    PGR_UNUSED(is_last);
    if (err != PGR_OK || pgr_pqresult_rows(result) != 1 || pgr_pqresult_columns(result) != 2) {
        pgr_side_fail(side, err ? text : "the poll was answered strangely");
        return;
    }
    note_conf_time(side, pgr_pqresult_value(result, 0, 1));
    pgr_side_end_turn(side);
    if (side->version == NULL || pgr_database_epoch(side->database) == 0) {
        side->needs_load = true;
    } else if (side->pulse != NULL && pgr_str_eq(side->pulse, pgr_pqresult_value(result, 0, 0))) {
        pgr_database_confirm(side->database, side->sent_us);
    } else {
        begin(side);
        side->load = pgr_load_version(side->conn, on_compared, side);
    }
    pgr_side_step(side);
}

static void on_poll_due(void *arg)
{
    struct pgr_side *side = arg;
    side->needs_pulse = true;
    pgr_side_step(side);
}

void pgr_side_look(struct pgr_side *side)
{
    on_poll_due(side);
}

void pgr_side_rearm(struct pgr_side *side)
{
    uint64_t half_ms = atomic_load(&side->database->registry->staleness_us) / 2000;
    uint64_t minute_ms = 60000;
    uint64_t interval_ms = half_ms < minute_ms ? half_ms : minute_ms;
    if (side->database->has_side)
        pgr_timer_start(side->poll_timer, interval_ms, interval_ms);
}

/* ---- requests ---- */

static void on_quiet(void *arg)
{
    struct pgr_side *side = arg;
    side->is_waiting_for_quiet = false;
    pgr_side_step(side);
}

static void await_quiet(struct pgr_side *side)
{
    uint64_t waited_us = pgr_loop_clock_us(side->loop) - side->first_reload_us;
    if (waited_us > QUIET_MOST_US)
        return; /* armed already */
    side->is_waiting_for_quiet = true;
    pgr_timer_start(side->quiet, QUIET_MS, 0);
}

void pgr_side_take(struct pgr_side *side, struct pgr_db_request *request)
{
    if (!request->is_reload) {
        pgr_waits_add(side->waits, request);
        pgr_side_step(side);
        return;
    }
    if (pgr_list_is_empty(&side->reload_next))
        side->first_reload_us = pgr_loop_clock_us(side->loop);
    pgr_list_push_back(&side->reload_next, &request->node);
    if (side->state != SIDE_UP) {
        give_up_reloads(side);
        return;
    }
    if (side->has_difference)
        await_quiet(side);
    pgr_side_step(side);
}

/* ---- sessions come and go ---- */

static bool owes_anything(const struct pgr_side *side)
{
    return side->is_busy || !pgr_list_is_empty(&side->reload_next) ||
           !pgr_list_is_empty(&side->reload_now) || pgr_waits_any(side->waits);
}

static void on_idle(void *arg)
{
    struct pgr_side *side = arg;
    if (atomic_load(&side->database->users) > 0)
        return;
    if (owes_anything(side)) {
        pgr_timer_start(side->idle, IDLE_MS, 0);
        return;
    }
    pgr_log(PGR_LOG_DEBUG, "side_connection_idle", pgr_f_str("database", side->database->name));
    hang_up(side);
    pgr_timer_stop(side->retry);
    pgr_database_withdraw(side->database);
    side->is_asleep = true;
}

void pgr_side_note_users(struct pgr_side *side)
{
    if (atomic_load(&side->database->users) == 0) {
        pgr_timer_start(side->idle, IDLE_MS, 0);
        return;
    }
    pgr_timer_stop(side->idle);
    if (side->is_asleep) {
        side->is_asleep = false;
        if (side->database->has_side)
            connect_side(side);
    }
}

struct pgr_side *pgr_side_create(struct pgr_database *database)
{
    struct pgr_side *side = pgr_new(struct pgr_side);
    side->database = database;
    side->loop = database->registry->options.loop;
    pgr_list_init(&side->reload_next);
    pgr_list_init(&side->reload_now);
    side->waits = pgr_waits_create(database);
    side->poll_timer = pgr_timer_create(side->loop, on_poll_due, side);
    side->retry = pgr_timer_create(side->loop, on_retry, side);
    side->quiet = pgr_timer_create(side->loop, on_quiet, side);
    side->idle = pgr_timer_create(side->loop, on_idle, side);
    pgr_side_rearm(side);
    if (database->has_side)
        connect_side(side);
    return side;
}

void pgr_side_destroy(struct pgr_side **pointer)
{
    struct pgr_side *side = *pointer;
    *pointer = NULL;
    if (side == NULL)
        return;
    hang_up(side);
    pgr_timer_close(&side->poll_timer);
    pgr_timer_close(&side->retry);
    pgr_timer_close(&side->quiet);
    pgr_timer_close(&side->idle);
    pgr_waits_destroy(&side->waits);
    pgr_db_requests_free(&side->reload_next);
    pgr_db_requests_free(&side->reload_now);
    pgr_free(side->version);
    pgr_free(side->conf_time);
    pgr_free(side);
}
