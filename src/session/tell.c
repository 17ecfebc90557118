// SPDX-License-Identifier: PostgreSQL
/* What happened to each call, for the log: counts, latencies, slow queries. */
#include "pgrecall/base/log.h"
#include "session_priv.h"

static void log_slow(const struct pgr_session *s, const struct pgr_call *call)
{
    uint64_t limit_us = s->env->settings->log_slow_query_us;
    if (limit_us == 0 || call->latency_us < limit_us)
        return;
    static const char *const words[] = {"hit", "miss", "bypass"};
    char normal[512];
    size_t len = call->normal.len < sizeof(normal) - 1 ? call->normal.len : sizeof(normal) - 1;
    if (len)
        memcpy(normal, call->normal.at, len);
    normal[len] = 0;
    pgr_log(PGR_LOG_WARNING, "slow_query", pgr_f_hex("fingerprint", call->fingerprint),
            pgr_f_str("class", call->class), pgr_f_dec("ms", call->latency_us),
            pgr_f_str("outcome", words[call->outcome]),
            pgr_f_str("reason", pgr_reason_name(call->reason)),
            pgr_f_str("database", s->identity.database_name), pgr_f_str("user", s->identity.user),
            pgr_f_str("query", normal));
}

static void tell(struct pgr_session *s, const struct pgr_stmt *stmt, struct pgr_call *call)
{
    call->fingerprint = stmt->fingerprint;
    call->class = pgr_class_name(stmt->class);
    call->normal = stmt->normal;
    pgr_types_record(s->env->types, call);
    log_slow(s, call);
}

void pgr_tell_call(struct pgr_session *s, const struct pgr_call_note *note, uint64_t end_us)
{
    if (note->stmt == NULL)
        return;
    struct pgr_call call = {
        .outcome = note->outcome,
        .reason = note->reason,
        .latency_us = end_us - note->start_us,
        .is_error = note->is_error,
    };
    tell(s, note->stmt, &call);
}

void pgr_tell_hit(struct pgr_session *s, const struct pgr_entry *entry, uint64_t start_us)
{
    const struct pgr_tag *tag = entry->tag;
    struct pgr_call call = {
        .outcome = PGR_OUTCOME_HIT,
        .latency_us = pgr_loop_clock_us(s->env->loop) - start_us,
    };
    tell(s, tag->stmt, &call);
}
