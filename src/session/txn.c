// SPDX-License-Identifier: PostgreSQL
#include "txn_priv.h"

void pgr_txn_add(struct pgr_txn *txn, const struct pgr_effects *effects, uint64_t epoch)
{
    if (txn->writes == NULL)
        txn->epoch = epoch;
    if (effects->flags & (PGR_EFFECT_WRITES_ALL | PGR_EFFECT_DEFINITION))
        txn->writes_all = true;
    if (effects->flags & PGR_EFFECT_DEFINITION)
        txn->writes_definition = true;
    if (effects->writes == NULL)
        return;
    struct pgr_relset *both = pgr_relset_union(txn->writes, effects->writes);
    pgr_relset_unref(txn->writes);
    txn->writes = both;
    if (both->count > PGR_RELSET_MAX)
        txn->writes_all = true;
}

bool pgr_txn_is_outdated(const struct pgr_txn *txn, const struct pgr_database *database)
{
    return txn->writes != NULL && !txn->writes_all && txn->epoch != pgr_database_epoch(database);
}

const struct pgr_relset *pgr_txn_write_set(const struct pgr_txn *txn,
                                           const struct pgr_database *database)
{
    if (txn->writes_all || pgr_txn_is_outdated(txn, database))
        return pgr_relset_ref(pgr_database_all(database));
    return txn->writes ? pgr_relset_ref(txn->writes) : NULL;
}

void pgr_txn_note_locks(struct pgr_txn *txn, unsigned effects)
{
    if (effects & PGR_EFFECT_LOCKS)
        txn->holds_lock = true;
    if (effects & PGR_EFFECT_SESSION_LOCK)
        txn->holds_session_lock = true;
    else if (effects & PGR_EFFECT_UNLOCKS)
        txn->holds_session_lock = false;
}

void pgr_txn_end(struct pgr_txn *txn)
{
    pgr_relset_unref(txn->writes);
    txn->writes = NULL;
    txn->writes_all = false;
    txn->writes_definition = false;
    txn->holds_lock = false;
    txn->has_touched_settings = false;
}
