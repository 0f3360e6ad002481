/* The source of functions: the lines around them, and nothing that is no source. */
#include "profile/sources.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/check_sources.XXXXXX";

/* A path in the test's folder. */
static const char *path_of(const char *name)
{
    static char paths[8][64];
    static unsigned nr;
    char *path = paths[nr++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void file_write(const char *name, const char *text, size_t bytes)
{
    FILE *file = fopen(path_of(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, bytes, file), bytes);
    fclose(file);
}

START_TEST(lines_of_functions)
{
    char text[2000] = "";
    for (int i = 1; i <= 200; i++)
        sprintf(text + strlen(text), "line %d\n", i);
    file_write("a.c", text, strlen(text));
    struct profile_function functions[] = {{.file = path_of("a.c"), .line = 10},
                                           {.file = path_of("a.c"), .line = 2},
                                           {.file = "", .line = 5},
                                           {.file = path_of("a.c"), .line = 0},
                                           {.file = path_of("a.c"), .line = 150}};
    const struct profile profile = {.functions = functions, .nr_functions = 5};
    struct sources sources;
    struct err err = {0};
    ck_assert_int_eq(sources_read(&sources, &profile, 10, &err), 0);
    ck_assert_uint_eq(sources.nr, 3);
    ck_assert_uint_eq(sources.list[0].function, 0);
    ck_assert_uint_eq(sources.list[0].first_line, 7);
    ck_assert_int_eq(strncmp(sources.list[0].text, "line 7\nline 8\n", 14), 0);
    ck_assert_ptr_nonnull(strstr(sources.list[0].text, "line 89\n")); /* 80 lines */
    ck_assert_ptr_null(strstr(sources.list[0].text, "line 90\n"));
    ck_assert_str_eq(sources.list[1].text, "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\n");
    ck_assert_uint_eq(sources.list[2].function, 4);
    ck_assert_ptr_nonnull(strstr(sources.list[2].text, "line 200\n"));
    sources_release(&sources);
    ck_assert_int_eq(sources_read(&sources, &profile, 1, &err), 0);
    ck_assert_uint_eq(sources.nr, 1);
    sources_release(&sources);
}

END_TEST

/* What a hostile binary may name as its source. */
START_TEST(no_source_is_read)
{
    ck_assert_int_eq(mkfifo(path_of("fifo.c"), 0600), 0);
    ck_assert_int_eq(mkdir(path_of("folder.c"), 0700), 0);
    file_write("secret", "x\n", 2);
    file_write("key.pem", "x\n", 2);
    file_write("empty.c", "", 0);
    ck_assert_int_eq(truncate(path_of("empty.c"), 0), 0);
    file_write("large.c", "x\n", 2);
    ck_assert_int_eq(truncate(path_of("large.c"), 9 << 20), 0);
    static const char *const names[] = {"fifo.c", "folder.c", "secret", "key.pem", "empty.c", "large.c", "missing.c"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct profile_function function = {.file = path_of(names[i]), .line = 1};
        const struct profile profile = {.functions = &function, .nr_functions = 1};
        struct sources sources;
        struct err err = {0};
        ck_assert_int_eq(sources_read(&sources, &profile, 10, &err), 0);
        ck_assert_msg(sources.nr == 0, "%s", names[i]);
        sources_release(&sources);
    }
}

END_TEST

START_TEST(long_lines_are_cut)
{
    static char text[100000];
    memset(text, 'x', sizeof(text));
    text[50] = '\0';
    memcpy(text + 90000, "\nend\n", 5);
    file_write("long.c", text, 90005);
    struct profile_function function = {.file = path_of("long.c"), .line = 1};
    const struct profile profile = {.functions = &function, .nr_functions = 1};
    struct sources sources;
    struct err err = {0};
    ck_assert_int_eq(sources_read(&sources, &profile, 10, &err), 0);
    ck_assert_uint_eq(sources.nr, 1);
    ck_assert_uint_eq(strlen(sources.list[0].text), 405);
    ck_assert_int_eq(sources.list[0].text[50], ' ');
    ck_assert_str_eq(sources.list[0].text + 400, "\nend\n");
    sources_release(&sources);
}

END_TEST

int main(void)
{
    char command[64];
    if (!mkdtemp(folder))
        return 1;
    Suite *suite = suite_create("sources");
    TCase *tests = tcase_create("sources");
    tcase_add_test(tests, lines_of_functions);
    tcase_add_test(tests, no_source_is_read);
    tcase_add_test(tests, long_lines_are_cut);
    suite_add_tcase(suite, tests);
    int status = suite_run(suite);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? status : 1;
}
