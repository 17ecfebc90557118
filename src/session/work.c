// SPDX-License-Identifier: PostgreSQL
/*
 * A message on its way upstream takes the steps listed for its type. A step that must wait is run
 * again when what it waits for has come; the message stays at the front of the input until its last
 * step has sent it, so nothing is copied and nothing is half done.
 */
#include "session_priv.h"
#include "txn_priv.h"

#include "pgrecall/base/mem.h"
#include "pgrecall/sql/lex.h"
#include "pgrecall/wire/encode.h"

/* Longer texts are analysed off the loop. */
#define ANALYSE_HERE ((size_t)4 << 10)

typedef enum pgr_step_result step_fn(struct pgr_session *s, struct pgr_bytes message);

static struct pgr_bytes body_of(struct pgr_bytes message)
{
    return PGR_BYTES(message.at + PGR_FRAME_HEAD, message.len - PGR_FRAME_HEAD);
}

void pgr_work_reset(struct pgr_work *work)
{
    pgr_prepared_unref(work->prepared);
    pgr_stmt_unref(work->stmt);
    pgr_effects_fini(&work->effects);
    pgr_capture_unref(work->capture);
    pgr_tag_unref(work->tag);
    pgr_relset_unref(work->deps);
    PGR_ASSERT(work->begun == NULL);
    *work = (struct pgr_work){0};
}

/* ---- analysis ---- */

struct analysis {
    struct pgr_session *session;
    struct pgr_blob *text;
    struct pgr_stmt *stmt;
};

static void analysis_work(void *arg)
{
    struct analysis *a = arg;
    a->stmt = pgr_analyze(PGR_BYTES(a->text->data, a->text->len));
}

static void analysis_done(void *arg)
{
    struct analysis *a = arg;
    struct pgr_session *s = a->session;
    pgr_memo_put(s->env->memo, PGR_BYTES(a->text->data, a->text->len), a->stmt);
    if (s->work.is_active) {
        s->work.stmt = a->stmt;
        s->work.ask = PGR_ASK_NONE;
    } else {
        pgr_stmt_unref(a->stmt);
    }
    pgr_blob_unref(a->text);
    pgr_free(a);
    pgr_session_wake(s);
}

static enum pgr_step_result analyse_elsewhere(struct pgr_session *s, struct pgr_bytes text)
{
    struct pgr_blob *copy = pgr_blob_copy(text);
    if (copy == NULL)
        return PGR_STEP_NEXT; /* unknown: a possible write to everything */
    struct analysis *a = pgr_new(struct analysis);
    a->session = s;
    a->text = copy;
    s->work.ask = PGR_ASK_SENT;
    s->asks++;
    pgr_offload(s->env->offload, s->env->loop, analysis_work, analysis_done, a);
    return PGR_STEP_WAIT;
}

static enum pgr_step_result analyse_text(struct pgr_session *s, struct pgr_bytes text)
{
    if (s->work.stmt != NULL)
        return PGR_STEP_NEXT;
    const struct pgr_stmt *known = pgr_memo_get(s->env->memo, text);
    if (known != NULL) {
        s->work.stmt = pgr_stmt_ref(known);
        return PGR_STEP_NEXT;
    }
    if (text.len > ANALYSE_HERE)
        return analyse_elsewhere(s, text);
    s->work.stmt = pgr_analyze(text);
    pgr_memo_put(s->env->memo, text, s->work.stmt);
    return PGR_STEP_NEXT;
}

static enum pgr_step_result analyse_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_query query;
    if (!pgr_msg_query_parse(body_of(message), &query))
        return PGR_STEP_NEXT;
    return analyse_text(s, query.text);
}

static enum pgr_step_result analyse_parse(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_parse parse;
    if (!pgr_msg_parse_parse(body_of(message), &parse))
        return PGR_STEP_NEXT;
    return analyse_text(s, parse.text);
}

static enum pgr_step_result recall_bind(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_bind bind;
    if (s->work.prepared != NULL || !pgr_msg_bind_parse(body_of(message), &bind))
        return PGR_STEP_NEXT;
    struct pgr_prepared *prepared = pgr_statement_of(s, bind.statement);
    if (prepared != NULL) {
        s->work.prepared = pgr_prepared_ref(prepared);
        s->work.stmt = pgr_stmt_ref(prepared->stmt);
    }
    return PGR_STEP_NEXT;
}

/* ---- learning the session's settings ---- */

/* Statements whose meaning or effect hangs on settings or search_path; BEGIN, since inside the
 * transaction it is too late to ask. */
static bool wants_facts(const struct pgr_stmt *stmt)
{
    switch (stmt->kind) {
    case PGR_STMT_SELECT:
        return stmt->block == PGR_REASON_NONE;
    case PGR_STMT_INSERT:
    case PGR_STMT_UPDATE:
    case PGR_STMT_DELETE:
    case PGR_STMT_MERGE:
    case PGR_STMT_COPY_IN:
    case PGR_STMT_TRUNCATE:
    case PGR_STMT_BEGIN:
        return true;
    default:
        return false;
    }
}

static void push_probe(struct pgr_session *s)
{
    static const uint8_t types[] = {PGR_FE_PARSE, PGR_FE_BIND, PGR_FE_EXECUTE, PGR_FE_CLOSE,
                                    PGR_FE_SYNC};
    for (size_t i = 0; i < PGR_ARRAY_LEN(types); i++) {
        struct pgr_op op = {.type = types[i], .owner = PGR_OP_PROBE};
        pgr_replies_push(&s->replies, &op);
    }
}

static enum pgr_step_result learn(struct pgr_session *s, struct pgr_bytes message)
{
    PGR_UNUSED(message);
    if (s->work.ask == PGR_ASK_SENT) { /* the probe has come back */
        s->work.ask = PGR_ASK_NONE;
        return PGR_STEP_AGAIN;
    }
    if (s->facts.state != PGR_FACTS_UNKNOWN &&
        s->facts.conf_epoch != pgr_database_conf_epoch(s->database))
        pgr_backend_forget(&s->facts);
    if (s->facts.state != PGR_FACTS_UNKNOWN || !s->env->settings->cache_enabled ||
        s->work.stmt == NULL || !wants_facts(s->work.stmt) || s->identity.is_replication ||
        s->txn.status != 'I' || s->replies.count > 0 || s->txn.is_open_implicitly)
        return PGR_STEP_NEXT;
    enum pgr_reason reason;
    struct pgr_catalog *catalog =
        pgr_database_catalog(s->database, pgr_loop_now_us(s->env->loop), &reason);
    if (catalog == NULL) {
        s->facts.reason = reason;
        return PGR_STEP_NEXT;
    }
    pgr_catalog_unref(s->probe_catalog);
    s->probe_catalog = catalog;
    s->probe_conf_epoch = pgr_database_conf_epoch(s->database);
    pgr_buf_reset(&s->scratch);
    pgr_backend_probe(&s->facts, catalog, &s->scratch);
    push_probe(s);
    pgr_stream_write(s->server.stream, pgr_buf_bytes(&s->scratch));
    pgr_count_add(s->env->counters, PGR_COUNTER_probes, 1);
    s->work.ask = PGR_ASK_SENT;
    return PGR_STEP_WAIT;
}

/* ---- the verdict on a read ---- */

static void bypass(struct pgr_work *work, enum pgr_reason reason)
{
    work->outcome = PGR_OUTCOME_BYPASS;
    work->reason = reason;
}

/* Why this read may not be remembered, as far as the session is concerned. */
static enum pgr_reason store_obstacle(const struct pgr_session *s)
{
    enum pgr_reason reason = pgr_hold_obstacle(s);
    if (reason == PGR_REASON_PARTIAL_UNIT && s->txn.is_unit_clean)
        return s->facts.state == PGR_FACTS_KNOWN ? PGR_REASON_NONE : s->facts.reason;
    /* Parse and its kin of this very unit are what is outstanding. */
    if (reason == PGR_REASON_BEHIND_UPSTREAM && s->txn.is_open_implicitly && s->txn.is_unit_clean)
        return s->facts.state == PGR_FACTS_KNOWN ? PGR_REASON_NONE : s->facts.reason;
    return reason;
}

static enum pgr_reason judge_kind(const struct pgr_stmt *stmt)
{
    if (stmt == NULL)
        return PGR_REASON_STATEMENT_UNKNOWN;
    if (stmt->block != PGR_REASON_NONE)
        return stmt->block;
    return stmt->kind == PGR_STMT_SELECT ? PGR_REASON_NONE : PGR_REASON_NOT_READ;
}

static enum pgr_reason judge_names(struct pgr_session *s, struct pgr_bytes text,
                                   struct pgr_bytes params)
{
    enum pgr_reason reason;
    struct pgr_catalog *catalog =
        pgr_database_catalog(s->database, pgr_loop_now_us(s->env->loop), &reason);
    if (catalog == NULL)
        return reason;
    struct pgr_verdict_input input = {
        .stmt = s->work.stmt,
        .text = text,
        .catalog = catalog,
        .path = &s->facts.path,
        .settings = s->env->settings,
        .database = s->identity.database_name,
        .user = s->identity.user,
        .application = s->identity.application,
        .params = params,
        .skipped_rules = {s->env->skipped_rules[0], s->env->skipped_rules[1]},
    };
    struct pgr_verdict verdict;
    pgr_decide(&input, &verdict);
    if (verdict.reason == PGR_REASON_NONE) {
        s->work.deps = pgr_relset_ref(verdict.deps);
        s->work.tag = pgr_tag_create(&input);
    }
    reason = verdict.reason;
    pgr_verdict_fini(&verdict);
    pgr_catalog_unref(catalog);
    return reason;
}

static void decide(struct pgr_session *s, struct pgr_bytes text, struct pgr_bytes params)
{
    enum pgr_reason reason = judge_kind(s->work.stmt);
    if (reason == PGR_REASON_NONE)
        reason = store_obstacle(s);
    if (reason == PGR_REASON_NONE)
        reason = judge_names(s, text, params);
    if (reason != PGR_REASON_NONE)
        bypass(&s->work, reason);
    else
        s->work.outcome = PGR_OUTCOME_MISS;
}

static enum pgr_step_result decide_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_query query;
    if (!pgr_msg_query_parse(body_of(message), &query))
        bypass(&s->work, PGR_REASON_UNPARSED);
    else
        decide(s, query.text, PGR_BYTES("", 0));
    return PGR_STEP_NEXT;
}

static enum pgr_step_result decide_bind(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_bind bind;
    if (!pgr_msg_bind_parse(body_of(message), &bind) || s->work.prepared == NULL)
        bypass(&s->work, PGR_REASON_STATEMENT_UNKNOWN);
    else if (bind.portal.len > 0)
        bypass(&s->work, PGR_REASON_PARTIAL_UNIT);
    else
        decide(s, s->work.prepared->text, bind.params);
    /* Literals were folded when it was parsed (A3): only under the same settings is it the same. */
    if (s->work.outcome == PGR_OUTCOME_MISS &&
        s->work.prepared->context_id != pgr_context_id(s->facts.context))
        bypass(&s->work, PGR_REASON_STATEMENT_UNKNOWN);
    return PGR_STEP_NEXT;
}

/* ---- the token, before the first byte of Query or Bind is sent (G2) ---- */

static void on_taken(struct pgr_take *take)
{
    struct pgr_work *work = pgr_container_of(take, struct pgr_work, take);
    work->ask = PGR_ASK_ANSWERED;
    pgr_session_wake(pgr_container_of(work, struct pgr_session, work));
}

static bool key_of(struct pgr_session *s, struct pgr_bytes message, struct pgr_key *key)
{
    struct pgr_msg_query query;
    struct pgr_msg_bind bind;
    if (message.at[0] == PGR_FE_QUERY)
        return pgr_msg_query_parse(body_of(message), &query) &&
               pgr_key_of_query(s, query.text, key);
    return pgr_msg_bind_parse(body_of(message), &bind) &&
           pgr_key_of_bind(s, s->work.prepared, &bind, key);
}

static void start_capture(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_work *work = &s->work;
    struct pgr_key key;
    if (!work->take.is_granted)
        bypass(work, PGR_REASON_WRITE_IN_FLIGHT);
    else if (!key_of(s, message, &key))
        bypass(work, PGR_REASON_TOO_LONG);
    else
        work->capture = pgr_capture_create(&key, s->facts.context, &work->take.token, work->tag,
                                           pgr_loop_clock_us(s->env->loop),
                                           s->env->settings->cache_max_entry);
    if (work->capture != NULL && work->prepared != NULL)
        work->capture->mark = pgr_hot_mark(s, work->prepared);
    pgr_token_fini(&work->take.token);
}

static enum pgr_step_result take(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_work *work = &s->work;
    struct pgr_authority *authority = s->env->funnel.authority;
    if (work->outcome != PGR_OUTCOME_MISS)
        return PGR_STEP_NEXT;
    if (work->ask == PGR_ASK_NONE) {
        work->take = (struct pgr_take){.done = on_taken, .deps = work->deps};
        if (authority->ops->take(authority, &work->take) == PGR_ANSWER_LATER) {
            work->ask = PGR_ASK_SENT;
            s->asks++;
            return PGR_STEP_WAIT;
        }
    }
    work->ask = PGR_ASK_NONE;
    start_capture(s, message);
    return PGR_STEP_NEXT;
}

/* ---- what a statement may change, and putting it in flight ---- */

static void note_effects(struct pgr_session *s, bool is_replication_command)
{
    struct pgr_work *work = &s->work;
    enum pgr_reason reason;
    if (work->stmt == NULL || s->txn.has_odd_strings || s->txn.has_odd_encoding) {
        work->is_wholly_unknown = true;
        work->effects.flags = PGR_EFFECT_WRITES_ALL | PGR_EFFECT_DEFINITION |
                              PGR_EFFECT_MAY_COMMIT | PGR_EFFECT_SETTINGS | PGR_EFFECT_STATEMENTS;
        return;
    }
    if (is_replication_command)
        return;
    struct pgr_catalog *catalog =
        pgr_database_catalog(s->database, pgr_loop_now_us(s->env->loop), &reason);
    const struct pgr_search_path *path = s->facts.is_path_known ? &s->facts.path : NULL;
    pgr_effects_of(work->stmt, catalog, path, &work->effects);
    pgr_catalog_unref(catalog);
}

/* Commands of the replication grammar change no relation; everything else there is SQL. */
static bool is_replication_command(const struct pgr_session *s, struct pgr_bytes text)
{
    static const char *const words[] = {"identify_system", "start_replicati", "create_replicat",
                                        "drop_replicatio", "alter_replicati", "read_replicatio",
                                        "timeline_histor", "base_backup", "show"};
    char word[16];
    pgr_lex_first_word(text, word);
    for (size_t i = 0; s->identity.is_replication && i < PGR_ARRAY_LEN(words); i++)
        if (pgr_str_eq(word, words[i]))
            return true;
    return false;
}

/* Local settings of the session follow at once: what is sent later means what it means after it. */
static void apply_effects(struct pgr_session *s)
{
    const struct pgr_effects *effects = &s->work.effects;
    if (effects->setting != NULL)
        pgr_backend_note_setting(&s->facts, effects->setting);
    if (effects->flags & PGR_EFFECT_SETTINGS) {
        s->txn.has_touched_settings = true;
        if (s->work.stmt != NULL && s->work.stmt->kind == PGR_STMT_SET &&
            !pgr_str_eq(s->work.stmt->setting, "search_path"))
            pgr_backend_forget_settings(&s->facts);
        else
            pgr_backend_forget(&s->facts);
    }
    if (effects->flags & PGR_EFFECT_STATEMENTS) {
        pgr_names_clear(s->statements);
        s->unnamed = PGR_UNNAMED_SAME;
    }
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
    struct pgr_open_write *w = pgr_open_write_begin(&s->env->funnel, s->database, relations,
                                                    &answer, on_begun, s);
    w->is_definition = (flags & PGR_EFFECT_DEFINITION) != 0;
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
    return is_surely_inside && !(s->work.effects.flags & PGR_EFFECT_MAY_COMMIT)
               ? PGR_MAY_NOT_COMMIT
               : PGR_MAY_COMMIT;
}

static void weigh(struct pgr_session *s, struct pgr_bytes text)
{
    if (s->work.outcome == PGR_OUTCOME_MISS || s->work.ask != PGR_ASK_NONE)
        return;
    pgr_effects_fini(&s->work.effects);
    note_effects(s, is_replication_command(s, text));
    pgr_txn_add(&s->txn, &s->work.effects);
}

static enum pgr_step_result begin_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_query query;
    if (!pgr_msg_query_parse(body_of(message), &query))
        query.text = PGR_BYTES("", 0);
    weigh(s, query.text);
    return begin_for(s, s->work.outcome == PGR_OUTCOME_MISS ? PGR_MAY_NOT_COMMIT
                                                            : query_may_commit(s));
}

static enum pgr_step_result begin_execute(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_execute execute;
    if (s->work.ask == PGR_ASK_NONE) {
        bool is_known = pgr_msg_execute_parse(body_of(message), &execute);
        struct pgr_prepared *prepared = !is_known              ? NULL
                                        : execute.portal.len == 0 ? s->portal.prepared
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

static enum pgr_step_result begin_sync(struct pgr_session *s, struct pgr_bytes message)
{
    PGR_UNUSED(message);
    return begin_for(s, PGR_MAY_COMMIT);
}

/* A function called by OID may do anything. */
static enum pgr_step_result begin_function(struct pgr_session *s, struct pgr_bytes message)
{
    weigh(s, PGR_BYTES("", 0));
    PGR_UNUSED(message);
    return begin_for(s, PGR_MAY_COMMIT);
}

/* ---- sending ---- */

static void push_replay(struct pgr_session *s, uint8_t type)
{
    struct pgr_op op = {.type = type, .owner = PGR_OP_REPLAY};
    pgr_replies_push(&s->replies, &op);
}

/* What upstream must know of the unnamed statement before a message that could see it (A3, G5). */
static void settle_unnamed(struct pgr_session *s, struct pgr_bytes message)
{
    uint8_t type = message.at[0];
    bool can_see = type == PGR_FE_BIND || type == PGR_FE_DESCRIBE || type == PGR_FE_EXECUTE ||
                   type == PGR_FE_CLOSE || type == PGR_FE_FLUSH ||
                   (type == PGR_FE_PARSE && message.len > PGR_FRAME_HEAD &&
                    message.at[PGR_FRAME_HEAD] != 0);
    if (s->unnamed == PGR_UNNAMED_SAME || !can_see)
        return;
    struct pgr_prepared *prepared = pgr_statement_of(s, PGR_BYTES("", 0));
    if (s->unnamed == PGR_UNNAMED_UNSENT && prepared != NULL) {
        push_replay(s, PGR_FE_PARSE);
        pgr_stream_write_blob(s->server.stream, prepared->message, 0, prepared->message->len);
    } else {
        push_replay(s, PGR_FE_CLOSE);
        pgr_buf_reset(&s->scratch);
        pgr_encode_close_statement(&s->scratch, "");
        pgr_stream_write(s->server.stream, pgr_buf_bytes(&s->scratch));
    }
    s->unnamed = PGR_UNNAMED_SAME;
}

/* The message leaves; everything that only its sending makes true happens here. */
static void dispatch(struct pgr_session *s, struct pgr_bytes message, struct pgr_op *op)
{
    if (!s->txn.is_open_implicitly)
        s->txn.is_unit_clean = s->replies.visible == 0 && s->txn.status == 'I';
    settle_unnamed(s, message);
    if (op != NULL) {
        op->owner = PGR_OP_CLIENT;
        op->writes = s->work.begun;
        s->work.begun = NULL;
        pgr_replies_push(&s->replies, op);
    }
    pgr_stream_write(s->server.stream, message);
    s->txn.is_open_implicitly = true;
    s->unit.must_send = false;
    pgr_stream_consume(s->client.stream, message.len);
}

static struct pgr_call_note note_of(const struct pgr_session *s)
{
    return (struct pgr_call_note){
        .stmt = s->work.stmt ? pgr_stmt_ref(s->work.stmt) : NULL,
        .outcome = s->work.outcome,
        .reason = s->work.reason,
        .start_us = s->work.start_us,
    };
}

static struct pgr_capture *capture_ref_or_null(struct pgr_capture *capture)
{
    return capture ? pgr_capture_ref(capture) : NULL;
}

static enum pgr_step_result send_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_op op = {
        .type = PGR_FE_QUERY,
        .capture = capture_ref_or_null(s->work.capture),
        .note = note_of(s),
    };
    pgr_names_put(s->statements, PGR_BYTES("", 0), NULL);
    s->unnamed = PGR_UNNAMED_SAME;
    apply_effects(s);
    if (s->work.outcome != PGR_OUTCOME_MISS)
        s->txn.is_unit_clean = false;
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

static enum pgr_step_result send_parse(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_parse parse;
    struct pgr_op op = {.type = PGR_FE_PARSE};
    if (pgr_msg_parse_parse(body_of(message), &parse)) {
        struct pgr_prepared *prepared =
            s->work.stmt ? pgr_prepared_create(message, s->work.stmt) : NULL;
        if (prepared != NULL && s->facts.state == PGR_FACTS_KNOWN) {
            prepared->context_id = pgr_context_id(s->facts.context);
            prepared->epoch = pgr_database_epoch(s->database);
        }
        pgr_names_put(s->statements, parse.name, prepared);
        op.prepared = prepared;
        if (parse.name.len == 0)
            s->unnamed = PGR_UNNAMED_SAME;
    }
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

static void set_portal(struct pgr_session *s)
{
    pgr_prepared_unref(s->portal.prepared);
    pgr_capture_unref(s->portal.capture);
    s->portal = (struct pgr_portal){
        .prepared = s->work.prepared ? pgr_prepared_ref(s->work.prepared) : NULL,
        .capture = capture_ref_or_null(s->work.capture),
        .outcome = s->work.outcome,
        .reason = s->work.reason,
    };
}

static enum pgr_step_result send_bind(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_bind bind;
    struct pgr_op op = {.type = PGR_FE_BIND};
    if (!pgr_msg_bind_parse(body_of(message), &bind) || bind.portal.len == 0)
        set_portal(s);
    else
        pgr_names_put(s->portals, bind.portal, s->work.prepared);
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

static enum pgr_step_result send_describe(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_target target;
    struct pgr_op op = {.type = PGR_FE_DESCRIBE};
    if (pgr_msg_target_parse(body_of(message), &target)) {
        op.target = target.kind;
        if (target.kind == 'P' && target.name.len == 0)
            op.capture = capture_ref_or_null(s->portal.capture);
    }
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

/* The capture moves from the portal to its first Execute; a row limit spoils it. */
static struct pgr_capture *capture_for_execute(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_execute execute;
    struct pgr_capture *capture = s->portal.capture;
    if (capture == NULL || !pgr_msg_execute_parse(body_of(message), &execute) ||
        execute.portal.len > 0)
        return NULL;
    s->portal.capture = NULL;
    s->portal.outcome = PGR_OUTCOME_BYPASS;
    s->portal.reason = PGR_REASON_PARTIAL_UNIT;
    if (execute.max_rows != 0) {
        pgr_capture_spoil(capture, PGR_REASON_ROW_LIMIT);
        bypass(&s->work, PGR_REASON_ROW_LIMIT);
    }
    return capture;
}

static enum pgr_step_result send_execute(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_capture *capture = capture_for_execute(s, message);
    struct pgr_op op = {
        .type = PGR_FE_EXECUTE,
        .capture = capture,
        .note = note_of(s),
        .prepared = capture ? pgr_prepared_ref(s->work.prepared) : NULL,
    };
    apply_effects(s);
    dispatch(s, message, &op);
    if (capture == NULL)
        s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}

static enum pgr_step_result send_close(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_target target;
    struct pgr_op op = {.type = PGR_FE_CLOSE};
    if (pgr_msg_target_parse(body_of(message), &target))
        pgr_names_put(target.kind == 'S' ? s->statements : s->portals, target.name, NULL);
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

static enum pgr_step_result send_answered(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_op op = {.type = message.at[0]};
    if (op.type == PGR_FE_COPY_FAIL)
        op.type = PGR_FE_COPY_DONE;
    dispatch(s, message, &op);
    return PGR_STEP_NEXT;
}

/* Flush, and whatever PostgreSQL itself will refuse. */
static enum pgr_step_result send_silent(struct pgr_session *s, struct pgr_bytes message)
{
    dispatch(s, message, NULL);
    return PGR_STEP_NEXT;
}

static enum pgr_step_result send_terminate(struct pgr_session *s, struct pgr_bytes message)
{
    dispatch(s, message, NULL);
    pgr_session_close(s);
    return PGR_STEP_NEXT;
}

/* ---- messages too long to be held: what is judged is their front ---- */

/* Only that it is a long statement is known of it: a possible write to everything. */
static enum pgr_step_result begin_long(struct pgr_session *s, struct pgr_bytes front)
{
    if (s->work.ask == PGR_ASK_NONE) {
        bypass(&s->work, PGR_REASON_TOO_LONG);
        if (front.at[0] == PGR_FE_QUERY)
            s->work.stmt = pgr_stmt_cut(body_of(front));
        weigh(s, PGR_BYTES("", 0));
    }
    return begin_for(s, PGR_MAY_COMMIT);
}

/* The statement that a long Bind names stands in its front. */
static enum pgr_step_result recall_long_bind(struct pgr_session *s, struct pgr_bytes front)
{
    struct pgr_reader r = pgr_reader_of(body_of(front));
    struct pgr_bytes portal = pgr_read_cstr(&r);
    struct pgr_bytes name = pgr_read_cstr(&r);
    struct pgr_prepared *prepared = r.bad ? NULL : pgr_statement_of(s, name);
    if (prepared != NULL)
        s->work.prepared = pgr_prepared_ref(prepared);
    bypass(&s->work, PGR_REASON_TOO_LONG);
    if (r.bad || portal.len == 0)
        set_portal(s);
    else
        pgr_names_put(s->portals, portal, prepared);
    return PGR_STEP_NEXT;
}

static enum pgr_step_result send_long(struct pgr_session *s, struct pgr_bytes front)
{
    struct pgr_frame frame;
    struct pgr_op op = {.type = front.at[0], .note = note_of(s)};
    PGR_ASSERT(pgr_frame_peek(front, PGR_FRAME_MAX, &frame) == PGR_PARSE_OK);
    if (op.type == PGR_FE_QUERY || op.type == PGR_FE_PARSE) {
        /* a Parse gives some name a meaning that was not seen */
        pgr_names_clear(s->statements);
        s->unnamed = PGR_UNNAMED_SAME;
    }
    apply_effects(s);
    s->client.passing = pgr_frame_size(&frame) - front.len;
    dispatch(s, front, op.type == PGR_FE_COPY_DATA ? NULL : &op);
    s->txn.is_unit_clean = false;
    return PGR_STEP_NEXT;
}

/* ---- the lists of steps ---- */

static step_fn *const query_steps[] = {analyse_query, learn,      decide_query, take,
                                       begin_query,   send_query, NULL};
static step_fn *const parse_steps[] = {analyse_parse, learn, send_parse, NULL};
static step_fn *const bind_steps[] = {recall_bind, learn, decide_bind, take, send_bind, NULL};
static step_fn *const describe_steps[] = {send_describe, NULL};
static step_fn *const execute_steps[] = {begin_execute, send_execute, NULL};
static step_fn *const close_steps[] = {send_close, NULL};
static step_fn *const sync_steps[] = {begin_sync, send_answered, NULL};
static step_fn *const function_steps[] = {begin_function, send_answered, NULL};
static step_fn *const copy_end_steps[] = {send_answered, NULL};
static step_fn *const terminate_steps[] = {send_terminate, NULL};
static step_fn *const other_steps[] = {send_silent, NULL};
static step_fn *const long_steps[] = {begin_long, send_long, NULL};
static step_fn *const long_bind_steps[] = {recall_long_bind, send_long, NULL};
static step_fn *const long_plain_steps[] = {send_long, NULL};

static step_fn *const *steps_of(uint8_t type)
{
    switch (type) {
    case PGR_FE_QUERY:
        return query_steps;
    case PGR_FE_PARSE:
        return parse_steps;
    case PGR_FE_BIND:
        return bind_steps;
    case PGR_FE_DESCRIBE:
        return describe_steps;
    case PGR_FE_EXECUTE:
        return execute_steps;
    case PGR_FE_CLOSE:
        return close_steps;
    case PGR_FE_SYNC:
        return sync_steps;
    case PGR_FE_FUNCTION_CALL:
        return function_steps;
    case PGR_FE_COPY_DONE:
    case PGR_FE_COPY_FAIL:
        return copy_end_steps;
    case PGR_FE_TERMINATE:
        return terminate_steps;
    default:
        return other_steps;
    }
}

static step_fn *const *steps_of_long(uint8_t type)
{
    if (type == PGR_FE_QUERY || type == PGR_FE_FUNCTION_CALL)
        return long_steps;
    return type == PGR_FE_BIND ? long_bind_steps : long_plain_steps;
}

bool pgr_work_run(struct pgr_session *s, const struct pgr_frame *frame, enum pgr_extent extent)
{
    struct pgr_work *work = &s->work;
    if (!work->is_active) {
        work->is_active = true;
        work->outcome = PGR_OUTCOME_BYPASS;
        work->start_us = pgr_loop_clock_us(s->env->loop);
    }
    step_fn *const *steps =
        extent == PGR_WHOLE ? steps_of(frame->type) : steps_of_long(frame->type);
    while (steps[work->at] != NULL) {
        struct pgr_bytes message = pgr_stream_input(s->client.stream);
        if (message.len > pgr_frame_size(frame))
            message.len = pgr_frame_size(frame);
        enum pgr_step_result result = steps[work->at](s, message);
        if (s->state != PGR_SESSION_READY)
            return false;
        if (result == PGR_STEP_WAIT) {
            work->is_waiting = true;
            return false;
        }
        if (result == PGR_STEP_AGAIN)
            break;
        work->at++;
    }
    pgr_work_reset(work);
    return true;
}
