// SPDX-License-Identifier: PostgreSQL
/* Reads, each judged by the floors loaded before it was sent. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>

/* `$1` is a parameter too, so that all texts take the same values: versions start at 1. */
static const char *const row_texts[PGR_STORE_COUNT] = {
    [PGR_STORE_A] = "SELECT version FROM h_a WHERE id = $2 AND $1 > 0",
    [PGR_STORE_B] = "SELECT version FROM h_b WHERE id = $2 AND $1 > 0",
    [PGR_STORE_FAMILY] = "SELECT code FROM h_child WHERE id = $2 AND $1 > 0",
    [PGR_STORE_AUDIT] = "SELECT version FROM h_copy WHERE id = $2 AND $1 > 0",
    [PGR_STORE_PARTS] = "SELECT version FROM h_parts WHERE id = $2 AND $1 > 0",
    [PGR_STORE_COUNTER] = "SELECT version FROM h_counter WHERE id = $2 AND $1 > 0",
};
/* Another way to the same rows, where there is one. */
static const char *const other_texts[PGR_STORE_COUNT] = {
    [PGR_STORE_A] = "SELECT version FROM h_same WHERE id = $2 AND $1 > 0",
    [PGR_STORE_FAMILY] = "SELECT version FROM h_parent WHERE id = $2 AND $1 > 0",
    [PGR_STORE_AUDIT] = "SELECT version FROM h_audited WHERE id = $2 AND $1 > 0",
};
static const char *const both_text = "SELECT a, b FROM h_both WHERE id = $2 AND $1 > 0";
static const char *const leaf_texts[2] = {
    "SELECT version FROM h_parts_0 WHERE id = $2 AND $1 > 0",
    "SELECT version FROM h_parts_1 WHERE id = $2 AND $1 > 0",
};

/* Numbers of prepared statements. */
enum {
    SLOT_ROW = 0,
    SLOT_OTHER = 8,
    SLOT_BOTH = 16,
    SLOT_LEAF = 17
};

const char *pgr_read_text(enum pgr_store store)
{
    return row_texts[store];
}

void pgr_client_violation(struct pgr_client *client, const struct pgr_key *key, uint32_t floor,
                          const char *seen, const char *what)
{
    struct pgr_run *run = client->run;
    if (atomic_fetch_add(&run->violations, 1) < 10)
        (void)fprintf(stderr, "violation: %s: store %d row %d: seen %s, floor %u, top %u%s\n", what,
                      (int)pgr_key_store(key), pgr_key_id(key), seen, floor, pgr_key_top(key),
                      client->is_direct ? " (without the proxy)" : "");
    if (run->stops_at_violation)
        atomic_store(&run->is_over, true);
}

static void judge_value(struct pgr_client *client, struct pgr_key *key, uint32_t floor,
                        uint32_t version)
{
    char seen[16];
    const char *wrong = pgr_key_judge_present(key, floor, version);
    (void)snprintf(seen, sizeof(seen), "%u", version);
    if (wrong != NULL)
        pgr_client_violation(client, key, floor, seen, wrong);
}

void pgr_read_judge(struct pgr_client *client, struct pgr_key *key, uint32_t floor,
                    const PGresult *result)
{
    const char *wrong = NULL;
    if (PQntuples(result) > 0)
        judge_value(client, key, floor, pgr_result_number(result, 0, 0));
    else
        wrong = pgr_key_judge_absent(key, floor);
    if (wrong != NULL)
        pgr_client_violation(client, key, floor, "nothing", wrong);
}

/* Rows near 0 are read most. */
static struct pgr_key *choose_key(struct pgr_client *client)
{
    unsigned first = pgr_client_random(client, PGR_IDS);
    unsigned second = pgr_client_random(client, PGR_IDS);
    return pgr_model_key((enum pgr_store)pgr_client_random(client, PGR_STORE_COUNT),
                         (int)(first < second ? first : second));
}

static enum pgr_style choose_style(struct pgr_client *client)
{
    return (enum pgr_style)pgr_client_random(client, PGR_STYLE_COUNT);
}

static void count_read(struct pgr_client *client, bool is_clean, unsigned stores)
{
    if (client->is_direct)
        return;
    atomic_fetch_add(&client->run->reads, 1);
    if (is_clean && !pgr_dirty_is(stores))
        atomic_fetch_add(&client->run->clean_reads, 1);
}

static void read_by(struct pgr_client *client, struct pgr_key *key, const char *text, unsigned slot)
{
    struct pgr_call call = {text, 1, pgr_key_id(key)};
    unsigned stores = 1u << pgr_key_store(key);
    bool is_clean = !pgr_dirty_is(stores);
    uint32_t floor = pgr_key_floor(key);
    PGresult *result = pgr_client_expect(
        client, pgr_client_call(client, &call, choose_style(client), slot), PGRES_TUPLES_OK, text);
    pgr_read_judge(client, key, floor, result);
    PQclear(result);
    count_read(client, is_clean, stores);
}

static void read_row(struct pgr_client *client)
{
    struct pgr_key *key = choose_key(client);
    enum pgr_store store = pgr_key_store(key);
    read_by(client, key, row_texts[store], SLOT_ROW + (unsigned)store);
}

static void read_otherwise(struct pgr_client *client)
{
    struct pgr_key *key = choose_key(client);
    enum pgr_store store = pgr_key_store(key);
    unsigned parity = (unsigned)pgr_key_id(key) % 2;
    if (store == PGR_STORE_PARTS)
        read_by(client, key, leaf_texts[parity], SLOT_LEAF + parity);
    else if (other_texts[store] != NULL)
        read_by(client, key, other_texts[store], SLOT_OTHER + (unsigned)store);
    else
        read_row(client);
}

/* A text that occurs once, and so comes from PostgreSQL: what it shows, nobody may unsee. */
static void read_afresh(struct pgr_client *client)
{
    struct pgr_key *key = choose_key(client);
    struct pgr_call call = {row_texts[pgr_key_store(key)], 1, pgr_key_id(key)};
    char text[PGR_TEXT_MAX];
    char once[PGR_TEXT_MAX + 64];
    pgr_call_render(&call, text);
    (void)snprintf(once, sizeof(once), "SELECT /* %u of %p */ %s", client->serial++, (void *)client,
                   text + 7);
    uint32_t floor = pgr_key_floor(key);
    PGresult *result = pgr_client_expect(client, PQexec(client->link, once), PGRES_TUPLES_OK, once);
    pgr_read_judge(client, key, floor, result);
    PQclear(result);
    count_read(client, false, 0);
}

/* Two tables, one answer. */
static void read_both(struct pgr_client *client)
{
    int id = pgr_key_id(choose_key(client));
    struct pgr_key *a = pgr_model_key(PGR_STORE_A, id);
    struct pgr_key *b = pgr_model_key(PGR_STORE_B, id);
    struct pgr_call call = {both_text, 1, id};
    unsigned stores = 1u << PGR_STORE_A | 1u << PGR_STORE_B;
    bool is_clean = !pgr_dirty_is(stores);
    uint32_t floor_a = pgr_key_floor(a);
    uint32_t floor_b = pgr_key_floor(b);
    PGresult *result =
        pgr_client_expect(client, pgr_client_call(client, &call, choose_style(client), SLOT_BOTH),
                          PGRES_TUPLES_OK, both_text);
    if (PQntuples(result) > 0) {
        judge_value(client, a, floor_a, pgr_result_number(result, 0, 0));
        judge_value(client, b, floor_b, pgr_result_number(result, 0, 1));
    } else if (!pgr_key_may_be_absent(a, floor_a) && !pgr_key_may_be_absent(b, floor_b)) {
        pgr_client_violation(client, a, floor_a, "nothing", "neither of the two was ever gone");
    }
    PQclear(result);
    count_read(client, is_clean, stores);
}

/* An aggregate over rows that are never deleted lies between their floors and their tops. */
static void read_sum(struct pgr_client *client)
{
    static const char text[] = "SELECT sum(version) FROM h_counter";
    uint64_t least = 0;
    uint64_t most = 0;
    char seen[32];
    for (int id = 0; id < PGR_IDS; id++)
        least += pgr_key_floor(pgr_model_key(PGR_STORE_COUNTER, id));
    bool is_clean = !pgr_dirty_is(1u << PGR_STORE_COUNTER);
    PGresult *result = pgr_client_expect(client, PQexec(client->link, text), PGRES_TUPLES_OK, text);
    uint32_t sum = pgr_result_number(result, 0, 0);
    for (int id = 0; id < PGR_IDS; id++)
        most += pgr_key_top(pgr_model_key(PGR_STORE_COUNTER, id));
    (void)snprintf(seen, sizeof(seen), "%u", sum);
    if (sum < least || sum > most)
        pgr_client_violation(client, pgr_model_key(PGR_STORE_COUNTER, 0), (uint32_t)least, seen,
                             "a sum outside of what is possible");
    PQclear(result);
    count_read(client, is_clean, 1u << PGR_STORE_COUNTER);
}

/* Several rows at once. */
static void read_list(struct pgr_client *client)
{
    static const char text[] = "SELECT id, version FROM h_a WHERE id IN (0, 1, 2) ORDER BY id";
    uint32_t floors[3];
    bool is_found[3] = {false};
    bool is_clean = !pgr_dirty_is(1u << PGR_STORE_A);
    for (int i = 0; i < 3; i++)
        floors[i] = pgr_key_floor(pgr_model_key(PGR_STORE_A, i));
    PGresult *result = pgr_client_expect(client, PQexec(client->link, text), PGRES_TUPLES_OK, text);
    for (int row = 0; row < PQntuples(result); row++) {
        uint32_t id = pgr_result_number(result, row, 0);
        is_found[id] = true;
        judge_value(client, pgr_model_key(PGR_STORE_A, (int)id), floors[id],
                    pgr_result_number(result, row, 1));
    }
    for (int i = 0; i < 3; i++) {
        struct pgr_key *key = pgr_model_key(PGR_STORE_A, i);
        const char *wrong = is_found[i] ? NULL : pgr_key_judge_absent(key, floors[i]);
        if (wrong != NULL)
            pgr_client_violation(client, key, floors[i], "nothing", wrong);
    }
    PQclear(result);
    count_read(client, is_clean, 1u << PGR_STORE_A);
}

/* One snapshot: the same row twice is the same row. */
static void read_repeatedly(struct pgr_client *client)
{
    struct pgr_key *key = choose_key(client);
    enum pgr_store store = pgr_key_store(key);
    struct pgr_call call = {row_texts[store], 1, pgr_key_id(key)};
    uint32_t seen[2];
    pgr_client_run(client, "BEGIN ISOLATION LEVEL REPEATABLE READ", PGRES_COMMAND_OK);
    uint32_t floor = pgr_key_floor(key);
    for (int i = 0; i < 2; i++) {
        PGresult *result = pgr_client_expect(
            client, pgr_client_call(client, &call, choose_style(client), (unsigned)store),
            PGRES_TUPLES_OK, call.text);
        pgr_read_judge(client, key, floor, result);
        /* the second is of the first one's time */
        seen[i] = PQntuples(result) > 0 ? pgr_result_number(result, 0, 0) : 0;
        PQclear(result);
        count_read(client, false, 0);
    }
    pgr_client_run(client, "COMMIT", PGRES_COMMAND_OK);
    if (seen[0] != seen[1])
        pgr_client_violation(client, key, seen[0], "another", "one snapshot, two answers");
}

void pgr_client_read(struct pgr_client *client)
{
    unsigned lot = pgr_client_random(client, 100);
    if (client->is_direct || lot < 60)
        read_row(client);
    else if (lot < 75)
        read_otherwise(client);
    else if (lot < 85)
        read_both(client);
    else if (lot < 91)
        read_list(client);
    else if (lot < 96)
        read_sum(client);
    else if (lot < 99)
        read_afresh(client);
    else
        read_repeatedly(client);
}
