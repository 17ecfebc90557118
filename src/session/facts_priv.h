// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * facts_priv.h - what one session's backend told us of itself: settings, role, search_path, server.
 *
 * Why      settings come from asking (design 3): one probe on the client's own backend, after login
 *          and after anything that may have changed them. Unknown means bypass (A1, A2, G15, G16).
 * Threads  the session's; the probe's text and the reading of its row are pure.
 * Memory   init/fini; strings live in one copy of the row.
 * Errors   a row that does not fit is REFUSED with a reason: the session then only passes through
 *          until something changes again.
 */
#include "pgrecall/base/buf.h"
#include "pgrecall/base/reasons.h"
#include "pgrecall/cache/context.h"
#include "pgrecall/catalog/snapshot.h"

enum pgr_facts_state {
    PGR_FACTS_UNKNOWN, /* to be probed before the next cacheable read */
    PGR_FACTS_KNOWN,
    PGR_FACTS_REFUSED, /* known, and not fit for the cache: `reason` */
};

#define PGR_EXTRA_SETTINGS_MAX 32

struct pgr_backend_facts {
    enum pgr_facts_state state;
    enum pgr_reason reason;
    bool is_path_known;
    struct pgr_context *context; /* a reference while KNOWN */
    struct pgr_search_path path; /* as current_schemas(true) */
    uint64_t generation;         /* counts the times that settings may have changed */
    uint64_t epoch;              /* of the catalog when asked: a new schema may change the path */
    uint64_t conf_epoch;         /* pgr_database_conf_epoch() when asked */
    /* Dotted settings seen in this session's startup packet or SETs: asked for by name. */
    char *extra[PGR_EXTRA_SETTINGS_MAX];
    size_t extra_count;
    bool has_unseen_extra; /* too many, or a name that cannot be asked for: REFUSED */
    const char **schemas;  /* owned; path points here */
    char *schema_text;
    char *prepared; /* names of its prepared statements, \001 between; NULL: not certain */
};

void pgr_backend_init(struct pgr_backend_facts *facts);
void pgr_backend_fini(struct pgr_backend_facts *facts);
/* Settings may differ from now on; the search_path is still the one known. */
void pgr_backend_forget_settings(struct pgr_backend_facts *facts);
/* Role, search_path or temp objects may differ as well. */
void pgr_backend_forget(struct pgr_backend_facts *facts);
/* A dotted setting that the probe must ask for from now on. */
void pgr_backend_note_setting(struct pgr_backend_facts *facts, const char *name);

#define PGR_PROBE_NAME "_pgrecall_probe"

/* Appends Parse, Bind, Execute, Close, Sync of the probe. */
void pgr_backend_probe(const struct pgr_backend_facts *facts, const struct pgr_catalog *catalog,
                       struct pgr_buf *out);

struct pgr_facts_expect {
    const struct pgr_catalog *catalog; /* the server that the side connection sees */
    uint32_t backend_pid;              /* of BackendKeyData */
    uint64_t conf_epoch;
    struct pgr_contexts *contexts;
};
/* Reads the probe's DataRow. */
void pgr_backend_learn(struct pgr_backend_facts *facts, struct pgr_bytes row,
                       const struct pgr_facts_expect *expect);
/* The probe failed. */
void pgr_backend_refuse(struct pgr_backend_facts *facts, enum pgr_reason reason);
