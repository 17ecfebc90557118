// SPDX-License-Identifier: PostgreSQL
/* The steps of what may change something: its effects are weighed, what it may commit is put in flight. */
#include "work_priv.h"

#include "txn_priv.h"

#include "pgrecall/sql/lex.h"

/* ---- what a statement may change, and putting it in flight ---- */

static void note_effects(struct pgr_session *s, bool is_replication_command)
{
    struct pgr_work *work = &s->work;
    enum pgr_reason reason;
    if (work->stmt == NULL || s->txn.has_odd_strings || s->txn.has_odd_encoding ||
        s->txn.may_lex_otherwise) {
        work->is_wholly_unknown = true;
        work->effects.flags = PGR_EFFECT_WRITES_ALL | PGR_EFFECT_DEFINITION |
                              PGR_EFFECT_MAY_COMMIT | PGR_EFFECT_SETTINGS | PGR_EFFECT_STATEMENTS;
        return;
    }
    if (is_replication_command)
        return;
    struct pgr_catalog *catalog = NULL;
    if (!pgr_database_is_changing(s->database))
        catalog = pgr_database_catalog(s->database, pgr_loop_now_us(s->env->loop), &reason);
    bool is_path_known = s->facts.is_path_known && pgr_facts_are_current(s);
    const struct pgr_search_path *path = is_path_known ? &s->facts.path : NULL;
    pgr_effects_of(work->stmt, catalog, path, &work->effects);
    /* SQL's PREPARE may stand behind the name: any query, but nothing that defines. */
    if (s->has_doubtful_names && work->prepared != NULL && work->prepared->name.len > 0)
        work->effects.flags |= PGR_EFFECT_WRITES_ALL | PGR_EFFECT_SETTINGS;
    pgr_catalog_unref(catalog);
}

/* Commands of the replication grammar change no relation; everything else there is SQL. */
static bool is_replication_command(const struct pgr_session *s, struct pgr_bytes text)
{
    static const char *const words[] = {"identify_system", "start_replicati", "create_replicat",
                                        "drop_replicatio", "alter_replicati", "read_replicatio",
                                        "timeline_histor", "base_backup",     "show"};
    char word[16];
    pgr_lex_first_word(text, word);
    for (size_t i = 0; s->identity.is_replication && i < PGR_ARRAY_LEN(words); i++)
        if (pgr_str_eq(word, words[i]))
            return true;
    return false;
}

static bool calls_set_config(const struct pgr_stmt *stmt)
{
    for (size_t i = 0; i < stmt->function_count; i++)
        if (pgr_str_eq(stmt->functions[i].name, "set_config"))
            return true;
    return false;
}

/* Until it is answered, how the next text is cut into tokens is not certain. */
static bool may_change_lexing(const struct pgr_stmt *stmt)
{
    if (stmt == NULL)
        return true;
    if (stmt->kind >= PGR_STMT_SELECT && stmt->kind <= PGR_STMT_TRUNCATE)
        return calls_set_config(stmt);
    return stmt->kind != PGR_STMT_SET || stmt->setting == NULL ||
           pgr_str_eq(stmt->setting, "standard_conforming_strings") ||
           pgr_str_eq(stmt->setting, "client_encoding") || pgr_str_eq(stmt->setting, "names");
}

/* Names may be gone or mean something else: the next probe tells. The unnamed one is out of reach. */
static void doubt_statements(struct pgr_session *s)
{
    s->has_doubtful_names = true;
    pgr_backend_forget_settings(&s->facts);
}

/* Local settings of the session follow at once: what is sent later means what it means after it. */
void pgr_work_apply_effects(struct pgr_session *s)
{
    const struct pgr_effects *effects = &s->work.effects;
    if (effects->setting != NULL)
        pgr_backend_note_setting(&s->facts, effects->setting);
    if (effects->flags & PGR_EFFECT_SETTINGS) {
        s->txn.has_touched_settings = true;
        if (may_change_lexing(s->work.stmt))
            s->txn.may_lex_otherwise = true;
        if (s->work.stmt != NULL && s->work.stmt->kind == PGR_STMT_SET &&
            !pgr_str_eq(s->work.stmt->setting, "search_path"))
            pgr_backend_forget_settings(&s->facts);
        else
            pgr_backend_forget(&s->facts);
    }
    if (effects->flags & PGR_EFFECT_STATEMENTS)
        doubt_statements(s);
    pgr_txn_note_locks(&s->txn, effects->flags);
}

static void on_begun(void *arg)
{
    struct pgr_session *s = arg;
    s->work.ask = PGR_ASK_ANSWERED;
    pgr_session_wake(s);
}

/* Puts one set in flight; WAIT if the authority answers later. */
static enum pgr_step_result begin_set(struct pgr_session *s, const struct pgr_relset *relations,
                                      unsigned flags)
{
    enum pgr_answer answer;
    struct pgr_open_write *w =
        pgr_open_write_begin(&s->env->funnel, s->database, relations, &answer, on_begun, s);
    if (flags & PGR_EFFECT_DEFINITION)
        pgr_open_write_define(w);
    w->is_exclusive = (flags & PGR_EFFECT_EXCLUSIVE) != 0;
    w->next = s->work.begun;
    s->work.begun = w;
    pgr_count_add(s->env->counters, PGR_COUNTER_writes_begun, 1);
    if (answer == PGR_ANSWER_NOW)
        return PGR_STEP_NEXT;
    s->asks++;
    s->work.ask = PGR_ASK_SENT;
    return PGR_STEP_WAIT;
}

/*
 * A message that may commit puts W in flight; one that takes ACCESS EXCLUSIVE puts its own relations
 * in flight to the end of the transaction (G8). Both sets in one: what is begun twice is ended twice.
 */
static enum pgr_step_result begin_for(struct pgr_session *s, enum pgr_may_commit may_commit)
{
    if (s->work.ask == PGR_ASK_ANSWERED) {
        s->work.ask = PGR_ASK_NONE;
        return PGR_STEP_NEXT;
    }
    if (s->work.ask == PGR_ASK_SENT)
        return PGR_STEP_WAIT; /* woken by something else */
    unsigned flags = s->work.effects.flags & PGR_EFFECT_EXCLUSIVE;
    if (may_commit == PGR_MAY_NOT_COMMIT && flags == 0)
        return PGR_STEP_NEXT;
    const struct pgr_relset *set = pgr_txn_write_set(&s->txn, s->database);
    if (set == NULL)
        return PGR_STEP_NEXT;
    if (s->txn.writes_definition)
        flags |= PGR_EFFECT_DEFINITION;
    return begin_set(s, set, flags);
}

/* Whether a statement sent now, outside the extended protocol, may commit before it is answered. */
static enum pgr_may_commit query_may_commit(const struct pgr_session *s)
{
    bool is_surely_inside = s->txn.status != 'I' && s->replies.visible == 0;
    return is_surely_inside && !(s->work.effects.flags & PGR_EFFECT_MAY_COMMIT) ? PGR_MAY_NOT_COMMIT
                                                                                : PGR_MAY_COMMIT;
}

static void weigh(struct pgr_session *s, struct pgr_bytes text)
{
    if (s->work.outcome == PGR_OUTCOME_MISS || s->work.ask != PGR_ASK_NONE)
        return;
    pgr_effects_fini(&s->work.effects);
    note_effects(s, is_replication_command(s, text));
    pgr_txn_add(&s->txn, &s->work.effects, pgr_database_epoch(s->database));
}

enum pgr_step_result pgr_step_begin_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_query query;
    if (!pgr_msg_query_parse(pgr_body_of(message), &query))
        query.text = PGR_BYTES("", 0);
    weigh(s, query.text);
    return begin_for(s, s->work.outcome == PGR_OUTCOME_MISS ? PGR_MAY_NOT_COMMIT
                                                            : query_may_commit(s));
}

/* Planning may run what a statement calls; W only ever grows by being careful. */
enum pgr_step_result pgr_step_weigh_bind(struct pgr_session *s, struct pgr_bytes message)
{
    PGR_UNUSED(message);
    if (s->work.stmt != NULL)
        weigh(s, PGR_BYTES("", 0));
    return PGR_STEP_NEXT;
}

enum pgr_step_result pgr_step_begin_execute(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_execute execute;
    if (s->work.ask == PGR_ASK_NONE) {
        bool is_known = pgr_msg_execute_parse(pgr_body_of(message), &execute);
        struct pgr_prepared *prepared = !is_known ? NULL
                                        : execute.portal.len == 0
                                            ? s->portal.prepared
                                            : pgr_names_get(s->portals, execute.portal);
        s->work.outcome = PGR_OUTCOME_BYPASS;
        s->work.reason = PGR_REASON_STATEMENT_UNKNOWN;
        if (is_known && execute.portal.len == 0) {
            s->work.outcome = s->portal.outcome;
            s->work.reason = s->portal.reason;
        } else if (prepared != NULL) {
            s->work.reason = PGR_REASON_PARTIAL_UNIT;
        }
        if (prepared != NULL) {
            s->work.prepared = pgr_prepared_ref(prepared);
            s->work.stmt = pgr_stmt_ref(prepared->stmt);
        }
    }
    weigh(s, PGR_BYTES("", 0));
    return begin_for(s, s->work.effects.flags & PGR_EFFECT_MAY_COMMIT ? PGR_MAY_COMMIT
                                                                      : PGR_MAY_NOT_COMMIT);
}

enum pgr_step_result pgr_step_begin_sync(struct pgr_session *s, struct pgr_bytes message)
{
    PGR_UNUSED(message);
    return begin_for(s, PGR_MAY_COMMIT);
}

/* A function called by OID may do anything. */
enum pgr_step_result pgr_step_begin_function(struct pgr_session *s, struct pgr_bytes message)
{
    weigh(s, PGR_BYTES("", 0));
    PGR_UNUSED(message);
    return begin_for(s, PGR_MAY_COMMIT);
}

/* Only that it is a long statement is known of it: a possible write to everything. */
enum pgr_step_result pgr_step_begin_long(struct pgr_session *s, struct pgr_bytes front)
{
    if (s->work.ask == PGR_ASK_NONE) {
        pgr_work_bypass(&s->work, PGR_REASON_TOO_LONG);
        if (front.at[0] == PGR_FE_QUERY)
            s->work.stmt = pgr_stmt_cut(pgr_body_of(front));
        weigh(s, PGR_BYTES("", 0));
    }
    return begin_for(s, PGR_MAY_COMMIT);
}
