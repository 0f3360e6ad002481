#include "symbols_fixture.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fixture_open(struct fixture *fixture)
{
    *fixture = (struct fixture){.dir = "/tmp/check_symbols.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(fixture->dir));
    ck_assert_int_eq(chdir(fixture->dir), 0);
    arena_init(&fixture->arena, 0);
}

static void notices_clear(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->nr_notices; i++)
        free(fixture->notices[i]);
    fixture->nr_notices = 0;
}

void fixture_close(struct fixture *fixture)
{
    ck_assert_int_eq(chdir("/"), 0);
    fixture_run("chmod -R u+rwX %s && rm -rf %s", fixture->dir, fixture->dir);
    notices_clear(fixture);
    free(fixture->answers);
    arena_release(&fixture->arena);
}

void fixture_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

void fixture_run(const char *format, ...)
{
    char line[4096];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    ck_assert(length > 0 && (size_t)length < sizeof(line));
    ck_assert_msg(system(line) == 0, "failed: %s", line);
}

bool fixture_has_tool(const char *name)
{
    char line[256];
    (void)snprintf(line, sizeof(line), "command -v %s >/dev/null", name);
    return system(line) == 0;
}

void fixture_notice(void *context, const char *text)
{
    struct fixture *fixture = context;
    ck_assert_uint_lt(fixture->nr_notices, FIXTURE_NOTICES_MAX);
    fixture->notices[fixture->nr_notices++] = strdup(text);
}

void fixture_resolve(struct fixture *fixture, const struct symbol_module *modules, size_t nr_modules,
                     const struct symbol_query *queries, size_t nr_queries, const struct symbol_options *options)
{
    const struct symbol_options none = {0};
    struct err err = {0};
    notices_clear(fixture);
    free(fixture->answers);
    fixture->answers = malloc((nr_queries + 1) * sizeof(*fixture->answers));
    ck_assert_ptr_nonnull(fixture->answers);
    memset(fixture->answers, 0xa5, (nr_queries + 1) * sizeof(*fixture->answers));
    int result = symbols_resolve(modules, nr_modules, queries, nr_queries, options ? options : &none, fixture->answers,
                                 &fixture->arena, fixture_notice, fixture, &err);
    ck_assert_msg(result == 0, "%s", err.text);
}

struct symbol fixture_resolve_one(struct fixture *fixture, const char *path, uint64_t address)
{
    const struct symbol_module module = {.path = path};
    const struct symbol_query query = {.module = 0, .address = address};
    fixture_resolve(fixture, &module, 1, &query, 1, NULL);
    return fixture->answers[0];
}

uint64_t fixture_address(const char *path, const char *name)
{
    char line[512];
    unsigned long long address = 0;
    (void)snprintf(line, sizeof(line), "nm '%s' | awk '$3 == \"%s\" { print $1 }'", path, name);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_msg(fscanf(pipe, "%llx", &address) == 1, "no %s in %s", name, path);
    ck_assert_int_eq(pclose(pipe), 0);
    return address;
}

size_t fixture_build_id(const char *path, uint8_t *build_id, size_t room)
{
    char line[512];
    unsigned byte;
    size_t nr_bytes = 0;
    (void)snprintf(line, sizeof(line), "readelf -n '%s' | sed -n 's/.*Build ID: //p'", path);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    while (nr_bytes < room && fscanf(pipe, "%2x", &byte) == 1)
        build_id[nr_bytes++] = (uint8_t)byte;
    ck_assert_int_eq(pclose(pipe), 0);
    return nr_bytes;
}
