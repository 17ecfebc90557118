// SPDX-License-Identifier: PostgreSQL
/*
 * Which statement it is. Queries and what wraps them are walked; of utility statements only the
 * members that the kinds speak of are read, and a node that has no row is DDL.
 */
#include "walk_priv.h"

#include <string.h>

#include "stmt_priv.h"

/* A statement being filled. */
struct top {
    struct pgr_walk *walk;
    struct pgr_stmt *stmt;
};

typedef void pgr_take_fn(struct top *top, const struct pgr_json *node);

static const char *member_text(const struct pgr_json *object, const char *key)
{
    return pgr_json_text(pgr_json_get(object, key));
}

static const char *keep(struct top *top, const char *text)
{
    if (text == NULL)
        return NULL;
    const char *copy = pgr_arena_copy(pgr_stmt_arena(top->stmt), text, strlen(text));
    top->walk->is_short |= copy == NULL;
    return copy;
}

static const char *keep_lower(struct top *top, const char *text)
{
    char *copy = (char *)(uintptr_t)keep(top, text);
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    }
    return copy;
}

static bool is_query(const char *key)
{
    static const char *const keys[] = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt",
                                       "MergeStmt"};
    for (size_t i = 0; key != NULL && i < PGR_ARRAY_LEN(keys); i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

/* ---- queries ---- */

static void take_query(struct top *top, const struct pgr_json *node)
{
    pgr_walk_run(top->walk, node->parent);
}

static void take_select(struct top *top, const struct pgr_json *node)
{
    const struct pgr_json *limit = pgr_json_get(node, "limitCount");
    const struct pgr_json *constant = pgr_json_get(limit, "A_Const");
    top->stmt->has_limit = limit != NULL && pgr_json_get(constant, "isnull") == NULL;
    take_query(top, node);
    if (top->walk->has_into)
        top->stmt->kind = PGR_STMT_DDL;
}

/* Relations of a list, as written. */
static void take_targets(struct top *top, const struct pgr_json *node)
{
    const struct pgr_json *list = pgr_json_get(node, "relations");
    for (const struct pgr_json *at = pgr_json_first(list); at != NULL; at = at->next)
        pgr_walk_relation(top->walk, pgr_json_get(at, "RangeVar"), PGR_REL_WRITE);
}

static void take_refresh(struct top *top, const struct pgr_json *node)
{
    pgr_walk_relation(top->walk, pgr_json_get(node, "relation"), PGR_REL_WRITE);
}

static void take_copy(struct top *top, const struct pgr_json *node)
{
    bool is_in = pgr_json_get(node, "is_from") != NULL;
    top->stmt->kind = is_in ? PGR_STMT_COPY_IN : PGR_STMT_COPY_OUT;
    pgr_walk_relation(top->walk, pgr_json_get(node, "relation"),
                      is_in ? PGR_REL_WRITE : PGR_REL_READ);
    pgr_walk_run(top->walk, pgr_json_get(node, "query"));
    pgr_walk_run(top->walk, pgr_json_get(node, "whereClause"));
}

/* ---- statements about statements ---- */

/* An option that is named counts as on unless it is plainly off. */
static bool is_option_on(const struct pgr_json *options, const char *name)
{
    bool is_on = false;
    for (const struct pgr_json *at = pgr_json_first(options); at != NULL; at = at->next) {
        const struct pgr_json *option = pgr_json_get(at, "DefElem");
        if (!pgr_str_eq(member_text(option, "defname"), name))
            continue;
        const struct pgr_json *value = pgr_json_get(option, "arg");
        const char *word = member_text(pgr_json_get(value, "String"), "sval");
        is_on |= !pgr_str_eq(word, "false") && !pgr_str_eq(word, "off");
    }
    return is_on;
}

/*
 * EXPLAIN of CREATE TABLE AS, of DECLARE and the like is rare and may create: DDL says "anything".
 * EXPLAIN ANALYZE EXECUTE does what EXECUTE does.
 */
static void take_explain(struct top *top, const struct pgr_json *node)
{
    const struct pgr_json *query = pgr_json_get(node, "query");
    const struct pgr_json *inner = pgr_json_only(query);
    bool is_run = is_option_on(pgr_json_get(node, "options"), "analyze");
    top->stmt->kind = is_run ? PGR_STMT_EXPLAIN_ANALYZE : PGR_STMT_EXPLAIN;
    if (inner != NULL && pgr_str_eq(inner->key, "ExecuteStmt")) {
        top->stmt->name = keep(top, member_text(inner, "name"));
        top->stmt->kind = is_run ? PGR_STMT_EXECUTE : PGR_STMT_EXPLAIN;
        pgr_walk_run(top->walk, pgr_json_get(inner, "params"));
        return;
    }
    if (inner == NULL || !is_query(inner->key)) {
        top->stmt->kind = PGR_STMT_DDL;
        return;
    }
    pgr_walk_run(top->walk, query);
    if (is_run && top->walk->has_into)
        top->stmt->kind = PGR_STMT_DDL;
}

static void take_inner(struct top *top, const struct pgr_json *node)
{
    pgr_walk_run(top->walk, pgr_json_get(node, "query"));
}

static void take_execute(struct top *top, const struct pgr_json *node)
{
    pgr_walk_run(top->walk, pgr_json_get(node, "params"));
}

/* ---- transactions ---- */

/* The level that a list of transaction modes ends with, NULL if it names none. */
static const char *isolation_of(struct top *top, const struct pgr_json *modes)
{
    const char *level = NULL;
    for (const struct pgr_json *at = pgr_json_first(modes); at != NULL; at = at->next) {
        const struct pgr_json *mode = pgr_json_get(at, "DefElem");
        const struct pgr_json *value = pgr_json_get(pgr_json_get(mode, "arg"), "A_Const");
        if (pgr_str_eq(member_text(mode, "defname"), "transaction_isolation"))
            level = member_text(pgr_json_get(value, "sval"), "sval");
    }
    return keep_lower(top, level);
}

static void take_transaction(struct top *top, const struct pgr_json *node)
{
    static const struct {
        const char *word;
        enum pgr_stmt_kind kind;
        const char *name;
    } kinds[] = {
        {"TRANS_STMT_BEGIN", PGR_STMT_BEGIN, NULL},
        {"TRANS_STMT_START", PGR_STMT_BEGIN, NULL},
        {"TRANS_STMT_COMMIT", PGR_STMT_COMMIT, NULL},
        {"TRANS_STMT_ROLLBACK", PGR_STMT_ROLLBACK, NULL},
        {"TRANS_STMT_SAVEPOINT", PGR_STMT_SAVEPOINT, "savepoint_name"},
        {"TRANS_STMT_RELEASE", PGR_STMT_RELEASE, "savepoint_name"},
        {"TRANS_STMT_ROLLBACK_TO", PGR_STMT_ROLLBACK_TO, "savepoint_name"},
        {"TRANS_STMT_PREPARE", PGR_STMT_PREPARE_TX, "gid"},
        {"TRANS_STMT_COMMIT_PREPARED", PGR_STMT_FINISH_PREPARED, "gid"},
        {"TRANS_STMT_ROLLBACK_PREPARED", PGR_STMT_FINISH_PREPARED, "gid"},
    };
    const char *word = member_text(node, "kind");
    for (size_t i = 0; i < PGR_ARRAY_LEN(kinds); i++) {
        if (!pgr_str_eq(word, kinds[i].word))
            continue;
        top->stmt->kind = kinds[i].kind;
        if (kinds[i].name != NULL)
            top->stmt->name = keep(top, member_text(node, kinds[i].name));
    }
    top->stmt->is_chain = pgr_json_get(node, "chain") != NULL;
    if (top->stmt->kind == PGR_STMT_BEGIN)
        top->stmt->setting = isolation_of(top, pgr_json_get(node, "options"));
}

/* ---- settings ---- */

/* SET TRANSACTION and SET SESSION CHARACTERISTICS: only the former ends with the transaction. */
static void take_characteristics(struct top *top, const struct pgr_json *node, const char *what)
{
    top->stmt->kind = PGR_STMT_SET_TRANSACTION;
    top->stmt->is_local = strncmp(what, "TRANSACTION", strlen("TRANSACTION")) == 0;
    top->stmt->setting = isolation_of(top, pgr_json_get(node, "args"));
}

static void take_set(struct top *top, const struct pgr_json *node)
{
    const char *kind = member_text(node, "kind");
    const char *name = member_text(node, "name");
    if (pgr_str_eq(kind, "VAR_RESET_ALL")) {
        top->stmt->kind = PGR_STMT_RESET_ALL;
        return;
    }
    if (name == NULL) {
        top->stmt->kind = PGR_STMT_DDL;
        return;
    }
    if (pgr_str_eq(kind, "VAR_SET_MULTI")) {
        take_characteristics(top, node, name);
        return;
    }
    top->stmt->is_local = pgr_json_get(node, "is_local") != NULL;
    top->stmt->setting = keep_lower(top, name);
    bool is_role = pgr_str_eq(top->stmt->setting, "role") ||
                   pgr_str_eq(top->stmt->setting, "session_authorization");
    top->stmt->kind = is_role ? PGR_STMT_SET_ROLE : PGR_STMT_SET;
}

static void take_show(struct top *top, const struct pgr_json *node)
{
    top->stmt->setting = keep_lower(top, member_text(node, "name"));
}

static void take_discard(struct top *top, const struct pgr_json *node)
{
    static const char prefix[] = "DISCARD_";
    const char *target = member_text(node, "target");
    bool has_prefix = target != NULL && strncmp(target, prefix, sizeof prefix - 1) == 0;
    top->stmt->setting = keep(top, has_prefix ? target + sizeof prefix - 1 : "ALL");
}

/* ---- the rest ---- */

static void take_vacuum(struct top *top, const struct pgr_json *node)
{
    if (is_option_on(pgr_json_get(node, "options"), "full"))
        top->stmt->kind = PGR_STMT_DDL;
}

/* The value after `at` in a walk through all of `root`, NULL at its end. */
static const struct pgr_json *value_after(const struct pgr_json *root, const struct pgr_json *at)
{
    const struct pgr_json *first = pgr_json_first(at);
    if (first != NULL)
        return first;
    while (at != root && at->next == NULL)
        at = at->parent;
    return at == root ? NULL : at->next;
}

/* Anything below that speaks of temporary objects: a wrong yes costs one probe. */
static bool mentions_temp(const struct pgr_json *root)
{
    for (const struct pgr_json *at = root; at != NULL; at = value_after(root, at)) {
        const char *text = pgr_json_text(at);
        if (text != NULL && strncmp(text, "pg_temp", strlen("pg_temp")) == 0)
            return true;
        if (pgr_str_eq(at->key, "relpersistence") && pgr_str_eq(text, "t"))
            return true;
    }
    return false;
}

static void take_ddl(struct top *top, const struct pgr_json *node)
{
    top->stmt->creates_temp = mentions_temp(node);
}

// clang-format off
static const struct {
    const char *node;
    enum pgr_stmt_kind kind;
    pgr_take_fn *take;
    const char *name; /* the member that becomes the statement's name */
} statements[] = {
    {"SelectStmt",         PGR_STMT_SELECT,      take_select,      NULL},
    {"InsertStmt",         PGR_STMT_INSERT,      take_query,       NULL},
    {"UpdateStmt",         PGR_STMT_UPDATE,      take_query,       NULL},
    {"DeleteStmt",         PGR_STMT_DELETE,      take_query,       NULL},
    {"MergeStmt",          PGR_STMT_MERGE,       take_query,       NULL},
    {"CopyStmt",           PGR_STMT_COPY_IN,     take_copy,        NULL},
    {"TruncateStmt",       PGR_STMT_TRUNCATE,    take_targets,     NULL},
    {"TransactionStmt",    PGR_STMT_DDL,         take_transaction, NULL},
    {"VariableSetStmt",    PGR_STMT_SET,         take_set,         NULL},
    {"VariableShowStmt",   PGR_STMT_SHOW,        take_show,        NULL},
    {"DiscardStmt",        PGR_STMT_DISCARD,     take_discard,     NULL},
    {"PrepareStmt",        PGR_STMT_PREPARE,     take_inner,       "name"},
    {"ExecuteStmt",        PGR_STMT_EXECUTE,     take_execute,     "name"},
    {"DeallocateStmt",     PGR_STMT_DEALLOCATE,  NULL,             "name"},
    {"DeclareCursorStmt",  PGR_STMT_DECLARE,     take_inner,       "portalname"},
    {"FetchStmt",          PGR_STMT_FETCH,       NULL,             "portalname"},
    {"ClosePortalStmt",    PGR_STMT_CLOSE_CURSOR, NULL,            "portalname"},
    {"ListenStmt",         PGR_STMT_LISTEN,      NULL,             "conditionname"},
    {"UnlistenStmt",       PGR_STMT_UNLISTEN,    NULL,             "conditionname"},
    {"NotifyStmt",         PGR_STMT_NOTIFY,      NULL,             "conditionname"},
    {"LockStmt",           PGR_STMT_LOCK,        take_targets,     NULL},
    {"ExplainStmt",        PGR_STMT_EXPLAIN,     take_explain,     NULL},
    {"RefreshMatViewStmt", PGR_STMT_REFRESH,     take_refresh,     NULL},
    {"VacuumStmt",         PGR_STMT_MAINTENANCE, take_vacuum,      NULL},
    {"ReindexStmt",        PGR_STMT_MAINTENANCE, NULL,             NULL},
    {"IndexStmt",          PGR_STMT_MAINTENANCE, NULL,             NULL},
    {"CommentStmt",        PGR_STMT_MAINTENANCE, NULL,             NULL},
    {"CheckPointStmt",     PGR_STMT_MAINTENANCE, NULL,             NULL},
    {"CallStmt",           PGR_STMT_CALL,        NULL,             NULL},
    {"DoStmt",             PGR_STMT_DO,          NULL,             NULL},
};
// clang-format on

static void take_statement(struct top *top, const struct pgr_json *node)
{
    for (size_t row = 0; row < PGR_ARRAY_LEN(statements); row++) {
        if (strcmp(node->key, statements[row].node) != 0)
            continue;
        top->stmt->kind = statements[row].kind;
        if (statements[row].name != NULL)
            top->stmt->name = keep(top, member_text(node, statements[row].name));
        if (statements[row].take != NULL)
            statements[row].take(top, node);
        return;
    }
    top->stmt->kind = PGR_STMT_DDL;
}

void pgr_walk_statement(struct pgr_walk *walk, const struct pgr_json *node, struct pgr_stmt *stmt)
{
    struct top top = {walk, stmt};
    const struct pgr_json *inner = pgr_json_only(node);
    if (inner == NULL || inner->key == NULL) {
        stmt->kind = PGR_STMT_DDL;
        return;
    }
    take_statement(&top, inner);
    if (stmt->kind == PGR_STMT_DDL)
        take_ddl(&top, inner);
    stmt->creates_temp |= walk->creates_temp;
    stmt->locks_rows = walk->locks_rows;
    stmt->block = walk->block;
    stmt->class = stmt->kind == PGR_STMT_SELECT ? pgr_class_of_select(inner, walk)
                                                : pgr_class_of_kind(stmt->kind);
}
