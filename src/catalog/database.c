// SPDX-License-Identifier: PostgreSQL
/*
 * The registry, and the half of a database that any thread may touch. What has to be done on the
 * control loop is put into the database's inbox and the loop is told.
 */
#include "database_priv.h"

#include "pgrecall/base/mem.h"

#define DEFAULT_STALENESS_US ((uint64_t)10 * 1000000)

/* A bound tighter than this would make every late poll a bypass. */
#define LEAST_STALENESS_US ((uint64_t)400 * 1000)

struct pgr_databases *pgr_databases_create(const struct pgr_databases_options *options)
{
    struct pgr_databases *databases = pgr_new(struct pgr_databases);
    databases->options = *options;
    databases->options.service_dsn = NULL;
    if (options->service_dsn != NULL && options->service_dsn[0] != '\0')
        databases->service_dsn = pgr_strdup(options->service_dsn);
    atomic_init(&databases->staleness_us, DEFAULT_STALENESS_US);
    atomic_init(&databases->last_epoch, 0);
    pgr_mutex_init(&databases->lock);
    return databases;
}

void pgr_databases_close(struct pgr_databases *databases)
{
    databases->is_closed = true;
    pgr_mutex_lock(&databases->lock);
    for (size_t i = 0; i < databases->count; i++)
        pgr_side_destroy(&databases->items[i]->side);
    pgr_mutex_unlock(&databases->lock);
}

void pgr_db_requests_free(struct pgr_list *requests)
{
    while (!pgr_list_is_empty(requests)) {
        struct pgr_db_request *request =
            pgr_container_of(requests->next, struct pgr_db_request, node);
        pgr_list_remove(&request->node);
        pgr_free(request);
    }
}

static void free_database(struct pgr_database *database)
{
    PGR_ASSERT(database->side == NULL); /* closed before */
    pgr_db_requests_free(&database->inbox);
    pgr_catalog_unref(database->catalog);
    pgr_relset_unref(database->all);
    pgr_mutex_fini(&database->lock);
    pgr_free(database->name);
    pgr_free(database);
}

void pgr_databases_destroy(struct pgr_databases **pointer)
{
    struct pgr_databases *databases = *pointer;
    *pointer = NULL;
    if (databases == NULL)
        return;
    for (size_t i = 0; i < databases->count; i++)
        free_database(databases->items[i]);
    pgr_mutex_fini(&databases->lock);
    pgr_free(databases->items);
    pgr_free(databases->service_dsn);
    pgr_free(databases);
}

/* On the control loop: the side comes to life with the first thing there is to do for it. */
static struct pgr_side *side_of(struct pgr_database *database)
{
    if (database->registry->is_closed)
        return NULL;
    if (database->side == NULL)
        database->side = pgr_side_create(database);
    return database->side;
}

static void on_rearm(void *arg)
{
    struct pgr_side *side = side_of(arg);
    if (side != NULL)
        pgr_side_rearm(side);
}

static struct pgr_db_request *take_request(struct pgr_database *database)
{
    struct pgr_db_request *request = NULL;
    pgr_mutex_lock(&database->lock);
    if (!pgr_list_is_empty(&database->inbox)) {
        request = pgr_container_of(database->inbox.next, struct pgr_db_request, node);
        pgr_list_remove(&request->node);
    }
    pgr_mutex_unlock(&database->lock);
    return request;
}

static void on_inbox(void *arg)
{
    struct pgr_database *database = arg;
    struct pgr_side *side = side_of(database);
    struct pgr_db_request *request;
    while (side != NULL && (request = take_request(database)) != NULL) {
        pgr_side_take(side, request);
        side = database->side; /* a callback may have closed the registry */
    }
}

static void ask(struct pgr_database *database, struct pgr_db_request request)
{
    struct pgr_db_request *copy = pgr_new(struct pgr_db_request);
    *copy = request;
    pgr_list_init(&copy->node);
    pgr_mutex_lock(&database->lock);
    pgr_list_push_back(&database->inbox, &copy->node);
    pgr_mutex_unlock(&database->lock);
    pgr_loop_post(database->registry->options.loop, on_inbox, database);
}

static void on_look(void *arg)
{
    struct pgr_database *database = arg;
    if (database->side != NULL)
        pgr_side_look(database->side);
}

/* Roles and their memberships are of all databases: the others look at once, not at their next poll. */
static void look_at_others(const struct pgr_database *database)
{
    struct pgr_databases *registry = database->registry;
    pgr_mutex_lock(&registry->lock);
    for (size_t i = 0; i < registry->count; i++)
        if (registry->items[i] != database && registry->items[i]->has_side)
            pgr_loop_post(registry->options.loop, on_look, registry->items[i]);
    pgr_mutex_unlock(&registry->lock);
}

void pgr_database_reload(struct pgr_database *database, pgr_loop_fn *fn, void *arg)
{
    look_at_others(database);
    ask(database, (struct pgr_db_request){.is_reload = true, .fn = fn, .arg = arg});
}

void pgr_database_await_backend_end(struct pgr_database *database, uint32_t pid, pgr_loop_fn *fn,
                                    void *arg)
{
    ask(database, (struct pgr_db_request){.pid = pid, .fn = fn, .arg = arg});
}

void pgr_databases_set_staleness(struct pgr_databases *databases, uint64_t max_staleness_us)
{
    uint64_t bound = max_staleness_us < LEAST_STALENESS_US ? LEAST_STALENESS_US : max_staleness_us;
    atomic_store(&databases->staleness_us, bound);
    pgr_mutex_lock(&databases->lock);
    for (size_t i = 0; i < databases->count; i++)
        pgr_loop_post(databases->options.loop, on_rearm, databases->items[i]);
    pgr_mutex_unlock(&databases->lock);
}

static struct pgr_database *create_database(struct pgr_databases *databases, const char *name)
{
    struct pgr_database *database = pgr_new(struct pgr_database);
    const struct pgr_databases_options *options = &databases->options;
    database->registry = databases;
    database->name = pgr_strdup(name);
    database->id = (uint32_t)databases->count + 1;
    database->has_side = databases->service_dsn != NULL && databases->count < PGR_DATABASES_MAX;
    uint32_t all_slot = options->slot_of(options->arg, database->id, 0);
    database->all = pgr_relset_create(&all_slot, 1);
    atomic_init(&database->epoch, 0);
    atomic_init(&database->conf_epoch, 0);
    atomic_init(&database->users, 0);
    atomic_init(&database->definitions, 0);
    pgr_mutex_init(&database->lock);
    pgr_list_init(&database->inbox);
    return database;
}

static struct pgr_database *find_or_add(struct pgr_databases *databases, const char *name)
{
    for (size_t i = 0; i < databases->count; i++) {
        if (strcmp(databases->items[i]->name, name) == 0)
            return databases->items[i];
    }
    struct pgr_database *database = create_database(databases, name);
    databases->items =
        pgr_realloc_array(databases->items, databases->count + 1, sizeof(databases->items[0]));
    databases->items[databases->count++] = database;
    pgr_loop_post(databases->options.loop, on_rearm, database);
    return database;
}

struct pgr_database *pgr_databases_get(struct pgr_databases *databases, const char *name)
{
    pgr_mutex_lock(&databases->lock);
    struct pgr_database *database = find_or_add(databases, name);
    pgr_mutex_unlock(&databases->lock);
    return database;
}

void pgr_database_definition_begins(struct pgr_database *database)
{
    atomic_fetch_add(&database->definitions, 1);
}

void pgr_database_definition_ends(struct pgr_database *database)
{
    atomic_fetch_sub(&database->definitions, 1);
}

bool pgr_database_is_changing(const struct pgr_database *database)
{
    return atomic_load(&database->definitions) > 0;
}

static void on_users(void *arg)
{
    struct pgr_side *side = side_of(arg);
    if (side != NULL)
        pgr_side_note_users(side);
}

void pgr_database_enter(struct pgr_database *database)
{
    if (atomic_fetch_add(&database->users, 1) == 0)
        pgr_loop_post(database->registry->options.loop, on_users, database);
}

void pgr_database_leave(struct pgr_database *database)
{
    if (atomic_fetch_sub(&database->users, 1) == 1)
        pgr_loop_post(database->registry->options.loop, on_users, database);
}

const char *pgr_database_name(const struct pgr_database *database)
{
    return database->name;
}

uint32_t pgr_database_id(const struct pgr_database *database)
{
    return database->id;
}

const struct pgr_relset *pgr_database_all(const struct pgr_database *database)
{
    return database->all;
}

uint64_t pgr_database_epoch(const struct pgr_database *database)
{
    return atomic_load(&database->epoch);
}

uint64_t pgr_database_conf_epoch(const struct pgr_database *database)
{
    return atomic_load(&database->conf_epoch);
}

struct pgr_catalog *pgr_database_catalog(struct pgr_database *database, uint64_t now_us,
                                         enum pgr_reason *reason)
{
    *reason =
        database->has_side ? PGR_REASON_CATALOG_UNAVAILABLE : PGR_REASON_NO_SERVICE_CONNECTION;
    uint64_t bound = atomic_load(&database->registry->staleness_us);
    struct pgr_catalog *catalog = NULL;
    pgr_mutex_lock(&database->lock);
    /* The clocks of two loops may differ by a turn: fresh_us may lie ahead of now_us. */
    if (database->catalog != NULL &&
        (now_us <= database->fresh_us || now_us - database->fresh_us <= bound))
        catalog = pgr_catalog_ref(database->catalog);
    pgr_mutex_unlock(&database->lock);
    if (catalog != NULL)
        *reason = PGR_REASON_NONE;
    return catalog;
}

static void swap_catalog(struct pgr_database *database, struct pgr_catalog *catalog,
                         uint64_t sent_us)
{
    pgr_mutex_lock(&database->lock);
    struct pgr_catalog *old = database->catalog;
    database->catalog = catalog;
    database->fresh_us = sent_us;
    atomic_store(&database->epoch, catalog ? catalog->epoch : 0);
    pgr_mutex_unlock(&database->lock);
    pgr_catalog_unref(old);
}

void pgr_database_publish(struct pgr_database *database, struct pgr_catalog *catalog,
                          uint64_t sent_us)
{
    swap_catalog(database, catalog, sent_us);
}

void pgr_database_withdraw(struct pgr_database *database)
{
    swap_catalog(database, NULL, 0);
}

void pgr_database_confirm(struct pgr_database *database, uint64_t sent_us)
{
    pgr_mutex_lock(&database->lock);
    database->fresh_us = sent_us;
    pgr_mutex_unlock(&database->lock);
}
