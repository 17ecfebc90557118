// SPDX-License-Identifier: PostgreSQL
#include <string.h>

#include "load_priv.h"
#include "pgrecall/base/mem.h"

/* The classes of sql/stmt.h, which this room may not include; a test compares the two. */
#define CLASS_WORDS                                                                                \
    "point lookup|feature retrieval|vector search|document lookup|aggregate|batch load|write|"     \
    "transaction|utility|other"

static struct pgr_rule *current(struct pgr_loader *loader)
{
    return &loader->snapshot->rules[loader->snapshot->rule_count - 1];
}

static const struct pgr_rule *find_rule(const struct pgr_snapshot *snapshot, const char *name,
                                        size_t *index)
{
    for (size_t i = 0; i < snapshot->rule_count; i++) {
        if (strcmp(snapshot->rules[i].name, name) == 0) {
            *index = i;
            return &snapshot->rules[i];
        }
    }
    return NULL;
}

void pgr_loader_begin_rule(struct pgr_loader *loader, struct pgr_origin origin, const char *name)
{
    struct pgr_snapshot *snapshot = loader->snapshot;
    size_t first = 0;
    if (*name == '\0')
        pgr_loader_fault(loader, origin, "a rule needs a name: [rule NAME]");
    else if (find_rule(snapshot, name, &first) != NULL)
        pgr_loader_fault(loader, origin, "[rule %s] is written twice; the first is on line %u",
                         pgr_shown(name).text, loader->rule_lines[first]);
    struct pgr_rule *rule = pgr_snapshot_add_rule(snapshot);
    rule->name = pgr_snapshot_keep(snapshot, pgr_bytes_str(name));
    loader->rule_lines =
        pgr_realloc_array(loader->rule_lines, snapshot->rule_count, sizeof(unsigned));
    loader->rule_lines[snapshot->rule_count - 1] = origin.line;
    memset(loader->rule_key_lines, 0, sizeof(loader->rule_key_lines));
}

static bool split(struct pgr_loader *loader, const char *text, const char **words, size_t *count,
                  struct pgr_why *why)
{
    return pgr_loader_split(loader, text, (struct pgr_word_list){words, PGR_RULE_WORDS, count},
                            why);
}

static bool read_classes(struct pgr_loader *loader, const char *text, struct pgr_rule *rule,
                         struct pgr_why *why)
{
    if (!split(loader, text, rule->classes, &rule->class_count, why))
        return false;
    for (size_t i = 0; i < rule->class_count; i++) {
        uint32_t which = 0;
        char word[PGR_NAME_MAX];
        const char *words = CLASS_WORDS;
        if (!pgr_value_word(rule->classes[i], words, &which, why))
            return false;
        for (uint32_t k = 0; k <= which; k++)
            (void)pgr_words_next(&words, word, sizeof(word));
        rule->classes[i] = pgr_snapshot_keep(loader->snapshot, pgr_bytes_str(word));
    }
    return true;
}

static bool read_query(struct pgr_loader *loader, const char *text, struct pgr_rule *rule,
                       struct pgr_why *why)
{
    if (*text == '\0') {
        pgr_why_set(why, "is empty");
        return false;
    }
    rule->query = pgr_snapshot_keep(loader->snapshot, pgr_bytes_str(text));
    return true;
}

static bool read_cache(const char *text, struct pgr_rule *rule, struct pgr_why *why)
{
    uint32_t which = 0;
    if (!pgr_value_word(text, "on|off|force", &which, why))
        return false;
    rule->cache = (enum pgr_rule_cache)which;
    return true;
}

/* The bounds of a rule's times are those of the setting they stand in for. */
static bool read_time(int row, const char *text, uint64_t *out, bool *has, struct pgr_why *why)
{
    struct pgr_settings scratch = {0};
    const struct pgr_row *like = &pgr_rows[row];
    if (!pgr_row_read(like, text, &scratch, why))
        return false;
    *out = *(const uint64_t *)(const void *)((const char *)&scratch + like->offset);
    *has = true;
    return true;
}

static bool read_key(struct pgr_loader *loader, enum pgr_rule_key key, const char *text,
                     struct pgr_why *why)
{
    struct pgr_rule *r = current(loader);
    switch (key) {
    case PGR_RULE_KEY_tables:
        return split(loader, text, r->tables, &r->table_count, why);
    case PGR_RULE_KEY_class:
        return read_classes(loader, text, r, why);
    case PGR_RULE_KEY_fingerprint:
        return pgr_value_fingerprint(text, &r->fingerprint, why);
    case PGR_RULE_KEY_query:
        return read_query(loader, text, r, why);
    case PGR_RULE_KEY_database:
        return split(loader, text, r->databases, &r->database_count, why);
    case PGR_RULE_KEY_user:
        return split(loader, text, r->users, &r->user_count, why);
    case PGR_RULE_KEY_application:
        return split(loader, text, r->applications, &r->application_count, why);
    case PGR_RULE_KEY_cache:
        return read_cache(text, r, why);
    case PGR_RULE_KEY_local_ttl:
        return read_time(PGR_ROW_cache_local_ttl, text, &r->local_ttl_us, &r->has_local_ttl, why);
    case PGR_RULE_KEY_max_staleness:
        return read_time(PGR_ROW_cache_max_staleness, text, &r->max_staleness_us,
                         &r->has_max_staleness, why);
    case PGR_RULE_KEY_COUNT:
        break;
    }
    return false;
}

static enum pgr_rule_key find_key(const char *key)
{
    size_t i = 0;
    while (i < PGR_RULE_KEY_COUNT && strcmp(pgr_rule_key_rows[i].key, key) != 0)
        i++;
    return (enum pgr_rule_key)i;
}

static void refuse_key(struct pgr_loader *loader, struct pgr_origin origin, const char *key)
{
    const char *name = current(loader)->name;
    struct pgr_why hint;
    if (pgr_row_is_later("rule", key)) {
        pgr_loader_fault(loader, origin, "rule %s: %s is not in this version", pgr_shown(name).text,
                         key);
        return;
    }
    pgr_rule_key_suggest(key, &hint);
    pgr_loader_fault(loader, origin, "rule %s: %s is not a key of a rule; %s", pgr_shown(name).text,
                     pgr_shown(key).text, hint.text);
}

void pgr_loader_set_rule(struct pgr_loader *loader, struct pgr_origin origin, const char *key,
                         const char *text)
{
    enum pgr_rule_key which = find_key(key);
    if (which == PGR_RULE_KEY_COUNT) {
        refuse_key(loader, origin, key);
        return;
    }
    struct pgr_shown name = pgr_shown(current(loader)->name);
    unsigned *first = &loader->rule_key_lines[which];
    struct pgr_why why;
    if (*first != 0)
        pgr_loader_fault(loader, origin, "rule %s: %s is written twice; the first is on line %u",
                         name.text, key, *first);
    else
        *first = origin.line;
    if (!read_key(loader, which, text, &why))
        pgr_loader_fault(loader, origin, "rule %s: %s = %s: %s", name.text, key,
                         pgr_shown(text).text, why.text);
}
