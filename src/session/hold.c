// SPDX-License-Identifier: PostgreSQL
/*
 * Units that may be answered here. Messages are held only while they are the prefix of
 *
 *     Query        or        [Parse ""] Bind "" [Describe portal ""] Execute "" 0  Sync
 *
 * whose key is in the cache; the first message that breaks this sends all that is held (design 4).
 * The hit is validated at the instant its bytes enter the reply stream: once at Bind, to know
 * whether holding is worth it, and again at Sync.
 */
#include "session_priv.h"

#include "pgrecall/base/mem.h"
#include "pgrecall/sql/lex.h"
#include "pgrecall/wire/encode.h"

/* Replies up to this size are copied into the output: cheaper than one more segment. */
#define COPY_MAX 4096

/* A reload of the server's settings, a new schema, a renamed role: what was asked is outdated. */
bool pgr_facts_are_current(const struct pgr_session *s)
{
    return s->facts.conf_epoch == pgr_database_conf_epoch(s->database) &&
           s->facts.epoch == pgr_database_epoch(s->database);
}

enum pgr_reason pgr_hold_obstacle(const struct pgr_session *s)
{
    if (!s->env->settings->cache_enabled)
        return PGR_REASON_CACHE_OFF;
    if (s->identity.is_replication)
        return PGR_REASON_REPLICATION;
    if (s->txn.status == 'E')
        return PGR_REASON_IN_FAILED_TRANSACTION;
    if (s->txn.status != 'I')
        return PGR_REASON_IN_TRANSACTION;
    if (s->replies.visible > 0)
        return PGR_REASON_BEHIND_UPSTREAM;
    if (s->txn.is_open_implicitly)
        return PGR_REASON_PARTIAL_UNIT;
    if (s->txn.holds_session_lock)
        return PGR_REASON_HOLDS_LOCK;
    if (s->facts.state != PGR_FACTS_KNOWN)
        return s->facts.reason;
    if (!pgr_facts_are_current(s))
        return PGR_REASON_SETTINGS_UNKNOWN;
    return PGR_REASON_NONE;
}

static bool build_key(struct pgr_session *s, const struct pgr_key_parts *parts, struct pgr_key *key)
{
    return pgr_key_build(&s->unit.key, parts, s->env->funnel.authority->key_seed, key);
}

bool pgr_key_of_query(struct pgr_session *s, struct pgr_bytes text, struct pgr_key *key)
{
    struct pgr_key_parts parts = {
        .context_id = pgr_context_id(s->facts.context),
        .protocol = 'Q',
        .text = pgr_lex_strip(text),
    };
    return build_key(s, &parts, key);
}

bool pgr_key_of_bind(struct pgr_session *s, const struct pgr_prepared *prepared,
                     const struct pgr_msg_bind *bind, struct pgr_key *key)
{
    struct pgr_key_parts parts = {
        .context_id = pgr_context_id(s->facts.context),
        .protocol = 'X',
        .text = pgr_lex_strip(prepared->text),
        .oids = prepared->oids,
        .formats = bind->formats,
        .params = bind->params,
        .results = bind->results,
    };
    return build_key(s, &parts, key);
}

struct pgr_prepared *pgr_statement_of(const struct pgr_session *s, struct pgr_bytes name)
{
    return pgr_names_get(s->statements, name);
}

uint64_t pgr_hot_mark(const struct pgr_session *s, const struct pgr_prepared *prepared)
{
    uint64_t mark = pgr_hash64(prepared->text) ^ pgr_hash64(prepared->oids) * 3;
    mark ^= pgr_context_id(s->facts.context) * 0x9e3779b97f4a7c15u;
    mark ^= pgr_database_epoch(s->database) * 0xc2b2ae3d27d4eb4fu;
    return mark | 1;
}

/* ---- looking up ---- */

static void on_got(struct pgr_get *get)
{
    struct pgr_work *work = pgr_container_of(get, struct pgr_work, get);
    work->ask = PGR_ASK_ANSWERED;
    pgr_session_wake(pgr_container_of(work, struct pgr_session, work));
}

/* The entry for `key` if it is valid and young enough now. WAIT: ask again when woken. */
static enum pgr_hold look_up(struct pgr_session *s, const struct pgr_key *key,
                             struct pgr_bytes text, struct pgr_entry **out)
{
    struct pgr_authority *authority = s->env->funnel.authority;
    struct pgr_work *work = &s->work;
    *out = NULL;
    if (work->ask == PGR_ASK_SENT)
        return PGR_HOLD_WAIT;
    if (work->ask == PGR_ASK_NONE) {
        work->get = (struct pgr_get){.done = on_got, .key = *key};
        if (authority->ops->get(authority, &work->get) == PGR_ANSWER_LATER) {
            work->ask = PGR_ASK_SENT;
            work->is_waiting = true;
            s->asks++;
            return PGR_HOLD_WAIT;
        }
    }
    work->ask = PGR_ASK_NONE;
    if (work->get.result != PGR_LOOKUP_HIT)
        return PGR_HOLD_SEND;
    struct pgr_entry *entry = work->get.entry;
    work->get.entry = NULL;
    uint64_t max_age_us = 0;
    uint64_t now_us = pgr_loop_now_us(s->env->loop);
    enum pgr_reason reason =
        pgr_tag_govern(entry->tag, text, s->env->settings, s->identity.database_name,
                       s->identity.user, s->identity.application, &max_age_us);
    if (reason != PGR_REASON_NONE || now_us >= entry->birth_us + max_age_us) {
        pgr_entry_unref(entry);
        return PGR_HOLD_SEND;
    }
    *out = entry;
    return PGR_HOLD_KEEP;
}

/* ---- answering ---- */

static void write_reply(struct pgr_session *s, const struct pgr_entry *entry, size_t offset)
{
    size_t len = entry->reply->len - offset;
    if (len <= COPY_MAX)
        pgr_stream_write(s->client.stream, PGR_BYTES(entry->reply->data + offset, len));
    else
        pgr_stream_write_blob(s->client.stream, entry->reply, offset, len);
}

static void write_ready(struct pgr_session *s)
{
    pgr_buf_reset(&s->scratch);
    pgr_encode_ready(&s->scratch, 'I');
    pgr_stream_write(s->client.stream, pgr_buf_bytes(&s->scratch));
}

/* PostgreSQL would have dropped its unnamed statement at this simple Query (A3). */
static void drop_unnamed(struct pgr_session *s)
{
    s->unnamed = PGR_UNNAMED_DROPPED; /* there may be one that we do not know */
    pgr_names_put(s->statements, PGR_BYTES("", 0), NULL);
}

static enum pgr_hold consider_query(struct pgr_session *s, const struct pgr_frame *frame,
                                    struct pgr_bytes body)
{
    struct pgr_msg_query query;
    struct pgr_key key;
    struct pgr_entry *entry;
    uint64_t start_us = pgr_loop_clock_us(s->env->loop);
    if (s->client.held > 0 || pgr_hold_obstacle(s) != PGR_REASON_NONE ||
        !pgr_msg_query_parse(body, &query) || !pgr_key_of_query(s, query.text, &key))
        return PGR_HOLD_SEND;
    enum pgr_hold found = look_up(s, &key, query.text, &entry);
    if (found != PGR_HOLD_KEEP)
        return found;
    write_reply(s, entry, 0);
    write_ready(s);
    drop_unnamed(s);
    pgr_tell_hit(s, entry, start_us);
    pgr_entry_unref(entry);
    pgr_stream_consume(s->client.stream, pgr_frame_size(frame));
    return PGR_HOLD_ANSWERED;
}

static void forget_unit(struct pgr_session *s)
{
    pgr_prepared_unref(s->unit.parsed);
    pgr_prepared_unref(s->unit.bound);
    pgr_entry_unref(s->unit.entry);
    s->unit.parsed = NULL;
    s->unit.bound = NULL;
    s->unit.entry = NULL;
    s->unit.held = 0;
    s->client.held = 0;
}

void pgr_hold_release(struct pgr_session *s)
{
    forget_unit(s);
    s->unit.must_send = true;
}

/* A Parse is held if PostgreSQL accepted its text lately under the same settings: it cannot fail. */
static enum pgr_hold consider_parse(struct pgr_session *s, const struct pgr_frame *frame,
                                    struct pgr_bytes body)
{
    struct pgr_msg_parse parse;
    if (s->unit.held != 0 || pgr_hold_obstacle(s) != PGR_REASON_NONE ||
        !pgr_msg_parse_parse(body, &parse) || parse.name.len > 0)
        return PGR_HOLD_SEND;
    const struct pgr_stmt *stmt = pgr_memo_get(s->env->memo, parse.text);
    if (stmt == NULL || stmt->kind != PGR_STMT_SELECT)
        return PGR_HOLD_SEND;
    struct pgr_bytes message = PGR_BYTES(body.at - PGR_FRAME_HEAD, pgr_frame_size(frame));
    struct pgr_prepared *prepared = pgr_prepared_create(message, stmt);
    if (prepared == NULL)
        return PGR_HOLD_SEND;
    uint64_t mark = pgr_hot_mark(s, prepared);
    if (s->env->hot[mark % PGR_HOT_SLOTS] != mark) {
        pgr_prepared_unref(prepared);
        return PGR_HOLD_SEND;
    }
    prepared->context_id = pgr_context_id(s->facts.context);
    prepared->epoch = pgr_database_epoch(s->database);
    s->unit.parsed = prepared;
    s->unit.held |= PGR_UNIT_PARSE;
    s->unit.start_us = pgr_loop_clock_us(s->env->loop);
    return PGR_HOLD_KEEP;
}

/* What PostgreSQL parsed under other settings or definitions may mean something else (A3). */
static bool is_current(const struct pgr_session *s, const struct pgr_prepared *prepared)
{
    return prepared->context_id == pgr_context_id(s->facts.context) &&
           prepared->epoch == pgr_database_epoch(s->database);
}

static struct pgr_prepared *statement_for_bind(const struct pgr_session *s,
                                               const struct pgr_msg_bind *bind)
{
    if (s->has_doubtful_names && bind->statement.len > 0)
        return NULL;
    if (s->unit.parsed != NULL)
        return bind->statement.len == 0 ? s->unit.parsed : NULL;
    struct pgr_prepared *prepared = pgr_statement_of(s, bind->statement);
    return prepared != NULL && prepared->is_confirmed && is_current(s, prepared) ? prepared : NULL;
}

static enum pgr_hold consider_bind(struct pgr_session *s, struct pgr_bytes body)
{
    struct pgr_msg_bind bind;
    struct pgr_key key;
    if ((s->unit.held & ~(unsigned)PGR_UNIT_PARSE) != 0 ||
        pgr_hold_obstacle(s) != PGR_REASON_NONE || !pgr_msg_bind_parse(body, &bind) ||
        bind.portal.len > 0)
        return PGR_HOLD_SEND;
    struct pgr_prepared *prepared = statement_for_bind(s, &bind);
    if (prepared == NULL || !pgr_key_of_bind(s, prepared, &bind, &key))
        return PGR_HOLD_SEND;
    enum pgr_hold found = look_up(s, &key, prepared->text, &s->unit.entry);
    if (found != PGR_HOLD_KEEP)
        return found;
    if (s->unit.held == 0)
        s->unit.start_us = pgr_loop_clock_us(s->env->loop);
    s->unit.bound = pgr_prepared_ref(prepared);
    s->unit.hash = key.hash;
    s->unit.context_id = pgr_context_id(s->facts.context);
    s->unit.held |= PGR_UNIT_BIND;
    return PGR_HOLD_KEEP;
}

static enum pgr_hold consider_describe(struct pgr_session *s, struct pgr_bytes body)
{
    struct pgr_msg_target target;
    if ((s->unit.held & ~(unsigned)PGR_UNIT_PARSE) != PGR_UNIT_BIND ||
        !pgr_msg_target_parse(body, &target) || target.kind != 'P' || target.name.len > 0 ||
        s->unit.entry->description_len == 0)
        return PGR_HOLD_SEND;
    s->unit.held |= PGR_UNIT_DESCRIBE;
    return PGR_HOLD_KEEP;
}

static enum pgr_hold consider_execute(struct pgr_session *s, struct pgr_bytes body)
{
    struct pgr_msg_execute execute;
    if (!(s->unit.held & PGR_UNIT_BIND) || (s->unit.held & PGR_UNIT_EXECUTE) ||
        !pgr_msg_execute_parse(body, &execute) || execute.portal.len > 0 || execute.max_rows != 0)
        return PGR_HOLD_SEND;
    s->unit.held |= PGR_UNIT_EXECUTE;
    return PGR_HOLD_KEEP;
}

static void answer_unit(struct pgr_session *s, const struct pgr_entry *entry)
{
    pgr_buf_reset(&s->scratch);
    if (s->unit.held & PGR_UNIT_PARSE)
        pgr_encode_parse_complete(&s->scratch);
    pgr_encode_bind_complete(&s->scratch);
    pgr_stream_write(s->client.stream, pgr_buf_bytes(&s->scratch));
    write_reply(s, entry, s->unit.held & PGR_UNIT_DESCRIBE ? 0 : entry->description_len);
    write_ready(s);
    if (s->unit.parsed != NULL) {
        s->unit.parsed->is_confirmed = true;
        pgr_names_put(s->statements, PGR_BYTES("", 0), s->unit.parsed);
        s->unnamed = PGR_UNNAMED_UNSENT;
    }
}

static enum pgr_hold consider_sync(struct pgr_session *s, const struct pgr_frame *frame)
{
    struct pgr_entry *entry;
    if (!(s->unit.held & PGR_UNIT_EXECUTE) || pgr_hold_obstacle(s) != PGR_REASON_NONE ||
        pgr_context_id(s->facts.context) != s->unit.context_id)
        return PGR_HOLD_SEND;
    struct pgr_key key = {pgr_buf_bytes(&s->unit.key), s->unit.hash};
    enum pgr_hold found = look_up(s, &key, s->unit.bound->text, &entry);
    if (found != PGR_HOLD_KEEP)
        return found;
    if ((s->unit.held & PGR_UNIT_DESCRIBE) && entry->description_len == 0) {
        pgr_entry_unref(entry);
        return PGR_HOLD_SEND;
    }
    answer_unit(s, entry);
    pgr_tell_hit(s, entry, s->unit.start_us);
    pgr_entry_unref(entry);
    pgr_stream_consume(s->client.stream, s->client.held + pgr_frame_size(frame));
    forget_unit(s);
    return PGR_HOLD_ANSWERED;
}

static enum pgr_hold consider(struct pgr_session *s, const struct pgr_frame *frame,
                              struct pgr_bytes body)
{
    switch (frame->type) {
    case PGR_FE_QUERY:
        return consider_query(s, frame, body);
    case PGR_FE_PARSE:
        return consider_parse(s, frame, body);
    case PGR_FE_BIND:
        return consider_bind(s, body);
    case PGR_FE_DESCRIBE:
        return consider_describe(s, body);
    case PGR_FE_EXECUTE:
        return consider_execute(s, body);
    case PGR_FE_SYNC:
        return consider_sync(s, frame);
    default:
        return PGR_HOLD_SEND;
    }
}

enum pgr_hold pgr_hold_consider(struct pgr_session *s, const struct pgr_frame *frame,
                                struct pgr_bytes body)
{
    enum pgr_hold hold = consider(s, frame, body);
    /* An answer that came too late to be of use is no answer to the next question. */
    if (s->work.ask == PGR_ASK_ANSWERED) {
        s->work.ask = PGR_ASK_NONE;
        pgr_entry_unref(s->work.get.entry);
        s->work.get.entry = NULL;
    }
    return hold;
}
