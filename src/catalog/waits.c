// SPDX-License-Identifier: PostgreSQL
/*
 * Backends whose end is awaited, since the outcome of their last commit is unknown.
 *
 * pg_stat_activity shows every pid to every role. A backend leaves it after its transaction has
 * ended and become visible, so a pid that is absent can change nothing more. A pid taken by a later
 * backend only makes the wait longer.
 */
#include "database_priv.h"
#include "pgrecall/base/buf.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/pq/pqconn.h"

#include <stdlib.h>

#define ASK_EVERY_MS 200
/* Without a connection nothing can be known; after this the wait ends with an empty catalog. */
#define GIVE_UP_US ((uint64_t)60 * 1000000)
/* Pids in one question; the others are asked for next time. */
#define MOST_ASKED 1000

struct wait {
    struct pgr_list node;
    struct pgr_db_request *request;
    uint64_t deadline_us;
    bool is_asked; /* in the question under way */
};

struct pgr_waits {
    struct pgr_database *database;
    struct pgr_loop *loop;
    struct pgr_list list; /* of struct wait */
    struct pgr_timer *timer;
    bool is_due;
};

static void on_timer(void *arg);

struct pgr_waits *pgr_waits_create(struct pgr_database *database)
{
    struct pgr_waits *waits = pgr_new(struct pgr_waits);
    waits->database = database;
    waits->loop = database->registry->options.loop;
    pgr_list_init(&waits->list);
    waits->timer = pgr_timer_create(waits->loop, on_timer, waits);
    return waits;
}

static struct wait *wait_of(struct pgr_list *node)
{
    return pgr_container_of(node, struct wait, node);
}

static void free_wait(struct wait *wait)
{
    pgr_list_remove(&wait->node);
    pgr_free(wait->request);
    pgr_free(wait);
}

void pgr_waits_destroy(struct pgr_waits **pointer)
{
    struct pgr_waits *waits = *pointer;
    *pointer = NULL;
    while (!pgr_list_is_empty(&waits->list))
        free_wait(wait_of(waits->list.next));
    pgr_timer_close(&waits->timer);
    pgr_free(waits);
}

void pgr_waits_add(struct pgr_waits *waits, struct pgr_db_request *request)
{
    struct wait *wait = pgr_new(struct wait);
    wait->request = request;
    wait->deadline_us = pgr_loop_clock_us(waits->loop) + GIVE_UP_US;
    if (pgr_list_is_empty(&waits->list))
        pgr_timer_start(waits->timer, ASK_EVERY_MS, ASK_EVERY_MS);
    pgr_list_push_back(&waits->list, &wait->node);
    waits->is_due = true;
}

/* Their fn may do anything, so they leave the list first. */
static void end_all(struct pgr_waits *waits, struct pgr_list *ended)
{
    if (pgr_list_is_empty(&waits->list))
        pgr_timer_stop(waits->timer);
    while (!pgr_list_is_empty(ended)) {
        struct wait *wait = wait_of(ended->next);
        pgr_list_remove(&wait->node);
        wait->request->fn(wait->request->arg);
        free_wait(wait);
    }
}

static void move_to(struct pgr_list *list, struct wait *wait)
{
    pgr_list_remove(&wait->node);
    pgr_list_push_back(list, &wait->node);
}

/* The side is down: those who waited long enough go on, and nothing is served on their account. */
static void end_overdue(struct pgr_waits *waits)
{
    uint64_t now_us = pgr_loop_clock_us(waits->loop);
    struct pgr_list ended;
    pgr_list_init(&ended);
    pgr_list_foreach (node, &waits->list) {
        if (wait_of(node)->deadline_us <= now_us)
            move_to(&ended, wait_of(node));
    }
    if (pgr_list_is_empty(&ended))
        return;
    pgr_database_withdraw(waits->database);
    end_all(waits, &ended);
}

static void on_timer(void *arg)
{
    struct pgr_waits *waits = arg;
    struct pgr_side *side = waits->database->side;
    waits->is_due = true;
    if (pgr_side_is_up(side))
        pgr_side_step(side);
    else
        end_overdue(waits);
}

static int compare_pids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The pids still there, ascending; the caller frees. */
static uint32_t *living_pids(const struct pgr_pqresult *result, size_t *count)
{
    int rows = pgr_pqresult_rows(result);
    uint32_t *pids = pgr_new_array(uint32_t, (size_t)rows);
    *count = 0;
    for (int row = 0; row < rows; row++) {
        const char *value = pgr_pqresult_value(result, row, 0);
        if (value != NULL)
            pids[(*count)++] = (uint32_t)strtoul(value, NULL, 10);
    }
    if (*count > 1)
        qsort(pids, *count, sizeof(pids[0]), compare_pids);
    return pids;
}

static void on_pids(void *arg, enum pgr_err err, const char *text,
                    const struct pgr_pqresult *result, int index, bool is_last)
{
    struct pgr_waits *waits = arg;
    struct pgr_database *database = waits->database;
    PGR_UNUSED(index);
    PGR_UNUSED(is_last);
    if (err != PGR_OK) {
        pgr_side_fail(database->side, text);
        return;
    }
    size_t count;
    uint32_t *living = living_pids(result, &count);
    struct pgr_list ended;
    pgr_list_init(&ended);
    pgr_list_foreach (node, &waits->list) {
        struct wait *wait = wait_of(node);
        bool is_living =
            bsearch(&wait->request->pid, living, count, sizeof(living[0]), compare_pids) != NULL;
        if (wait->is_asked && !is_living)
            move_to(&ended, wait);
        wait->is_asked = false;
    }
    pgr_free(living);
    pgr_side_end_turn(database->side);
    end_all(waits, &ended);
    if (database->side != NULL) /* a callback may have closed the registry */
        pgr_side_step(database->side);
}

static char *question(struct pgr_waits *waits)
{
    struct pgr_buf buf;
    pgr_buf_init(&buf, (size_t)64 << 10);
    pgr_buf_printf(&buf, "SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid IN (0");
    int asked = 0;
    pgr_list_foreach (node, &waits->list) {
        struct wait *wait = wait_of(node);
        if (asked++ == MOST_ASKED)
            break;
        wait->is_asked = pgr_buf_printf(&buf, ", %u", (unsigned)wait->request->pid);
    }
    pgr_buf_put_cstr(&buf, ")");
    PGR_ASSERT(!buf.is_short);
    char *sql = pgr_strdup((const char *)pgr_buf_bytes(&buf).at);
    pgr_buf_fini(&buf);
    return sql;
}

bool pgr_waits_ask(struct pgr_waits *waits)
{
    if (!waits->is_due || pgr_list_is_empty(&waits->list))
        return false;
    struct pgr_pqconn *conn = pgr_side_begin_turn(waits->database->side);
    if (conn == NULL)
        return false;
    waits->is_due = false;
    char *sql = question(waits);
    pgr_pqconn_query(conn, sql, on_pids, waits);
    pgr_free(sql);
    return true;
}

bool pgr_waits_any(const struct pgr_waits *waits)
{
    return !pgr_list_is_empty(&waits->list);
}

void pgr_waits_forget_question(struct pgr_waits *waits)
{
    pgr_list_foreach (node, &waits->list) {
        wait_of(node)->is_asked = false;
    }
}
