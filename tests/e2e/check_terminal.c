/*
 * Texts at a terminal: no line is wider than it, colours are there and nowhere else, and not where NO_COLOR forbids.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

static const char *const verbs[] = {"report",         "tree",    "peek serve", "hist serve", "list serve",
                                    "outliers serve", "threads", "modules",    "info"};

enum { NR_VERBS = (int)(sizeof verbs / sizeof *verbs), NR_FITTING = NR_VERBS - 1 }; /* info has whole paths */

static const unsigned widths[] = {80, 140};

enum { NR_WIDTHS = (int)(sizeof widths / sizeof *widths) };

/* A function whose name does not fit, so that something has to be shortened. */
#define LONG_NAME "a_name_of_a_function_that_is_far_too_long_for_any_line_of_a_terminal_"

static const char *folder_with_trace(const char *name)
{
    const char *folder = scratch_folder("terminal/%s", name);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/slow_calls.c",
                  "-g -Drefill=" LONG_NAME LONG_NAME LONG_NAME);
    run_ok(folder, "./program");
    return folder;
}

/* What a terminal of that many columns gets. */
static char *terminal_shows(const char *folder, const char *environment, const char *verb, unsigned columns)
{
    return run_ok(folder, "%s TERM=xterm script -qec 'stty rows 1000 cols %u; \"$TRACEAN\" %s' /dev/null", environment,
                  columns, verb)
        .out;
}

/* Skips an escape sequence of colours. */
static const char *after_escape(const char *p)
{
    if (*p != '\033')
        return p;
    return p + 1 + strcspn(p + 1, "mK") + 1;
}

/* Commands to be copied are whole, however wide. */
static void commands_cut(char *text)
{
    static const char command[] = "\n  tracean ";
    char *p = text, *end;
    while ((p = strstr(p, command)) != NULL && (end = strchr(p + 1, '\n')) != NULL)
        memmove(p, end, strlen(end) + 1);
}

static unsigned widest_line(const char *text)
{
    unsigned widest = 0, column = 0;
    for (const char *p = text; *p != '\0'; p++) {
        while (*p == '\033')
            p = after_escape(p);
        if (*p == '\n' || *p == '\0')
            column = 0;
        else if (*p != '\r' && ((unsigned char)*p & 0xc0) != 0x80)
            column++;
        widest = column > widest ? column : widest;
        if (*p == '\0')
            break;
    }
    return widest;
}

START_TEST(lines_fit)
{
    const char *folder = folder_with_trace("fit");
    for (int width = 0; width < NR_WIDTHS; width++)
        for (int verb = 0; verb < NR_FITTING; verb++) {
            char *text = terminal_shows(folder, "", verbs[verb], widths[width]);
            commands_cut(text);
            unsigned widest = widest_line(text);
            ck_assert_msg(widest >= 20, "%s shows nothing:\n%s", verbs[verb], text);
            ck_assert_msg(widest <= widths[width], "%s: a line of %u columns at %u:\n%s", verbs[verb], widest,
                          widths[width], text);
        }
}

END_TEST

START_TEST(colour_is_for_terminals)
{
    const char *folder = folder_with_trace("colour");
    ck_assert_ptr_nonnull(strchr(terminal_shows(folder, "", "report", 80), '\033'));
    ck_assert_ptr_nonnull(strchr(terminal_shows(folder, "NO_COLOR=", "report", 80), '\033'));
    for (int verb = 0; verb < NR_VERBS; verb++) {
        ck_assert_ptr_null(strchr(terminal_shows(folder, "NO_COLOR=1", verbs[verb], 80), '\033'));
        ck_assert_ptr_null(strchr(run_ok(folder, "\"$TRACEAN\" %s", verbs[verb]).out, '\033'));
    }
    /* A pipe takes whole names. */
    ck_assert_ptr_nonnull(strstr(run_ok(folder, "\"$TRACEAN\" report -n 0").out, LONG_NAME LONG_NAME LONG_NAME));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("terminal");
    TCase *tests = tcase_create("terminal");
    tcase_set_timeout(tests, E2E_TIMEOUT_S);
    tcase_add_test(tests, lines_fit);
    tcase_add_test(tests, colour_is_for_terminals);
    suite_add_tcase(suite, tests);
    return harness_main(suite);
}
