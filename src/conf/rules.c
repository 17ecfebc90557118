// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/conf/rules.h"

#include <string.h>

#include "pgrecall/conf/settings.h"

/*
 * Only the last `*` is ever taken back: what stood before it has matched at its earliest place, and
 * no later place could help what follows. So the worst case is pattern times text, without
 * recursion.
 */
bool pgr_glob_match(const char *pattern, struct pgr_bytes text)
{
    const char *star = NULL; /* behind the last `*` */
    size_t star_at = 0;      /* where its run of any text ends so far */
    size_t at = 0;
    while (at < text.len) {
        bool is_escape = pattern[0] == '\\' && pattern[1] != '\0';
        uint8_t literal = (uint8_t)pattern[is_escape ? 1 : 0];
        if (*pattern == '*') {
            star = ++pattern;
            star_at = at;
        } else if (*pattern != '\0' && (*pattern == '?' || literal == text.at[at])) {
            pattern += is_escape ? 2 : 1;
            at++;
        } else if (star != NULL) {
            pattern = star;
            at = ++star_at;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool names_table(const char *word, const struct pgr_rule_table *table)
{
    if (strcmp(word, table->name) == 0)
        return true;
    size_t len = strlen(table->schema);
    return strncmp(word, table->schema, len) == 0 && word[len] == '.' &&
           strcmp(word + len + 1, table->name) == 0;
}

static bool lists_table(const struct pgr_rule *rule, const struct pgr_rule_table *table)
{
    for (size_t i = 0; i < rule->table_count; i++) {
        if (names_table(rule->tables[i], table))
            return true;
    }
    return false;
}

/* A read of no relation at all is not a read of the listed ones. */
static bool tables_match(const struct pgr_rule *rule, const struct pgr_rule_facts *facts)
{
    if (rule->table_count == 0)
        return true;
    for (size_t i = 0; i < facts->table_count; i++) {
        if (!lists_table(rule, &facts->tables[i]))
            return false;
    }
    return facts->table_count > 0;
}

static bool word_matches(const char *const *words, size_t count, const char *fact)
{
    for (size_t i = 0; i < count; i++) {
        if (pgr_str_eq(words[i], fact))
            return true;
    }
    return count == 0;
}

static bool glob_matches(const char *const *patterns, size_t count, const char *fact)
{
    struct pgr_bytes text = pgr_bytes_str(fact ? fact : "");
    for (size_t i = 0; i < count; i++) {
        if (pgr_glob_match(patterns[i], text))
            return true;
    }
    return count == 0;
}

static bool matches(const struct pgr_rule *rule, const struct pgr_rule_facts *facts)
{
    return (rule->fingerprint == 0 || rule->fingerprint == facts->fingerprint) &&
           word_matches(rule->classes, rule->class_count, facts->class) &&
           word_matches(rule->databases, rule->database_count, facts->database) &&
           word_matches(rule->users, rule->user_count, facts->user) &&
           glob_matches(rule->applications, rule->application_count, facts->application) &&
           tables_match(rule, facts) &&
           (rule->query == NULL || pgr_glob_match(rule->query, facts->text));
}

const struct pgr_rule *pgr_rules_match(const struct pgr_settings *settings,
                                       const struct pgr_rule_facts *facts)
{
    for (size_t i = 0; i < settings->rule_count; i++) {
        if (matches(&settings->rules[i], facts))
            return &settings->rules[i];
    }
    return NULL;
}
