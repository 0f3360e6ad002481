/*
 * What bash completes, by the file that is installed for it, is what tracean's --help tells.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#define BASH_FILE E2E_PREFIX "/share/bash-completion/completions/tracean"

/* What bash offers for the word `current` behind `words`. */
static char *bash_completes(const char *folder, const char *words, const char *current)
{
    struct run run =
        run_ok(folder,
               "PATH=\"$PREFIX/bin:$PATH\"; export PATH; cat >ask.sh <<'END'\n"
               ". \"" BASH_FILE "\"\nCOMP_WORDS=(%s \"%s\")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
               "_tracean tracean \"%s\" \"${COMP_WORDS[COMP_CWORD-1]}\"\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n"
               "END\nbash ask.sh",
               words, current, current);
    ck_assert_str_eq(run.err, "");
    return strdup(run.out);
}

/* Every line of the one text is a line of the other. How many they are. */
static int lines_are_in(const char *lines, const char *text)
{
    char line[128];
    int nr = 0;
    for (const char *p = lines; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t bytes = strcspn(p, "\n");
        ck_assert_uint_lt(bytes + 1, sizeof(line));
        memcpy(line, p, bytes);
        memcpy(line + bytes, "\n", 2);
        ck_assert_msg(strstr(text, line) != NULL, "%s is not among %s", line, text);
        nr++;
    }
    return nr;
}

START_TEST(verbs_are_those_of_help)
{
    const char *folder = scratch_folder("completion/verbs");
    struct run told = run_ok(folder, "\"$TRACEAN\" --help | grep -oE '^  [a-z]+ ' | tr -d ' '");
    char *offered = bash_completes(folder, "tracean", "");
    ck_assert_int_gt(lines_are_in(told.out, offered), 15);
    ck_assert_int_eq(lines_are_in("report\n", bash_completes(folder, "tracean", "rep")), 1);
    ck_assert_ptr_null(strstr(bash_completes(folder, "tracean", "rep"), "flamegraph"));
}

END_TEST

START_TEST(options_are_those_of_help)
{
    static const char *const verbs[] = {"report", "flamegraph", "diff", "calls"};
    const char *folder = scratch_folder("completion/options-%s", verbs[_i]), *verb = verbs[_i];
    char words[64];
    struct run told =
        run_ok(folder, "\"$TRACEAN\" %s --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -o -- '--.*'", verb);
    snprintf(words, sizeof(words), "tracean %s", verb);
    char *offered = bash_completes(folder, words, "--");
    ck_assert_int_eq(lines_are_in(told.out, offered), lines_are_in(offered, told.out));
}

END_TEST

START_TEST(values_are_known)
{
    const char *folder = scratch_folder("completion/values");
    lines_are_in("text\njson\ncsv\nmarkdown\nhtml\n", bash_completes(folder, "tracean report --format", ""));
    lines_are_in("folded\npprof\nmassif\n", bash_completes(folder, "tracean export --format", ""));
    ck_assert_str_eq(bash_completes(folder, "tracean report --color", "n"), "never\n");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("completion");
    TCase *tcase = tcase_create("bash");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_test(tcase, verbs_are_those_of_help);
    tcase_add_loop_test(tcase, options_are_those_of_help, 0, 4);
    tcase_add_test(tcase, values_are_known);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
