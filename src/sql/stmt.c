// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/sql/stmt.h"

#include "stmt_priv.h"

#include "pgrecall/base/mem.h"

/* Strings and arrays of one statement: a text of 64 KiB cannot name more. */
#define STMT_MAX ((size_t)16 << 20)

struct box {
    struct pgr_arena arena;
    struct pgr_stmt stmt;
};

static struct box *box_of(const struct pgr_stmt *stmt)
{
    return pgr_container_of((struct pgr_stmt *)(uintptr_t)stmt, struct box, stmt);
}

struct pgr_stmt *pgr_stmt_create(void)
{
    struct box *box = pgr_new(struct box);
    pgr_arena_init(&box->arena, STMT_MAX);
    atomic_init(&box->stmt.refs, 1);
    pgr_stmt_refuse(&box->stmt, PGR_REASON_UNPARSED);
    return &box->stmt;
}

struct pgr_arena *pgr_stmt_arena(struct pgr_stmt *stmt)
{
    return &box_of(stmt)->arena;
}

size_t pgr_stmt_bytes(const struct pgr_stmt *stmt)
{
    return sizeof(struct box) + box_of(stmt)->arena.taken;
}

void pgr_stmt_refuse(struct pgr_stmt *stmt, enum pgr_reason reason)
{
    stmt->kind = PGR_STMT_UNPARSED;
    stmt->class = PGR_CLASS_OTHER;
    stmt->block = reason;
    stmt->relation_count = 0;
    stmt->function_count = 0;
    stmt->type_count = 0;
    stmt->operator_count = 0;
    stmt->column_count = 0;
    stmt->setting = NULL;
    stmt->name = NULL;
    stmt->is_local = false;
    stmt->is_chain = false;
    stmt->creates_temp = false;
    stmt->locks_rows = false;
    stmt->has_limit = false;
}

struct pgr_stmt *pgr_stmt_ref(const struct pgr_stmt *stmt)
{
    struct pgr_stmt *own = &box_of(stmt)->stmt;
    atomic_fetch_add_explicit(&own->refs, 1, memory_order_relaxed);
    return own;
}

void pgr_stmt_unref(const struct pgr_stmt *stmt)
{
    if (stmt == NULL)
        return;
    struct box *box = box_of(stmt);
    if (atomic_fetch_sub_explicit(&box->stmt.refs, 1, memory_order_acq_rel) != 1)
        return;
    pgr_arena_fini(&box->arena);
    pgr_free(box);
}

const char *pgr_stmt_kind_name(enum pgr_stmt_kind kind)
{
    static const char *const names[PGR_STMT_KIND_COUNT] = {
#define X(name, word) [PGR_STMT_##name] = word,
#include "pgrecall/sql/stmt_kinds.def"
#undef X
    };
    PGR_ASSERT((unsigned)kind < PGR_STMT_KIND_COUNT);
    return names[kind];
}
