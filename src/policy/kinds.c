// SPDX-License-Identifier: PostgreSQL
#include "kinds_priv.h"

#include <string.h>

/* Below this the normalised text is surely whole: it is cut at 2000 bytes, within a character. */
#define NORMAL_WHOLE ((size_t)1900)

typedef unsigned pgr_kind_fn(const struct pgr_stmt *stmt);

/* ---- kinds that their text decides ---- */

static unsigned of_setting(const struct pgr_stmt *stmt)
{
    bool is_neutral = stmt->setting != NULL && pgr_setting_is_neutral(stmt->setting);
    return is_neutral ? 0 : PGR_EFFECT_SETTINGS;
}

/* SET TRANSACTION is gone with its transaction; SESSION CHARACTERISTICS are settings. */
static unsigned of_characteristics(const struct pgr_stmt *stmt)
{
    return stmt->is_local ? 0 : PGR_EFFECT_SETTINGS;
}

static unsigned of_discard(const struct pgr_stmt *stmt)
{
    if (pgr_str_eq(stmt->setting, "PLANS") || pgr_str_eq(stmt->setting, "SEQUENCES"))
        return 0;
    if (pgr_str_eq(stmt->setting, "TEMP"))
        return PGR_EFFECT_SETTINGS;
    return PGR_EFFECT_SETTINGS | PGR_EFFECT_STATEMENTS | PGR_EFFECT_UNLOCKS;
}

/*
 * CASCADE goes along every foreign key, whatever its action, and the write closure follows only
 * those that cascade. The word can only be written as this one; a table of that name costs a miss.
 */
static unsigned of_truncate(const struct pgr_stmt *stmt)
{
    static const char word[] = "cascade";
    bool is_whole = stmt->normal.len > 0 && stmt->normal.len <= NORMAL_WHOLE;
    if (is_whole && memmem(stmt->normal.at, stmt->normal.len, word, sizeof word - 1) == NULL)
        return 0;
    return PGR_EFFECT_WRITES_ALL | PGR_EFFECT_SETTINGS;
}

/* ---- several statements ---- */

/*
 * What connection pools send when a connection comes home (asyncpg, Npgsql): taken for a write to
 * everything it would empty the cache each time. Statements of these texts cannot mean anything
 * else: pg_catalog's function would have to be hidden by a user's of the same name and arguments.
 */
static const struct {
    const char *text;
    unsigned flags;
} resets[] = {
    {"close all", 0},
    {"deallocate all", PGR_EFFECT_STATEMENTS},
    {"discard plans", 0},
    {"discard sequences", 0},
    {"discard temp", PGR_EFFECT_SETTINGS},
    {"discard temporary", PGR_EFFECT_SETTINGS},
    {"reset all", PGR_EFFECT_SETTINGS},
    {"reset role", PGR_EFFECT_SETTINGS},
    {"reset session authorization", PGR_EFFECT_SETTINGS},
    {"select ?", 0},
    {"select pg_advisory_unlock_all()", PGR_EFFECT_UNLOCKS},
    {"select pg_catalog.pg_advisory_unlock_all()", PGR_EFFECT_UNLOCKS},
    {"set session authorization default", PGR_EFFECT_SETTINGS},
    {"unlisten *", 0},
};

/* Words that no change of definitions begins with; SELECT … INTO is told by its INTO. */
static const char *const manipulating[] = {"insert ", "update ", "delete ", "merge ",
                                           "values ", "select ", "with "};

static bool is_manipulation(struct pgr_bytes part)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(manipulating); i++) {
        size_t len = strlen(manipulating[i]);
        if (part.len < len || memcmp(part.at, manipulating[i], len) != 0)
            continue;
        bool may_select_into = i >= 5;
        return !may_select_into || memmem(part.at, part.len, "into", 4) == NULL;
    }
    return false;
}

static unsigned of_part(struct pgr_bytes part)
{
    for (size_t i = 0; i < PGR_ARRAY_LEN(resets); i++) {
        if (pgr_bytes_eq(part, pgr_bytes_str(resets[i].text)))
            return resets[i].flags;
    }
    if (is_manipulation(part))
        return PGR_EFFECTS_EVERYTHING & ~(unsigned)PGR_EFFECT_DEFINITION;
    return PGR_EFFECTS_EVERYTHING;
}

/* In a normalised text "; " stands between statements or in a quoted name, and no reset has one. */
static unsigned of_several(const struct pgr_stmt *stmt)
{
    struct pgr_bytes rest = stmt->normal;
    unsigned flags = 0;
    if (rest.len == 0 || rest.len > NORMAL_WHOLE)
        return PGR_EFFECTS_EVERYTHING;
    for (;;) {
        const uint8_t *end = memmem(rest.at, rest.len, "; ", 2);
        size_t len = end ? (size_t)(end - rest.at) : rest.len;
        flags |= of_part(PGR_BYTES(rest.at, len));
        if (end == NULL)
            return flags;
        rest = PGR_BYTES(end + 2, rest.len - len - 2);
    }
}

/* ---- the table ---- */

// clang-format off
#define CALLED   PGR_NAMES_CALLED
#define WRITTEN  (PGR_NAMES_CALLED | PGR_NAMES_WRITTEN)
#define PLANNED  (PGR_NAMES_CALLED | PGR_NAMES_PLANNED)

#define COMMITS  PGR_EFFECT_MAY_COMMIT
#define ALL      PGR_EFFECT_WRITES_ALL
#define DEFINES  (ALL | PGR_EFFECT_DEFINITION | COMMITS)
#define ANYTHING PGR_EFFECTS_EVERYTHING

#define ROW(flags, names, more) {true, (flags), (names), (more)}

static const struct {
    bool is_known;
    unsigned flags;
    unsigned names;
    pgr_kind_fn *more;
} kinds[PGR_STMT_KIND_COUNT] = {
    [PGR_STMT_EMPTY]           = ROW(0,                                    0,       NULL),
    [PGR_STMT_SELECT]          = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_INSERT]          = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_UPDATE]          = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_DELETE]          = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_MERGE]           = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_COPY_OUT]        = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_COPY_IN]         = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_TRUNCATE]        = ROW(PGR_EFFECT_EXCLUSIVE,                 WRITTEN, of_truncate),
    [PGR_STMT_BEGIN]           = ROW(0,                                    0,       NULL),
    [PGR_STMT_COMMIT]          = ROW(COMMITS,                              0,       NULL),
    [PGR_STMT_ROLLBACK]        = ROW(COMMITS,                              0,       NULL),
    [PGR_STMT_SAVEPOINT]       = ROW(0,                                    0,       NULL),
    [PGR_STMT_RELEASE]         = ROW(0,                                    0,       NULL),
    /* Settings of the part that is undone are undone with it. */
    [PGR_STMT_ROLLBACK_TO]     = ROW(PGR_EFFECT_SETTINGS,                  0,       NULL),
    [PGR_STMT_PREPARE_TX]      = ROW(COMMITS,                              0,       NULL),
    [PGR_STMT_FINISH_PREPARED] = ROW(DEFINES,                              0,       NULL),
    [PGR_STMT_SET]             = ROW(0,                                    0,       of_setting),
    [PGR_STMT_SET_TRANSACTION] = ROW(0,                                    0,       of_characteristics),
    [PGR_STMT_SET_ROLE]        = ROW(PGR_EFFECT_SETTINGS,                  0,       NULL),
    [PGR_STMT_RESET_ALL]       = ROW(PGR_EFFECT_SETTINGS,                  0,       NULL),
    [PGR_STMT_DISCARD]         = ROW(0,                                    0,       of_discard),
    [PGR_STMT_SHOW]            = ROW(0,                                    0,       NULL),
    [PGR_STMT_PREPARE]         = ROW(PGR_EFFECT_STATEMENTS,                0,       NULL),
    [PGR_STMT_EXECUTE]         = ROW(ANYTHING,                             0,       NULL),
    [PGR_STMT_DEALLOCATE]      = ROW(PGR_EFFECT_STATEMENTS,                0,       NULL),
    /* What a cursor calls counts when it is declared: one WITH HOLD runs at COMMIT. */
    [PGR_STMT_DECLARE]         = ROW(0,                                    CALLED,  NULL),
    /* Which query it goes on with is not known here: a portal of the protocol has a name as well. */
    [PGR_STMT_FETCH]           = ROW(ALL | PGR_EFFECT_SETTINGS,            0,       NULL),
    [PGR_STMT_CLOSE_CURSOR]    = ROW(0,                                    0,       NULL),
    [PGR_STMT_LISTEN]          = ROW(0,                                    0,       NULL),
    [PGR_STMT_UNLISTEN]        = ROW(0,                                    0,       NULL),
    [PGR_STMT_NOTIFY]          = ROW(0,                                    0,       NULL),
    [PGR_STMT_LOCK]            = ROW(PGR_EFFECT_EXCLUSIVE | PGR_EFFECT_LOCKS, PGR_NAMES_LOCKED, NULL),
    [PGR_STMT_EXPLAIN]         = ROW(0,                                    PLANNED, NULL),
    [PGR_STMT_EXPLAIN_ANALYZE] = ROW(0,                                    WRITTEN, NULL),
    [PGR_STMT_MAINTENANCE]     = ROW(COMMITS,                              0,       NULL),
    /* Its query may call anything; what it writes may be read by no cached answer. */
    [PGR_STMT_REFRESH]         = ROW(ALL | PGR_EFFECT_EXCLUSIVE,           0,       NULL),
    [PGR_STMT_CALL]            = ROW(ANYTHING,                             0,       NULL),
    [PGR_STMT_DO]              = ROW(ANYTHING,                             0,       NULL),
    /* Of these only SELECT INTO has names. */
    [PGR_STMT_DDL]             = ROW(DEFINES | PGR_EFFECT_EXCLUSIVE | PGR_EFFECT_SETTINGS, CALLED, NULL),
    [PGR_STMT_MULTI]           = ROW(0,                                    0,       of_several),
    [PGR_STMT_UNPARSED]        = ROW(ANYTHING,                             0,       NULL),
};
// clang-format on

struct pgr_kind_effects pgr_kind_effects(const struct pgr_stmt *stmt)
{
    if ((unsigned)stmt->kind >= PGR_STMT_KIND_COUNT || !kinds[stmt->kind].is_known)
        return (struct pgr_kind_effects){.flags = PGR_EFFECTS_EVERYTHING};
    struct pgr_kind_effects effects = {kinds[stmt->kind].flags, kinds[stmt->kind].names};
    if (kinds[stmt->kind].more != NULL)
        effects.flags |= kinds[stmt->kind].more(stmt);
    if (stmt->creates_temp)
        effects.flags |= PGR_EFFECT_SETTINGS;
    return effects;
}
