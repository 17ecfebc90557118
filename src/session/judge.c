// SPDX-License-Identifier: PostgreSQL
/* The steps of a read: may its answer be remembered, and what must be true for it. */
#include "work_priv.h"

void pgr_work_bypass(struct pgr_work *work, enum pgr_reason reason)
{
    work->outcome = PGR_OUTCOME_BYPASS;
    work->reason = reason;
}

/* ---- the verdict on a read ---- */

static enum pgr_reason session_obstacle(const struct pgr_session *s)
{
    if (s->txn.holds_session_lock)
        return PGR_REASON_HOLDS_LOCK;
    if (s->facts.state != PGR_FACTS_KNOWN)
        return s->facts.reason;
    return pgr_facts_are_current(s) ? PGR_REASON_NONE : PGR_REASON_SETTINGS_UNKNOWN;
}

/* Why this read may not be remembered, as far as the session is concerned. */
static enum pgr_reason store_obstacle(const struct pgr_session *s)
{
    enum pgr_reason reason = pgr_hold_obstacle(s);
    if (reason == PGR_REASON_PARTIAL_UNIT && s->txn.is_unit_clean)
        return session_obstacle(s);
    /* Parse and its kin of this very unit are what is outstanding. */
    if (reason == PGR_REASON_BEHIND_UPSTREAM && s->txn.is_open_implicitly && s->txn.is_unit_clean)
        return session_obstacle(s);
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
        pgr_work_bypass(&s->work, reason);
    else
        s->work.outcome = PGR_OUTCOME_MISS;
}

enum pgr_step_result pgr_step_decide_query(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_query query;
    if (!pgr_msg_query_parse(pgr_body_of(message), &query))
        pgr_work_bypass(&s->work, PGR_REASON_UNPARSED);
    else
        decide(s, query.text, PGR_BYTES("", 0));
    return PGR_STEP_NEXT;
}

/* Parsed before the settings were asked for, and nothing has changed them since: then these are
 * what it was parsed under. */
static void date_back(const struct pgr_session *s, struct pgr_prepared *prepared)
{
    if (prepared->context_id == 0 && s->facts.state == PGR_FACTS_KNOWN &&
        prepared->generation == s->facts.generation && prepared->conf_epoch == s->facts.conf_epoch)
        prepared->context_id = pgr_context_id(s->facts.context);
}

enum pgr_step_result pgr_step_decide_bind(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_msg_bind bind;
    if (!pgr_msg_bind_parse(pgr_body_of(message), &bind) || s->work.prepared == NULL)
        pgr_work_bypass(&s->work, PGR_REASON_STATEMENT_UNKNOWN);
    else if (bind.portal.len > 0)
        pgr_work_bypass(&s->work, PGR_REASON_PARTIAL_UNIT);
    else {
        date_back(s, s->work.prepared);
        decide(s, s->work.prepared->text, bind.params);
    }
    /* Literals were folded when it was parsed (A3): only under the same settings is it the same. */
    if (s->work.outcome == PGR_OUTCOME_MISS &&
        s->work.prepared->context_id != pgr_context_id(s->facts.context))
        pgr_work_bypass(&s->work, PGR_REASON_STATEMENT_UNKNOWN);
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
        return pgr_msg_query_parse(pgr_body_of(message), &query) &&
               pgr_key_of_query(s, query.text, key);
    return pgr_msg_bind_parse(pgr_body_of(message), &bind) &&
           pgr_key_of_bind(s, s->work.prepared, &bind, key);
}

static void start_capture(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_work *work = &s->work;
    struct pgr_key key;
    if (!work->take.is_granted)
        pgr_work_bypass(work, PGR_REASON_WRITE_IN_FLIGHT);
    else if (!key_of(s, message, &key))
        pgr_work_bypass(work, PGR_REASON_TOO_LONG);
    else
        work->capture =
            pgr_capture_create(&key, s->facts.context, &work->take.token, work->tag,
                               pgr_loop_clock_us(s->env->loop), s->env->settings->cache_max_entry);
    if (work->capture != NULL && work->prepared != NULL)
        work->capture->mark = pgr_hot_mark(s, work->prepared);
    pgr_token_fini(&work->take.token);
}

enum pgr_step_result pgr_step_take(struct pgr_session *s, struct pgr_bytes message)
{
    struct pgr_work *work = &s->work;
    struct pgr_authority *authority = s->env->funnel.authority;
    if (work->outcome != PGR_OUTCOME_MISS)
        return PGR_STEP_NEXT;
    if (work->ask == PGR_ASK_SENT)
        return PGR_STEP_WAIT;
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
