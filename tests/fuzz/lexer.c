// SPDX-License-Identifier: PostgreSQL
/*
 * lexer.c - any bytes as an SQL text, and as a value.
 *
 * Properties: the tokens cover the text without a gap and, where PostgreSQL's scanner takes it, end
 * where its tokens end; what stripping leaves is a part of the text, is stripped no further and is
 * of the same type; white space in front changes no type; the normal text is the prefix it is
 * said to be; a date word that stands by itself is found.
 */
#include "../unit/sql/pg_scan.h"
#include "fuzz.h"

/* libpg_query's scanner takes the square of some lengths. */
#define COMPARED_MAX ((size_t)2048)

static void check_cover(struct pgr_bytes text)
{
    struct pgr_bytes rest = text;
    const uint8_t *at = text.at;
    while (rest.len > 0) {
        struct pgr_lexeme token = pgr_lex_next(&rest);
        PGR_ASSERT(token.text.at == at && token.text.len > 0);
        at += token.text.len;
        PGR_ASSERT(rest.at == at);
    }
    PGR_ASSERT(at == text.at + text.len);
}

static void check_scanner(struct pgr_bytes text)
{
    if (text.len > COMPARED_MAX || (text.len > 0 && memchr(text.at, 0, text.len) != NULL))
        return;
    char *copy = pgr_strndup((const char *)text.at, text.len);
    char message[160] = "";
    bool agrees = pg_scan_agrees(copy, NULL, message);
    if (!agrees)
        fprintf(stderr, "%s\n", message);
    PGR_ASSERT(agrees);
    pgr_free(copy);
}

static void check_types(struct pgr_bytes text)
{
    char normal[64];
    size_t len = 0;
    uint64_t type = pgr_lex_fingerprint(text, normal, sizeof(normal), &len);
    PGR_ASSERT(len <= sizeof(normal));
    char shorter[16];
    size_t shorter_len = 0;
    PGR_ASSERT(pgr_lex_fingerprint(text, shorter, sizeof(shorter), &shorter_len) == type);
    PGR_ASSERT(shorter_len <= len && memcmp(normal, shorter, shorter_len) == 0);

    struct pgr_bytes stripped = pgr_lex_strip(text);
    PGR_ASSERT(fuzz_is_inside(stripped, text));
    PGR_ASSERT(pgr_bytes_eq(pgr_lex_strip(stripped), stripped));
    PGR_ASSERT(pgr_lex_fingerprint(stripped, NULL, 0, NULL) == type);

    uint8_t *blank = pgr_alloc(text.len + 1);
    blank[0] = '\n';
    if (text.len > 0)
        memcpy(blank + 1, text.at, text.len);
    PGR_ASSERT(pgr_lex_fingerprint(PGR_BYTES(blank, text.len + 1), NULL, 0, NULL) == type);
    pgr_free(blank);
}

static void check_words(struct pgr_bytes text)
{
    PGR_ASSERT(pgr_lex_operator_run(text) <= text.len);
    char word[16];
    pgr_lex_first_word(text, word);
    PGR_ASSERT(strnlen(word, sizeof(word)) < sizeof(word));

    static const char now[] = ",Now";
    (void)pgr_lex_has_date_word(text);
    uint8_t *dated = pgr_alloc(text.len + 4);
    if (text.len > 0)
        memcpy(dated, text.at, text.len);
    memcpy(dated + text.len, now, 4);
    PGR_ASSERT(pgr_lex_has_date_word(PGR_BYTES(dated, text.len + 4)));
    pgr_free(dated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgr_bytes text = fuzz_copy(PGR_BYTES(data, size));
    check_cover(text);
    check_scanner(text);
    check_types(text);
    check_words(text);
    fuzz_free(text);
    return 0;
}
