/* progress.c: the line, and when there is none. */
#include "cmd/progress.h"
#include "suite.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    uint64_t done, all, passed_ns;
    const char *expected;
} lines[] = {
    {0, 100, 1000000000, "t.zst  [                              ]   0 %  0 s left"},
    {50, 100, 2000000000, "t.zst  [###############               ]  50 %  2 s left"},
    {1, 100, 10000000000, "t.zst  [                              ]   1 %  16 min left"},
    {100, 100, 1000000000, "t.zst  [##############################] 100 %  0 s left"},
    {200, 100, 1000000000, "t.zst  [##############################] 100 %  0 s left"},
    {0, 0, 0, "t.zst  [##############################] 100 %  0 s left"},
};

START_TEST(lines_tell_how_far)
{
    char line[PROGRESS_BYTES];
    progress_line(line, "t.zst", lines[_i].done, lines[_i].all, lines[_i].passed_ns);
    ck_assert_str_eq(line, lines[_i].expected);
}

END_TEST

START_TEST(names_are_harmless_and_short)
{
    char line[PROGRESS_BYTES], name[2000];
    memset(name, 'x', sizeof(name) - 1);
    name[0] = '\x1b';
    name[sizeof(name) - 1] = '\0';
    progress_line(line, name, 1, 2, 1000000000);
    ck_assert_ptr_null(strchr(line, '\x1b'));
    ck_assert_uint_lt(strlen(line), 100);
}

END_TEST

START_TEST(no_terminal_no_bar)
{
    struct options quiet = {.quiet = true};
    struct progress progress = progress_begin(&quiet, "a/b");
    ck_assert(!progress.enabled);
    ck_assert_str_eq(progress.name, "b");
    progress_show(&progress, 1, 2);
    ck_assert_uint_eq(progress.shown_ns, 0);
    progress_end(&progress);
}

END_TEST

/* What stands on standard error while something is read, half of it; `asked`: with a SIGUSR1 before. */
static void error_read(char *text, size_t room, bool asked)
{
    FILE *file = tmpfile();
    struct options options = {.quiet = true};
    int own = dup(STDERR_FILENO);
    ck_assert(file != NULL && own >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    struct progress progress = progress_begin(&options, "a/b");
    if (asked)
        raise(SIGUSR1);
    for (int i = 0; i < 3; i++)
        progress_show(&progress, 50, 100);
    progress_end(&progress);
    fflush(stderr);
    dup2(own, STDERR_FILENO);
    close(own);
    rewind(file);
    text[fread(text, 1, room - 1, file)] = '\0';
    fclose(file);
}

START_TEST(line_is_shown_when_it_is_asked_for)
{
    char text[1024];
    progress_listen();
    error_read(text, sizeof(text), true);
    ck_assert_str_eq(text, "b  [###############               ]  50 %  0 s left\n");
    error_read(text, sizeof(text), false);
    ck_assert_str_eq(text, "");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("progress");
    TCase *tcase = tcase_create("progress");
    tcase_add_loop_test(tcase, lines_tell_how_far, 0, (int)(sizeof(lines) / sizeof(lines[0])));
    tcase_add_test(tcase, names_are_harmless_and_short);
    tcase_add_test(tcase, no_terminal_no_bar);
    tcase_add_test(tcase, line_is_shown_when_it_is_asked_for);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
