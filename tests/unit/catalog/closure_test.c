// SPDX-License-Identifier: PostgreSQL
#include <stdio.h>

#include "rows_support.h"

/* A database drawn as a graph: relations r<oid>, and edges. Strings live till the next clear(). */
struct graph {
    char text[40000][12];
    size_t text_count;
    const char *relations[6000][9];
    int relation_count;
    const char *children[6000][2];
    int child_count;
    const char *cascades[200][2];
    int cascade_count;
    const char *code[20][2];
    int code_count;
    const char *views[6000][2];
    int view_count;
};

static struct graph *graph_of(void **state)
{
    struct graph *g = *state;
    memset(g, 0, sizeof(*g));
    return g;
}

static const char *number(struct graph *g, const char *prefix, unsigned oid)
{
    char *text = g->text[g->text_count++];
    assert_true(g->text_count < PGR_ARRAY_LEN(g->text));
    snprintf(text, sizeof(g->text[0]), "%s%u", prefix, oid);
    return text;
}

/* `flags`: s row security, t triggers, r rules, z timetz. */
static void add(struct graph *g, unsigned oid, const char *kind, const char *flags)
{
    const char *const row[9] = {number(g, "", oid),
                                "s",
                                number(g, "r", oid),
                                kind,
                                "p",
                                strchr(flags, 's') ? "t" : "f",
                                strchr(flags, 't') ? "t" : "f",
                                strchr(flags, 'r') ? "t" : "f",
                                strchr(flags, 'z') ? "t" : "f"};
    memcpy(g->relations[g->relation_count++], row, sizeof(row));
}

static void add_view(struct graph *g, unsigned oid, const char *words)
{
    add(g, oid, "v", "");
    g->views[g->view_count][0] = number(g, "", oid);
    g->views[g->view_count++][1] = words;
}

static void inherit(struct graph *g, unsigned parent, unsigned child)
{
    g->children[g->child_count][0] = number(g, "", parent);
    g->children[g->child_count++][1] = number(g, "", child);
}

static void cascade(struct graph *g, unsigned from, unsigned to)
{
    g->cascades[g->cascade_count][0] = number(g, "", from);
    g->cascades[g->cascade_count++][1] = number(g, "", to);
}

static void mark(struct graph *g, const char *letter, unsigned oid)
{
    g->code[g->code_count][0] = letter;
    g->code[g->code_count++][1] = number(g, "", oid);
}

static struct pgr_catalog *build_graph(const struct graph *g)
{
    struct database db = small_database();
    db.tables[PGR_QUERY_RELATIONS] = (struct table){&g->relations[0][0], g->relation_count, 9};
    db.tables[PGR_QUERY_CHILDREN] = (struct table){&g->children[0][0], g->child_count, 2};
    db.tables[PGR_QUERY_CASCADES] = (struct table){&g->cascades[0][0], g->cascade_count, 2};
    db.tables[PGR_QUERY_USER_CODE] = (struct table){&g->code[0][0], g->code_count, 2};
    db.tables[PGR_QUERY_VIEWS] = (struct table){&g->views[0][0], g->view_count, 2};
    return build(&db);
}

/* Sets as oids in ascending order, "1 2 3"; "*" is everything. */
static void assert_set(const struct pgr_relset *set, const char *expect, const char *name)
{
    char text[512] = "*";
    size_t len = 0;
    for (uint32_t i = 0; set != NULL && i < set->count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i ? " " : "",
                                (unsigned)set->slots[i]);
    if (strcmp(text, expect) != 0)
        fail_msg("%s: {%s}, not {%s}", name, text, expect);
}

static void assert_writes(const struct pgr_catalog *catalog, const char *name, const char *expect)
{
    assert_set(find(catalog, name)->writes, expect, name);
}

static void assert_reads(const struct pgr_catalog *catalog, const char *name, const char *expect,
                         enum pgr_reason block)
{
    const struct pgr_relation *relation = find(catalog, name);
    assert_set(relation->reads, expect, name);
    if (relation->read_block != block)
        fail_msg("%s: %s, not %s", name, pgr_reason_name(relation->read_block),
                 pgr_reason_name(block));
}

static void trees_are_written_downwards_and_touched_upwards(void **state)
{
    struct graph *g = graph_of(state);
    for (unsigned oid = 1; oid <= 6; oid++)
        add(g, oid, "r", "");
    inherit(g, 1, 2);
    inherit(g, 1, 3);
    inherit(g, 3, 4);
    inherit(g, 5, 4); /* two parents */
    struct pgr_catalog *catalog = build_graph(g);
    assert_writes(catalog, "r1", "1 2 3 4 5");
    assert_writes(catalog, "r2", "1 2");
    assert_writes(catalog, "r3", "1 3 4 5");
    assert_writes(catalog, "r4", "1 3 4 5");
    assert_writes(catalog, "r5", "1 3 4 5");
    assert_writes(catalog, "r6", "6");
    assert_reads(catalog, "r1", "1", PGR_REASON_NONE);
    pgr_catalog_unref(catalog);
}

static void triggers_of_what_is_only_touched_do_not_count(void **state)
{
    struct graph *g = graph_of(state);
    add(g, 1, "p", "t");
    add(g, 2, "r", "");
    add(g, 3, "r", "r");
    add(g, 4, "r", "");
    inherit(g, 1, 2);
    cascade(g, 4, 3);
    struct pgr_catalog *catalog = build_graph(g);
    assert_writes(catalog, "r1", "*");
    assert_writes(catalog, "r2", "1 2");
    assert_writes(catalog, "r3", "*");
    assert_writes(catalog, "r4", "*");
    pgr_catalog_unref(catalog);
}

/* r1 is touched as the parent of r2 first, and then written by a cascade: its children follow. */
static void what_was_touched_may_be_written_after_all(void **state)
{
    struct graph *g = graph_of(state);
    for (unsigned oid = 1; oid <= 4; oid++)
        add(g, oid, "r", "");
    add(g, 5, "r", "t");
    inherit(g, 1, 2);
    inherit(g, 1, 3);
    cascade(g, 2, 1);
    struct pgr_catalog *catalog = build_graph(g);
    assert_writes(catalog, "r2", "1 2 3");
    assert_writes(catalog, "r4", "4");
    pgr_catalog_unref(catalog);

    inherit(g, 1, 5);
    catalog = build_graph(g);
    assert_writes(catalog, "r2", "*");
    assert_writes(catalog, "r3", "1 3");
    pgr_catalog_unref(catalog);
}

/* r1 was already walked as an ancestor when a cascade of r4 reaches it: it is walked again. */
static void what_was_walked_may_be_written_after_all(void **state)
{
    struct graph *g = graph_of(state);
    for (unsigned oid = 1; oid <= 4; oid++)
        add(g, oid, "r", "");
    inherit(g, 1, 2);
    inherit(g, 1, 3);
    cascade(g, 2, 4);
    cascade(g, 4, 1);
    struct pgr_catalog *catalog = build_graph(g);
    assert_writes(catalog, "r2", "1 2 3 4");
    assert_writes(catalog, "r3", "1 3");
    pgr_catalog_unref(catalog);
}

static void cascades_follow_each_other_and_end(void **state)
{
    struct graph *g = graph_of(state);
    for (unsigned oid = 1; oid <= 4; oid++)
        add(g, oid, "r", "");
    cascade(g, 1, 2);
    cascade(g, 2, 3);
    cascade(g, 3, 1); /* a ring */
    cascade(g, 4, 4); /* onto itself */
    struct pgr_catalog *catalog = build_graph(g);
    assert_writes(catalog, "r1", "1 2 3");
    assert_writes(catalog, "r3", "1 2 3");
    assert_writes(catalog, "r4", "4");
    pgr_catalog_unref(catalog);
}

static void a_set_has_at_most_64(void **state)
{
    struct graph *g = graph_of(state);
    for (unsigned oid = 1; oid <= 140; oid++)
        add(g, oid, "r", "");
    for (unsigned oid = 2; oid <= 64; oid++)
        inherit(g, 1, oid);
    for (unsigned oid = 71; oid <= 134; oid++)
        inherit(g, 70, oid);
    struct pgr_catalog *catalog = build_graph(g);
    assert_int_equal(find(catalog, "r1")->writes->count, 64);
    assert_null(find(catalog, "r70")->writes);
    assert_writes(catalog, "r71", "70 71");
    pgr_catalog_unref(catalog);
}

static void views_are_read_to_the_ground(void **state)
{
    struct graph *g = graph_of(state);
    add(g, 1, "r", "");
    add(g, 2, "r", "s");
    add(g, 3, "m", "");
    add(g, 4, "f", "");
    add(g, 5, "r", "z");
    add(g, 6, "p", "");
    inherit(g, 6, 4);
    add_view(g, 11, "NQUERY R11 R1");
    add_view(g, 12, "NQUERY R12 R11 R1");
    add_view(g, 13, "NQUERY R13 R2");
    add_view(g, 14, "NQUERY R3");
    add_view(g, 15, "NQUERY R4");
    add_view(g, 16, "NQUERY R5");
    add_view(g, 17, "NQUERY R6");
    add_view(g, 18, "NQUERY R1 R999"); /* a system catalog */
    add_view(g, 19, "NQUERY R20 R1");  /* a ring of views */
    add_view(g, 20, "NQUERY R19");
    add_view(g, 21, "NQUERY F11 R1"); /* now() */
    add_view(g, 22, "NQUERY F30 R1"); /* foreign code */
    add_view(g, 23, "NQUERY R21 R22");
    add(g, 24, "v", ""); /* without a tree */
    struct pgr_catalog *catalog = build_graph(g);
    assert_reads(catalog, "r11", "1 11", PGR_REASON_NONE);
    assert_reads(catalog, "r12", "1 11 12", PGR_REASON_NONE);
    assert_reads(catalog, "r13", "2 13", PGR_REASON_ROW_SECURITY);
    assert_reads(catalog, "r14", "3 14", PGR_REASON_UNSAFE_RELATION);
    assert_reads(catalog, "r15", "4 15", PGR_REASON_UNSAFE_RELATION);
    assert_reads(catalog, "r16", "5 16", PGR_REASON_UNSAFE_RELATION);
    assert_reads(catalog, "r17", "6 17", PGR_REASON_UNSAFE_RELATION);
    assert_reads(catalog, "r18", "1 18 999", PGR_REASON_SYSTEM_RELATION);
    assert_reads(catalog, "r19", "1 19 20", PGR_REASON_NONE);
    assert_reads(catalog, "r21", "1 21", PGR_REASON_UNSAFE_VIEW);
    assert_reads(catalog, "r22", "1 22", PGR_REASON_USER_FUNCTION);
    assert_reads(catalog, "r23", "1 21 22 23", PGR_REASON_USER_FUNCTION);
    assert_reads(catalog, "r24", "24", PGR_REASON_USER_FUNCTION);
    assert_reads(catalog, "r6", "6", PGR_REASON_UNSAFE_RELATION);
    assert_writes(catalog, "r12", "1 11 12");
    assert_writes(catalog, "r15", "*");
    assert_writes(catalog, "r18", "*");
    assert_writes(catalog, "r21", "1 21");
    assert_writes(catalog, "r23", "*");
    assert_writes(catalog, "r24", "*");
    pgr_catalog_unref(catalog);
}

static void foreign_code_marks_relations_and_policies(void **state)
{
    struct graph *g = graph_of(state);
    add(g, 1, "r", "");
    add(g, 2, "r", "s");
    add(g, 3, "r", "");
    add_view(g, 11, "NQUERY R2");
    add_view(g, 12, "NQUERY R1 T77");
    mark(g, "r", 1);
    mark(g, "p", 2);
    mark(g, "p", 3); /* its policies are not in force */
    mark(g, "t", 77);
    mark(g, "r", 888); /* a relation we do not hold */
    struct pgr_catalog *catalog = build_graph(g);
    assert_reads(catalog, "r1", "1", PGR_REASON_NONE);
    assert_writes(catalog, "r1", "*");
    assert_reads(catalog, "r2", "2", PGR_REASON_USER_FUNCTION);
    assert_reads(catalog, "r3", "3", PGR_REASON_NONE);
    assert_reads(catalog, "r11", "2 11", PGR_REASON_USER_FUNCTION);
    assert_reads(catalog, "r12", "1 12", PGR_REASON_USER_FUNCTION);
    pgr_catalog_unref(catalog);
}

/* More than 64 relations: refused, but an effect among them is still known. */
static void wide_views_keep_their_effects(void **state)
{
    struct graph *g = graph_of(state);
    char wide[800] = "NQUERY";
    char widest[900];
    for (unsigned oid = 100; oid < 180; oid++) {
        add(g, oid, "r", "");
        snprintf(wide + strlen(wide), sizeof(wide) - strlen(wide), " R%u", oid);
    }
    snprintf(widest, sizeof(widest), "%s R900", wide);
    add_view(g, 1, wide);
    add_view(g, 2, widest);
    add_view(g, 900, "NQUERY F30");
    struct pgr_catalog *catalog = build_graph(g);
    assert_int_equal(find(catalog, "r1")->read_block, PGR_REASON_TOO_MANY_RELATIONS);
    assert_int_equal(find(catalog, "r2")->read_block, PGR_REASON_USER_FUNCTION);
    assert_null(find(catalog, "r1")->writes);
    pgr_catalog_unref(catalog);
}

/* Neither a chain of views nor one of tables may use the stack up. */
static void long_chains_are_walked(void **state)
{
    struct graph *g = graph_of(state);
    enum {
        LENGTH = 2500
    };
    static char words[LENGTH][24];
    for (unsigned i = 1; i < LENGTH; i++) {
        snprintf(words[i], sizeof(words[i]), "NQUERY R%u", 10000 + i + 1);
        add_view(g, 10000 + i, words[i]);
    }
    add_view(g, 10000 + LENGTH, "NQUERY F30");
    for (unsigned i = 0; i < LENGTH; i++) {
        add(g, 20000 + i, i == LENGTH - 1 ? "f" : "r", "");
        if (i > 0)
            inherit(g, 20000 + i - 1, 20000 + i);
    }
    struct pgr_catalog *catalog = build_graph(g);
    assert_int_equal(find(catalog, "r10001")->read_block, PGR_REASON_USER_FUNCTION);
    assert_int_equal(find(catalog, "r20000")->read_block, PGR_REASON_UNSAFE_RELATION);
    assert_null(find(catalog, "r20000")->writes);
    pgr_catalog_unref(catalog);
}

static int set_up(void **state)
{
    *state = pgr_new(struct graph);
    return 0;
}

static int tear_down(void **state)
{
    pgr_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_written_downwards_and_touched_upwards),
        cmocka_unit_test(triggers_of_what_is_only_touched_do_not_count),
        cmocka_unit_test(what_was_touched_may_be_written_after_all),
        cmocka_unit_test(what_was_walked_may_be_written_after_all),
        cmocka_unit_test(cascades_follow_each_other_and_end),
        cmocka_unit_test(a_set_has_at_most_64),
        cmocka_unit_test(views_are_read_to_the_ground),
        cmocka_unit_test(foreign_code_marks_relations_and_policies),
        cmocka_unit_test(wide_views_keep_their_effects),
        cmocka_unit_test(long_chains_are_walked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
