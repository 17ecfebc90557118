// SPDX-License-Identifier: PostgreSQL
/*
 * Life of a session. A session closes in one place: pgr_session_close() ends both sockets, hands
 * write sets of unknown outcome to the control thread, and frees the session once no answer that
 * points at it is outstanding.
 */
#include "session_priv.h"

#include "pgrecall/base/log.h"
#include "pgrecall/base/mem.h"
#include "pgrecall/wire/encode.h"
#include "pgrecall/wire/sqlstate.h"

static const char *const state_names[] = {
#define S(name, doc) [PGR_SESSION_##name] = #name,
#include "states.def"
#undef S
};

static const char *const state_docs[] = {
#define S(name, doc) [PGR_SESSION_##name] = doc,
#include "states.def"
#undef S
};

static const struct {
    enum pgr_session_state from;
    enum pgr_session_state to;
    const char *event;
} edges[] = {
#define E(from, to, event) {PGR_SESSION_##from, PGR_SESSION_##to, event},
#include "states.def"
#undef E
};

const char *pgr_session_state_name(enum pgr_session_state state)
{
    return state_names[state];
}

void pgr_session_states_doc(struct pgr_buf *out)
{
    (void)pgr_buf_printf(out,
                         "# States of a session\n\nGenerated from `src/session/states.def`.\n\n"
                         "| state | what is going on |\n|---|---|\n");
    for (size_t i = 0; i < PGR_ARRAY_LEN(state_names); i++)
        (void)pgr_buf_printf(out, "| %s | %s |\n", state_names[i], state_docs[i]);
    (void)pgr_buf_printf(out, "\n| from | to | on |\n|---|---|---|\n");
    for (size_t i = 0; i < PGR_ARRAY_LEN(edges); i++)
        (void)pgr_buf_printf(out, "| %s | %s | %s |\n", state_names[edges[i].from],
                             state_names[edges[i].to], edges[i].event);
}

void pgr_session_set_state(struct pgr_session *s, enum pgr_session_state next)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(edges); i++) {
        if (edges[i].from == s->state && edges[i].to == next) {
            pgr_log(PGR_LOG_DEBUG, "session_state", pgr_f_int("pid", s->server.pid),
                    pgr_f_str("old", state_names[s->state]), pgr_f_str("new", state_names[next]));
            s->state = next;
            return;
        }
    }
    PGR_ASSERT(false && "an edge of states.def");
}

/* ---- input of both sides, by state ---- */

static void on_client_input(void *arg)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    if (s->state == PGR_SESSION_READY)
        pgr_client_pump(s);
    else if (s->state == PGR_SESSION_TUNNEL)
        pgr_tunnel_pump(s->client.stream, s->server.stream);
    else
        pgr_login_client_input(s);
}

static void on_client_drained(void *arg)
{
    struct pgr_session *s = arg;
    if (s->server.stream != NULL)
        pgr_stream_resume(s->server.stream);
    if (s->state == PGR_SESSION_READY)
        pgr_stream_resume(s->client.stream);
}

static void on_client_closed(void *arg, int err)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    PGR_UNUSED(err);
    /* What it sent before it left is still done, as PostgreSQL would. */
    s->client.is_gone = true;
    if (s->state == PGR_SESSION_READY)
        pgr_client_pump(s);
    else
        pgr_session_close(s);
}

void pgr_tunnel_pump(struct pgr_stream *from, struct pgr_stream *to)
{
    struct pgr_bytes input = pgr_stream_input(from);
    if (input.len > 0) {
        pgr_stream_write(to, input);
        pgr_stream_consume(from, input.len);
    }
    if (pgr_stream_is_full(to))
        pgr_stream_pause(from);
}

/* ---- open ---- */

static const struct pgr_stream_events client_events = {on_client_input, on_client_drained,
                                                       on_client_closed};

void pgr_session_open(struct pgr_session_env *env, int fd)
{
    struct pgr_session *s = pgr_new(struct pgr_session);
    s->magic = PGR_SESSION_MAGIC;
    s->env = env;
    s->state = PGR_SESSION_STARTUP;
    s->txn.status = 'I';
    pgr_backend_init(&s->facts);
    s->statements = pgr_names_create();
    s->portals = pgr_names_create();
    pgr_replies_init(&s->replies, pgr_server_finish_op, s);
    pgr_buf_init(&s->unit.key, PGR_KEY_MAX);
    pgr_buf_init(&s->scratch, PGR_HOLD_MAX + PGR_KEY_MAX);
    pgr_list_push_back(&env->sessions, &s->link);
    pgr_count_add(env->counters, PGR_COUNTER_sessions_opened, 1);
    s->client.stream = pgr_stream_adopt(env->loop, fd, &client_events, s);
    pgr_login_begin(s);
}

void pgr_session_each(struct pgr_session_env *env, void (*fn)(struct pgr_session *session))
{
    pgr_list_foreach (node, &env->sessions) {
        fn(pgr_container_of(node, struct pgr_session, link));
    }
}

/* ---- close ---- */

static void orphan_all(struct pgr_session *s, struct pgr_open_write **list)
{
    while (*list != NULL) {
        struct pgr_open_write *w = *list;
        *list = w->next;
        pgr_open_write_orphan(w, s->server.pid);
    }
}

static void free_identity(struct pgr_identity *identity)
{
    pgr_free(identity->user);
    pgr_free(identity->database_name);
    pgr_free(identity->application);
    pgr_blob_unref(identity->startup);
}

static void free_unit(struct pgr_unit *unit)
{
    pgr_prepared_unref(unit->parsed);
    pgr_prepared_unref(unit->bound);
    pgr_entry_unref(unit->entry);
    pgr_buf_fini(&unit->key);
}

static void destroy(void *arg)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    struct pgr_session_env *env = s->env;
    if (s->database != NULL)
        pgr_database_leave(s->database);
    if (s->identity.is_admitted)
        atomic_fetch_sub(env->clients, 1);
    pgr_work_reset(&s->work);
    pgr_replies_fini(&s->replies);
    while (s->finished != NULL) {
        struct pgr_capture *next = s->finished->next;
        pgr_capture_unref(s->finished);
        s->finished = next;
    }
    free_identity(&s->identity);
    free_unit(&s->unit);
    pgr_prepared_unref(s->portal.prepared);
    pgr_capture_unref(s->portal.capture);
    pgr_backend_fini(&s->facts);
    pgr_names_destroy(&s->statements);
    pgr_names_destroy(&s->portals);
    pgr_relset_unref(s->txn.writes);
    pgr_catalog_unref(s->probe_catalog);
    pgr_buf_fini(&s->scratch);
    s->magic = 0;
    pgr_free(s);
    pgr_count_add(env->counters, PGR_COUNTER_sessions_closed, 1);
    env->closed(env->arg);
}

void pgr_session_close(struct pgr_session *s)
{
    if (s->state == PGR_SESSION_CLOSING)
        return;
    pgr_session_set_state(s, PGR_SESSION_CLOSING);
    pgr_list_remove(&s->link);
    pgr_timer_close(&s->identity.timer);
    pgr_stream_close(&s->client.stream, PGR_CLOSE_FLUSH);
    pgr_stream_close(&s->server.stream, PGR_CLOSE_FLUSH);
    orphan_all(s, &s->txn.held);
    orphan_all(s, &s->txn.unit);
    orphan_all(s, &s->work.begun);
    for (size_t i = 0; i < s->replies.count; i++)
        orphan_all(s, &s->replies.ring[(s->replies.head + i) & (s->replies.cap - 1)].writes);
    /* Later: callers up the stack still look at the session. */
    if (s->asks == 0)
        pgr_loop_post(s->env->loop, destroy, s);
}

void pgr_session_wake(void *arg)
{
    struct pgr_session *s = arg;
    PGR_CHECK(s, PGR_SESSION_MAGIC);
    s->asks--;
    if (s->state == PGR_SESSION_CLOSING) {
        if (s->asks == 0)
            pgr_loop_post(s->env->loop, destroy, s);
        return;
    }
    s->work.is_waiting = false;
    if (s->state == PGR_SESSION_READY)
        pgr_client_pump(s);
}

void pgr_session_fatal(struct pgr_session *s, const struct pgr_fault *fault)
{
    struct pgr_buf message;
    pgr_buf_init(&message, 1024);
    pgr_encode_error(&message, "FATAL", fault);
    pgr_stream_write(s->client.stream, pgr_buf_bytes(&message));
    pgr_buf_fini(&message);
    pgr_log(PGR_LOG_INFO, "session_refused", pgr_f_str("peer", pgr_stream_peer(s->client.stream)),
            pgr_f_str("sqlstate", fault->sqlstate), pgr_f_str("message", fault->text));
    pgr_session_close(s);
}

/* ---- drain ---- */

static bool is_idle(const struct pgr_session *s)
{
    return s->state != PGR_SESSION_READY ||
           (s->txn.status == 'I' && s->replies.count == 0 && !s->txn.is_open_implicitly &&
            !s->work.is_active && !s->work.is_waiting && s->client.held == 0);
}

void pgr_session_kill(struct pgr_session *s)
{
    struct pgr_fault fault;
    pgr_fault_set(&fault, PGR_SQLSTATE_ADMIN_SHUTDOWN,
                  "terminating connection due to administrator command");
    if (s->server.stream != NULL && s->state == PGR_SESSION_READY) {
        struct pgr_buf bye;
        pgr_buf_init(&bye, 64);
        pgr_encode_terminate(&bye);
        if (is_idle(s))
            pgr_stream_write(s->server.stream, pgr_buf_bytes(&bye));
        pgr_buf_fini(&bye);
    }
    pgr_session_fatal(s, &fault);
}

void pgr_session_close_if_drained(struct pgr_session *s)
{
    if (s->is_draining && s->state != PGR_SESSION_CLOSING && is_idle(s))
        pgr_session_kill(s);
}

void pgr_session_drain(struct pgr_session *s)
{
    s->is_draining = true;
    if (s->state == PGR_SESSION_READY)
        pgr_session_close_if_drained(s);
    else if (s->state != PGR_SESSION_CANCELLING && s->state != PGR_SESSION_TUNNEL)
        pgr_session_kill(s);
}
