// SPDX-License-Identifier: PostgreSQL
/* Writes: one statement in many forms, alone or in a transaction that commits or does not. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form_flag {
    FORM_OPAQUE = 1,   /* may change anything, as far as anybody outside can tell */
    FORM_UTILITY = 2,  /* takes no parameters */
    FORM_IS_QUERY = 4, /* answers with a row */
    FORM_EVEN = 8,     /* for rows of that parity only */
    FORM_ODD = 16,
};

enum change {
    CHANGE_UPDATE,
    CHANGE_INSERT,
    CHANGE_DELETE,
};

struct form {
    enum pgr_store store;
    enum change change;
    unsigned flags;
    const char *text;
};

static const struct form forms[] = {
    {PGR_STORE_A, CHANGE_UPDATE, 0, "UPDATE h_a SET version = $1 WHERE id = $2"},
    {PGR_STORE_A, CHANGE_UPDATE, 0, "UPDATE h_same SET version = $1 WHERE id = $2"},
    {PGR_STORE_A, CHANGE_UPDATE, FORM_IS_QUERY,
     "UPDATE h_a SET version = $1 WHERE id = $2 RETURNING version"},
    {PGR_STORE_A, CHANGE_UPDATE, FORM_IS_QUERY,
     "WITH w AS (UPDATE h_a SET version = $1 WHERE id = $2 RETURNING id) SELECT count(*) FROM w"},
    {PGR_STORE_A, CHANGE_UPDATE, 0,
     "INSERT INTO h_a (version, id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET version = "
     "EXCLUDED.version"},
    {PGR_STORE_A, CHANGE_UPDATE, 0,
     "MERGE INTO h_a USING (VALUES (1)) AS one (n) ON h_a.id = $2 WHEN MATCHED THEN UPDATE SET "
     "version = $1"},
    {PGR_STORE_A, CHANGE_UPDATE, FORM_OPAQUE | FORM_IS_QUERY, "SELECT h_touch($1, $2)"},
    {PGR_STORE_A, CHANGE_UPDATE, FORM_OPAQUE | FORM_UTILITY,
     "DO 'BEGIN UPDATE h_a SET version = $1 WHERE id = $2; END'"},
    {PGR_STORE_A, CHANGE_INSERT, 0, "INSERT INTO h_a (version, id) VALUES ($1, $2)"},
    {PGR_STORE_A, CHANGE_INSERT, 0,
     "INSERT INTO h_a (version, id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET version = "
     "EXCLUDED.version"},
    {PGR_STORE_A, CHANGE_INSERT, 0, "INSERT INTO h_same (version, id) SELECT $1::int, $2::int"},
    {PGR_STORE_A, CHANGE_DELETE, 0, "DELETE FROM h_a WHERE id = $2 AND $1 > 0"},

    {PGR_STORE_B, CHANGE_UPDATE, 0, "UPDATE h_b SET version = $1 WHERE id = $2"},
    {PGR_STORE_B, CHANGE_UPDATE, 0,
     "UPDATE h_b SET version = $1 FROM (VALUES (1)) AS one (n) WHERE id = $2"},
    {PGR_STORE_B, CHANGE_INSERT, 0, "INSERT INTO h_b (version, id) VALUES ($1, $2)"},
    {PGR_STORE_B, CHANGE_DELETE, 0, "DELETE FROM h_b WHERE id = $2 AND $1 > 0"},

    {PGR_STORE_FAMILY, CHANGE_UPDATE, 0,
     "UPDATE h_parent SET code = 'f' || $2::int || '-' || $1::int, version = $1 WHERE id = $2"},
    {PGR_STORE_FAMILY, CHANGE_INSERT, 0,
     "WITH p AS (INSERT INTO h_parent SELECT 'f' || $2::int || '-' || $1::int, $2, $1 RETURNING "
     "id, code) INSERT INTO h_child SELECT id, code FROM p"},
    {PGR_STORE_FAMILY, CHANGE_DELETE, 0, "DELETE FROM h_parent WHERE id = $2 AND $1 > 0"},

    {PGR_STORE_AUDIT, CHANGE_UPDATE, FORM_OPAQUE,
     "UPDATE h_audited SET version = $1 WHERE id = $2"},
    {PGR_STORE_AUDIT, CHANGE_INSERT, FORM_OPAQUE,
     "INSERT INTO h_audited (version, id) VALUES ($1, $2)"},
    {PGR_STORE_AUDIT, CHANGE_DELETE, FORM_OPAQUE, "DELETE FROM h_audited WHERE id = $2 AND $1 > 0"},

    {PGR_STORE_PARTS, CHANGE_UPDATE, 0, "UPDATE h_parts SET version = $1 WHERE id = $2"},
    {PGR_STORE_PARTS, CHANGE_UPDATE, FORM_EVEN, "UPDATE h_parts_0 SET version = $1 WHERE id = $2"},
    {PGR_STORE_PARTS, CHANGE_UPDATE, FORM_ODD, "UPDATE h_parts_1 SET version = $1 WHERE id = $2"},
    {PGR_STORE_PARTS, CHANGE_INSERT, 0,
     "INSERT INTO h_parts (version, id, parity) VALUES ($1, $2, $2 % 2)"},
    {PGR_STORE_PARTS, CHANGE_DELETE, 0, "DELETE FROM h_parts WHERE id = $2 AND $1 > 0"},
    {PGR_STORE_PARTS, CHANGE_DELETE, FORM_EVEN, "DELETE FROM h_parts_0 WHERE id = $2 AND $1 > 0"},
    {PGR_STORE_PARTS, CHANGE_DELETE, FORM_ODD, "DELETE FROM h_parts_1 WHERE id = $2 AND $1 > 0"},
};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))
#define SLOT_FORMS 64 /* numbers of prepared statements */
#define KEYS_MAX   3

/* A write that was chosen: the row is locked in the model, its version drafted. */
struct step {
    struct pgr_key *key;
    const struct form *form;
    uint32_t version;
};

static unsigned dirt_of(const struct step *step)
{
    return step->form->flags & FORM_OPAQUE ? PGR_DIRTY_ALL : 1u << step->form->store;
}

static bool suits(const struct form *form, const struct pgr_key *key, enum change change,
                  enum pgr_weather weather)
{
    unsigned wrong_parity = pgr_key_id(key) % 2 ? FORM_EVEN : FORM_ODD;
    return form->store == pgr_key_store(key) && form->change == change &&
           !(form->flags & wrong_parity) && (weather == PGR_SQUALL || !(form->flags & FORM_OPAQUE));
}

static const struct form *choose_form(struct pgr_client *client, const struct pgr_key *key,
                                      enum change change, enum pgr_weather weather)
{
    const struct form *fitting[FORM_COUNT];
    unsigned count = 0;
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (suits(&forms[i], key, change, weather))
            fitting[count++] = &forms[i];
    return count ? fitting[pgr_client_random(client, count)] : NULL;
}

static bool choose_step(struct pgr_client *client, enum pgr_weather weather, struct step *out)
{
    enum pgr_store store = (enum pgr_store)pgr_client_random(client, PGR_STORE_COUNTER);
    if (store == PGR_STORE_AUDIT && pgr_client_random(client, 3) != 0)
        return false;
    struct pgr_key *key = pgr_model_key(store, (int)pgr_client_random(client, PGR_IDS));
    if (!pgr_key_try_lock(key))
        return false;
    enum change change = !pgr_key_is_present(key)            ? CHANGE_INSERT
                         : pgr_client_random(client, 6) == 0 ? CHANGE_DELETE
                                                             : CHANGE_UPDATE;
    const struct form *form = choose_form(client, key, change, weather);
    uint32_t version = form ? pgr_key_draft(key, change != CHANGE_DELETE) : 0;
    if (version == 0) {
        pgr_key_unlock(key);
        return false;
    }
    *out = (struct step){key, form, version};
    return true;
}

static void run_step(struct pgr_client *client, const struct step *step)
{
    struct pgr_call call = {step->form->text, (int)step->version, pgr_key_id(step->key)};
    enum pgr_style style = step->form->flags & FORM_UTILITY
                               ? PGR_STYLE_SIMPLE
                               : (enum pgr_style)pgr_client_random(client, PGR_STYLE_COUNT);
    ExecStatusType status = step->form->flags & FORM_IS_QUERY ? PGRES_TUPLES_OK : PGRES_COMMAND_OK;
    unsigned slot = SLOT_FORMS + (unsigned)(step->form - forms);
    PQclear(
        pgr_client_expect(client, pgr_client_call(client, &call, style, slot), status, call.text));
}

/* Before and after the message that may commit the step. */
static void send_step(const struct step *step)
{
    pgr_key_send(step->key, step->version);
    pgr_dirty_enter(dirt_of(step));
}

static void acknowledge_step(const struct step *step)
{
    pgr_key_acknowledge(step->key, step->version);
    pgr_dirty_leave(dirt_of(step));
}

static void write_alone(struct pgr_client *client, const struct step *step)
{
    send_step(step);
    run_step(client, step);
    acknowledge_step(step);
}

/* The writer itself sees what it wrote, whether it is committed or not. */
static void read_own(struct pgr_client *client, const struct step *step)
{
    struct pgr_call call = {pgr_read_text(pgr_key_store(step->key)), 1, pgr_key_id(step->key)};
    enum pgr_style style = (enum pgr_style)pgr_client_random(client, PGR_STYLE_COUNT);
    PGresult *result = pgr_client_expect(
        client, pgr_client_call(client, &call, style, (unsigned)pgr_key_store(step->key)),
        PGRES_TUPLES_OK, call.text);
    uint32_t seen = PQntuples(result) ? pgr_result_number(result, 0, 0) : 0;
    uint32_t expected = step->form->change == CHANGE_DELETE ? 0 : step->version;
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", seen);
    if (seen != expected)
        pgr_client_violation(client, step->key, expected, text, "not what it wrote itself");
    PQclear(result);
    atomic_fetch_add(&client->run->reads, 1);
}

static void end_transaction(struct pgr_client *client, const struct step *steps, size_t count)
{
    bool is_commit = pgr_client_random(client, 10) < 7;
    for (size_t i = 0; i < count && is_commit; i++)
        send_step(&steps[i]);
    pgr_client_run(client, is_commit ? "COMMIT" : "ROLLBACK", PGRES_COMMAND_OK);
    for (size_t i = 0; i < count; i++) {
        if (is_commit)
            acknowledge_step(&steps[i]);
        else
            pgr_key_undo(steps[i].key, steps[i].version);
    }
}

static void write_transaction(struct pgr_client *client, enum pgr_weather weather,
                              const struct step *first)
{
    struct step steps[KEYS_MAX] = {*first};
    size_t count = 1;
    pgr_client_run(client, "BEGIN", PGRES_COMMAND_OK);
    run_step(client, first);
    while (count < KEYS_MAX && pgr_client_random(client, 2) == 0 &&
           choose_step(client, weather, &steps[count]))
        run_step(client, &steps[count++]);
    for (size_t i = 0; i < count; i++)
        read_own(client, &steps[i]);
    end_transaction(client, steps, count);
    for (size_t i = 1; i < count; i++)
        pgr_key_unlock(steps[i].key);
}

/* What is written behind a savepoint is undone, what was written before it stays. */
static void write_savepoint(struct pgr_client *client, const struct step *first)
{
    struct step second = *first;
    pgr_client_run(client, "BEGIN", PGRES_COMMAND_OK);
    run_step(client, first);
    pgr_client_run(client, "SAVEPOINT h", PGRES_COMMAND_OK);
    second.version = first->form->change == CHANGE_UPDATE ? pgr_key_draft(first->key, true) : 0;
    if (second.version > 0) {
        run_step(client, &second);
        read_own(client, &second);
        pgr_client_run(client, "ROLLBACK TO h", PGRES_COMMAND_OK);
        pgr_key_undo(second.key, second.version);
    }
    read_own(client, first);
    end_transaction(client, first, 1);
}

static void write_two_phase(struct pgr_client *client, const struct step *step)
{
    char name[64];
    char text[128];
    (void)snprintf(name, sizeof(name), "h_%p_%u", (void *)client, client->serial++);
    pgr_client_run(client, "BEGIN", PGRES_COMMAND_OK);
    run_step(client, step);
    (void)snprintf(text, sizeof(text), "PREPARE TRANSACTION '%s'", name);
    pgr_client_run(client, text, PGRES_COMMAND_OK);
    bool is_commit = pgr_client_random(client, 2) == 0;
    (void)snprintf(text, sizeof(text), "%s PREPARED '%s'", is_commit ? "COMMIT" : "ROLLBACK", name);
    if (is_commit)
        send_step(step);
    pgr_client_run(client, text, PGRES_COMMAND_OK);
    if (is_commit)
        acknowledge_step(step);
    else
        pgr_key_undo(step->key, step->version);
}

/* One text with two statements is one transaction; the second may fail. */
static void write_multi(struct pgr_client *client, const struct step *step)
{
    struct pgr_call call = {step->form->text, (int)step->version, pgr_key_id(step->key)};
    char one[PGR_TEXT_MAX];
    char text[PGR_TEXT_MAX + 32];
    bool is_commit = pgr_client_random(client, 2) == 0;
    pgr_call_render(&call, one);
    (void)snprintf(text, sizeof(text), "%s; SELECT 1 / %d", one, is_commit ? 1 : 0);
    if (is_commit)
        send_step(step);
    pgr_client_run(client, text, is_commit ? PGRES_TUPLES_OK : PGRES_FATAL_ERROR);
    if (is_commit)
        acknowledge_step(step);
    else
        pgr_key_undo(step->key, step->version);
}

static void take_sync(struct pgr_client *client)
{
    PGresult *result = PQgetResult(client->link);
    PQclear(pgr_client_expect(client, result, PGRES_PIPELINE_SYNC, "Sync"));
}

/* The answer of one pipelined statement. */
static PGresult *take_answer(struct pgr_client *client, ExecStatusType status, const char *text)
{
    PGresult *result = pgr_client_expect(client, PQgetResult(client->link), status, text);
    if (PQgetResult(client->link) != NULL)
        pgr_client_die(client, "more answers than questions");
    return result;
}

/* Write and read in one pipeline: in one unit (no Sync between them), or in two. */
static void write_pipeline(struct pgr_client *client, const struct step *step)
{
    char version[16];
    char id[16];
    const char *written[] = {version, id};
    const char *read[] = {"1", id};
    const char *text = pgr_read_text(pgr_key_store(step->key));
    bool has_two_units = pgr_client_random(client, 2) == 0;
    ExecStatusType status = step->form->flags & FORM_IS_QUERY ? PGRES_TUPLES_OK : PGRES_COMMAND_OK;
    (void)snprintf(version, sizeof(version), "%u", step->version);
    (void)snprintf(id, sizeof(id), "%d", pgr_key_id(step->key));
    send_step(step);
    if (!PQenterPipelineMode(client->link) ||
        !PQsendQueryParams(client->link, step->form->text, 2, NULL, written, NULL, NULL, 0) ||
        (has_two_units && !PQpipelineSync(client->link)) ||
        !PQsendQueryParams(client->link, text, 2, NULL, read, NULL, NULL, 0) ||
        !PQpipelineSync(client->link))
        pgr_client_die(client, "pipeline");
    PQclear(take_answer(client, status, step->form->text));
    if (has_two_units)
        take_sync(client);
    PGresult *result = take_answer(client, PGRES_TUPLES_OK, text);
    take_sync(client);
    if (!PQexitPipelineMode(client->link))
        pgr_client_die(client, "leaving the pipeline");
    acknowledge_step(step);
    pgr_read_judge(client, step->key, step->version, result);
    PQclear(result);
    atomic_fetch_add(&client->run->reads, 1);
}

static void write_copy(struct pgr_client *client, const struct step *step)
{
    static const char text[] = "COPY h_a (version, id) FROM STDIN";
    char line[32];
    int len = snprintf(line, sizeof(line), "%u\t%d\n", step->version, pgr_key_id(step->key));
    send_step(step);
    PQclear(pgr_client_expect(client, PQexec(client->link, text), PGRES_COPY_IN, text));
    if (PQputCopyData(client->link, line, len) != 1 || PQputCopyEnd(client->link, NULL) != 1)
        pgr_client_die(client, text);
    PQclear(pgr_client_expect(client, PQgetResult(client->link), PGRES_COMMAND_OK, text));
    if (PQgetResult(client->link) != NULL)
        pgr_client_die(client, text);
    acknowledge_step(step);
}

/* Several writers at a time: PostgreSQL itself orders them. */
static void write_counter(struct pgr_client *client)
{
    static const char text[] =
        "UPDATE h_counter SET version = version + $1 WHERE id = $2 RETURNING version";
    struct pgr_key *key = pgr_model_key(PGR_STORE_COUNTER, (int)pgr_client_random(client, PGR_IDS));
    struct pgr_call call = {text, 1, pgr_key_id(key)};
    enum pgr_style style = (enum pgr_style)pgr_client_random(client, PGR_STYLE_COUNT);
    uint32_t floor = pgr_key_floor(key);
    pgr_counter_send(key);
    pgr_dirty_enter(1u << PGR_STORE_COUNTER);
    PGresult *result =
        pgr_client_expect(client, pgr_client_call(client, &call, style, SLOT_FORMS + FORM_COUNT),
                          PGRES_TUPLES_OK, text);
    pgr_dirty_leave(1u << PGR_STORE_COUNTER);
    pgr_read_judge(client, key, floor, result);
    PQclear(result);
}

/* Definitions change: everything is forgotten, and nothing of it is wrong meanwhile. */
static void write_definition(struct pgr_client *client)
{
    pgr_dirty_enter(PGR_DIRTY_ALL);
    pgr_client_run(client, "ALTER TABLE h_a ALTER COLUMN pad SET DEFAULT 'y'", PGRES_COMMAND_OK);
    pgr_dirty_leave(PGR_DIRTY_ALL);
}

static void write_step(struct pgr_client *client, enum pgr_weather weather, const struct step *step)
{
    bool is_plain = !(step->form->flags & FORM_UTILITY);
    unsigned lot = pgr_client_random(client, 100);
    if (step->form->store == PGR_STORE_A && step->form->change == CHANGE_INSERT && lot < 30)
        write_copy(client, step);
    else if (lot < 50)
        write_alone(client, step);
    else if (lot < 70)
        write_transaction(client, weather, step);
    else if (lot < 77)
        write_savepoint(client, step);
    else if (lot < 80 && weather == PGR_SQUALL)
        write_two_phase(client, step);
    else if (lot < 86 && weather == PGR_SQUALL)
        write_multi(client, step);
    else if (is_plain)
        write_pipeline(client, step);
    else
        write_alone(client, step);
}

void pgr_client_write(struct pgr_client *client, enum pgr_weather weather)
{
    struct step step;
    unsigned lot = pgr_client_random(client, 1000);
    atomic_fetch_add(&client->run->writes, 1);
    if (lot < 8 && weather == PGR_SQUALL) {
        write_definition(client);
    } else if (lot < 170 || !choose_step(client, weather, &step)) {
        write_counter(client);
    } else {
        write_step(client, weather, &step);
        pgr_key_unlock(step.key);
    }
}
