// SPDX-License-Identifier: PostgreSQL
/*
 * replay_main.c - runs a fuzz target over files and directories of files, without libFuzzer.
 *
 * Every input is also run cut at each length (of a long one: at its ends), so that a small corpus
 * meets many half messages. No file at all is a failure: such a run would prove nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)
#define CUTS_MAX  ((size_t)512)

static void run_input(struct pgr_bytes input)
{
    for (size_t len = 0; len <= input.len; len++) {
        if (len == CUTS_MAX && input.len > 2 * CUTS_MAX)
            len = input.len - CUTS_MAX;
        struct pgr_bytes copy = fuzz_copy(PGR_BYTES(input.at, len));
        (void)LLVMFuzzerTestOneInput(copy.at, copy.len);
        fuzz_free(copy);
    }
}

/* Returns whether the file could be read. */
static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    uint8_t *input = pgr_alloc(INPUT_MAX);
    size_t len = fread(input, 1, INPUT_MAX, file);
    bool is_whole = feof(file) != 0 && ferror(file) == 0;
    fclose(file);
    if (is_whole)
        run_input(PGR_BYTES(input, len));
    pgr_free(input);
    return is_whole;
}

static size_t run_path(const char *path);

static size_t run_directory(const char *path)
{
    struct dirent **entries;
    size_t count = 0;
    int found = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        if (entries[i]->d_name[0] != '.') {
            char *inside = pgr_asprintf("%s/%s", path, entries[i]->d_name);
            count += run_path(inside);
            pgr_free(inside);
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
    return count;
}

/* Returns how many files were run. */
static size_t run_path(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return run_directory(path);
    if (run_file(path))
        return 1;
    fprintf(stderr, "%s: cannot be read whole\n", path);
    exit(2);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++)
        count += run_path(argv[i]);
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
