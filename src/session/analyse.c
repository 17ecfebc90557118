// SPDX-License-Identifier: PostgreSQL
/* The first steps: what the text says by itself, and what the session's settings are. */
#include "work_priv.h"

#include "pgrecall/base/mem.h"

/* Longer texts are analysed off the loop. */
#define ANALYSE_HERE ((size_t)4 << 10)

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
    if (s->work.ask == PGR_ASK_SENT)
        return PGR_STEP_WAIT;
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

enum pgr_step_result pgr_step_analyse_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_query query;
    if (!pgr_msg_query_parse(pgr_body_of(message), &query))
        return PGR_STEP_NEXT;
    return analyse_text(s, query.text);
}

enum pgr_step_result pgr_step_analyse_parse(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_parse parse;
    if (!pgr_msg_parse_parse(pgr_body_of(message), &parse))
        return PGR_STEP_NEXT;
    return analyse_text(s, parse.text);
}

enum pgr_step_result pgr_step_recall_bind(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_bind bind;
    if (s->work.prepared != NULL || !pgr_msg_bind_parse(pgr_body_of(message), &bind))
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

enum pgr_step_result pgr_step_learn(struct pgr_session *s, struct pgr_bytes message)
{
    PGR_UNUSED(message);
    if (s->work.ask == PGR_ASK_SENT)
        return PGR_STEP_WAIT;
    if (s->work.ask == PGR_ASK_ANSWERED) { /* the probe has come back */
        s->work.ask = PGR_ASK_NONE;
        return PGR_STEP_AGAIN;
    }
    if (s->facts.state != PGR_FACTS_UNKNOWN && !pgr_facts_are_current(s))
        pgr_backend_forget(&s->facts);
    if (s->facts.state != PGR_FACTS_UNKNOWN || !s->env->settings->cache_enabled ||
        s->work.stmt == NULL || !wants_facts(s->work.stmt) || s->identity.is_replication ||
        s->txn.status != 'I' || s->replies.count > 0 || s->txn.is_open_implicitly)
        return PGR_STEP_NEXT;
    enum pgr_reason reason;
    struct pgr_catalog *catalog =
        pgr_database_catalog(s->database, pgr_loop_now_us(s->env->loop), &reason);
    if (catalog != NULL && pgr_database_is_changing(s->database)) { /* it would be asked again */
        pgr_catalog_unref(catalog);
        catalog = NULL;
        reason = PGR_REASON_CATALOG_UNAVAILABLE;
    }
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
