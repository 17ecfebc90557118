// SPDX-License-Identifier: PostgreSQL
#pragma once
/* Settings from text: a file that exists in memory only, and what loading it said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgrecall/base/mem.h"
#include "pgrecall/conf/settings.h"

#define DSN_LINES "[upstream]\ndsn = postgresql://app@db/shop\n"

struct load {
    enum pgr_err err;
    struct pgr_settings *settings;
    char errors[16384]; /* without the file's name before each line */
};

struct memory_file {
    int fd;
    char path[64];
};

static inline struct memory_file memory_file_open(struct pgr_bytes text)
{
    struct memory_file file = {.fd = memfd_create("ini", MFD_CLOEXEC)};
    assert_true(file.fd >= 0);
    assert_int_equal(write(file.fd, text.at, text.len), (ssize_t)text.len);
    snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
    return file;
}

/* Takes `path:` off each line that begins with it. */
static inline void strip_path(const char *path, const struct pgr_buf *raw, char *out, size_t cap)
{
    struct pgr_bytes bytes = pgr_buf_bytes(raw);
    char *copy = pgr_strndup(bytes.at ? (const char *)bytes.at : "", bytes.len);
    size_t prefix = strlen(path);
    size_t len = 0;
    out[0] = '\0';
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool has_path = strncmp(line, path, prefix) == 0 && line[prefix] == ':';
        len += (size_t)snprintf(out + len, cap - len, "%s\n", has_path ? line + prefix + 1 : line);
        assert_true(len < cap);
    }
    pgr_free(copy);
}

static inline struct load load_source(struct pgr_settings_source source)
{
    struct load load = {.settings = NULL};
    struct pgr_buf errors;
    pgr_buf_init(&errors, 1 << 20);
    load.err = pgr_settings_load(&source, &load.settings, &errors);
    assert_true(load.err == PGR_OK || load.err == PGR_ERR_INVALID);
    assert_int_equal(load.err == PGR_OK, load.settings != NULL);
    strip_path(source.path ? source.path : "-", &errors, load.errors, sizeof(load.errors));
    pgr_buf_fini(&errors);
    return load;
}

static inline struct load load_bytes(struct pgr_bytes text)
{
    struct memory_file file = memory_file_open(text);
    struct load load = load_source((struct pgr_settings_source){.path = file.path});
    close(file.fd);
    return load;
}

static inline struct load load_text(const char *text)
{
    return load_bytes(pgr_bytes_str(text));
}

/* Settings that must be good; the caller unrefs them. */
static inline struct pgr_settings *settings_of(const char *text)
{
    struct load load = load_text(text);
    assert_string_equal(load.errors, "");
    assert_int_equal(load.err, PGR_OK);
    return load.settings;
}
