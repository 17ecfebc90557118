// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/inval/open_write.h"

#include "pgrecall/base/mem.h"

static void destroy(struct pgr_open_write *w)
{
    pgr_list_remove(&w->node);
    if (w->is_definition)
        pgr_database_definition_ends(w->database);
    pgr_relset_unref(w->relations);
    pgr_free(w);
}

void pgr_funnel_init(struct pgr_funnel *funnel, struct pgr_loop *loop,
                     struct pgr_authority *authority)
{
    funnel->loop = loop;
    funnel->authority = authority;
    pgr_list_init(&funnel->elsewhere);
}

void pgr_funnel_fini(struct pgr_funnel *funnel)
{
    pgr_list_foreach (node, &funnel->elsewhere) {
        destroy(pgr_container_of(node, struct pgr_open_write, node));
    }
}

static void on_ended(struct pgr_write *write)
{
    struct pgr_open_write *w = pgr_container_of(write, struct pgr_open_write, write);
    pgr_loop_fn *done = w->done;
    void *arg = w->arg;
    destroy(w);
    if (done != NULL)
        done(arg);
}

static enum pgr_answer end_now(struct pgr_open_write *w, pgr_loop_fn *done, void *arg)
{
    if (w->funnel->begins_late)
        (void)w->funnel->authority->ops->begin(w->funnel->authority, &w->write);
    w->write.done = on_ended;
    w->done = done;
    w->arg = arg;
    enum pgr_answer answer = w->funnel->authority->ops->end(w->funnel->authority, &w->write);
    if (answer == PGR_ANSWER_NOW)
        destroy(w);
    return answer;
}

/* Back on the worker's loop: nobody waits any more. The end never overtakes the begin. */
static void end_unattended(void *arg)
{
    struct pgr_open_write *w = arg;
    w->is_settled = true;
    if (w->is_begun)
        (void)end_now(w, NULL, NULL);
}

static void on_begun(struct pgr_write *write)
{
    struct pgr_open_write *w = pgr_container_of(write, struct pgr_open_write, write);
    pgr_loop_fn *done = w->done;
    void *arg = w->arg;
    w->is_begun = true;
    if (w->is_settled)
        end_unattended(w);
    done(arg);
}

struct pgr_open_write *pgr_open_write_begin(struct pgr_funnel *funnel,
                                            struct pgr_database *database,
                                            const struct pgr_relset *relations,
                                            enum pgr_answer *answer, pgr_loop_fn *done, void *arg)
{
    struct pgr_open_write *w = pgr_new(struct pgr_open_write);
    w->funnel = funnel;
    pgr_list_init(&w->node);
    w->database = database;
    w->relations = relations;
    w->write.relations = relations;
    w->write.done = on_begun;
    w->done = done;
    w->arg = arg;
    *answer = PGR_ANSWER_NOW;
    if (!funnel->begins_late)
        *answer = funnel->authority->ops->begin(funnel->authority, &w->write);
    w->is_begun = *answer == PGR_ANSWER_NOW;
    return w;
}

void pgr_open_write_define(struct pgr_open_write *w)
{
    w->is_definition = true;
    pgr_database_definition_begins(w->database);
}

/* On the control loop: the outcome has become certain. */
static void on_settled(void *arg)
{
    struct pgr_open_write *w = arg;
    pgr_loop_post(w->funnel->loop, end_unattended, w);
}

enum pgr_answer pgr_open_write_end(struct pgr_open_write *w, pgr_loop_fn *done, void *arg)
{
    if (!w->is_definition)
        return end_now(w, done, arg);
    /* Reads bypass while it stays in flight, so the client need not wait for the reload. */
    pgr_list_push_back(&w->funnel->elsewhere, &w->node);
    pgr_database_reload(w->database, on_settled, w);
    return PGR_ANSWER_NOW;
}

static void on_backend_gone(void *arg)
{
    struct pgr_open_write *w = arg;
    if (w->is_definition)
        pgr_database_reload(w->database, on_settled, w);
    else
        on_settled(w);
}

void pgr_open_write_orphan(struct pgr_open_write *w, uint32_t pid)
{
    pgr_list_push_back(&w->funnel->elsewhere, &w->node);
    pgr_database_await_backend_end(w->database, pid, on_backend_gone, w);
}
