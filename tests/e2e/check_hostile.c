/*
 * Names that try to break out of what they are shown in, in a binary's symbols and in folded stacks: every output stays
 * what it is, and has all of them.
 */
#include "harness.h"

#include <string.h>

enum { NR_FUNCTIONS = 11 }; /* programs/hostile: nine, leaf and main */

/* A folder with the program's trace. */
static const char *hostile_make(const char *name)
{
    const char *folder = scratch_folder("hostile/%s", name);
    run_ok(folder, "\"$GCC\" -O1 -g -finstrument-functions -c \"$PROGRAMS\"/hostile/hostile.c && "
                   "sh \"$PROGRAMS\"/hostile/rename.sh hostile.o && "
                   "\"$GCC\" hostile.o -o hostile -L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert && ./hostile");
    return folder;
}

/* Valid UTF-8 (Jansson says so) without control bytes but line ends, and without what turns text around. */
static void check_clean(const char *text)
{
    static const char *const forbidden[] = {"\xE2\x80\xAE", "\xE2\x80\x8F", "\xE2\x81\xA6", "\xC2\x9B"};
    json_t *string = json_string(text);
    ck_assert_msg(string != NULL, "not UTF-8");
    json_decref(string);
    for (const char *p = text; *p != '\0'; p++)
        ck_assert_msg((unsigned char)*p >= 0x20 || *p == '\n', "byte %d at %ld", *p, (long)(p - text));
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        ck_assert_ptr_null(strstr(text, forbidden[i]));
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned nr = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
        nr++;
    return nr;
}

START_TEST(text_is_text)
{
    const char *folder = hostile_make("text");
    struct run run = run_ok(folder, "\"$TRACEAN\" report --top 0 trace.zst");
    check_clean(run.out);
    ck_assert_ptr_nonnull(strstr(run.out, "\\x1B[31mred"));
    ck_assert_ptr_nonnull(strstr(run.out, "semi;colon;and\\x0Anewline 99\n"));
    run = run_ok(folder, "\"$TRACEAN\" calls trace.zst");
    check_clean(run.out);
    run = run_ok(folder, "\"$TRACEAN\" info trace.zst");
    check_clean(run.out);
}

END_TEST

/* In Markdown nothing ends its code span, in HTML nothing is a tag, whatever the verb. */
START_TEST(tables_hold_names)
{
    static const char *const verbs[] = {"report --top 0", "tree --top 0", "peek --top 0 .", "hist --top 0 .",
                                        "list main",      "threads",      "modules"};
    const char *folder = hostile_make("tables");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        check_clean(run_ok(folder, "\"$TRACEAN\" %s", verbs[i]).out);
        check_clean(run_ok(folder, "\"$TRACEAN\" %s --format markdown", verbs[i]).out);
        struct run run = run_ok(folder, "\"$TRACEAN\" %s --format html", verbs[i]);
        check_clean(run.out);
        ck_assert_ptr_null(strstr(run.out, "<script"));
        run = run_ok(folder, "\"$TRACEAN\" %s --format json", verbs[i]);
        json_t *json = json_loads(run.out, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json != NULL, "%s: no JSON", verbs[i]);
        json_decref(json);
    }
}

END_TEST

START_TEST(json_is_json)
{
    const char *folder = hostile_make("json");
    json_t *report = report_load(folder, "trace.zst", 0);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "functions")), NR_FUNCTIONS);
    ck_assert_uint_eq(report_calls(report, "</title></script><script>window.hurt=1</script>"), 1);
    ck_assert_uint_eq(report_calls(report, "semi;colon;and\nnewline 99"), 1);
    ck_assert_uint_eq(report_calls(report, "right\xE2\x80\xAEtfel\xE2\x80\x8F\xE2\x81\xA6"), 1);
    ck_assert_uint_eq(report_calls(report, "leaf"), 45);
    report_check_laws(report);
    json_decref(report);
}

END_TEST

/* Rows and fields as RFC 4180 counts them; every row has as many fields as the first. */
static unsigned csv_rows(const char *text)
{
    unsigned nr_rows = 0, nr_fields = 1, nr_wanted = 0;
    bool quoted = false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == ',' && !quoted)
            nr_fields++;
        else if (*p == '\n' && !quoted) {
            nr_wanted = nr_rows == 0 ? nr_fields : nr_wanted;
            ck_assert_uint_eq(nr_fields, nr_wanted);
            nr_rows++;
            nr_fields = 1;
        }
    }
    ck_assert(!quoted);
    return nr_rows;
}

START_TEST(csv_is_a_table)
{
    const char *folder = hostile_make("csv");
    struct run run = run_ok(folder, "\"$TRACEAN\" report --format csv --top 0 trace.zst");
    ck_assert_uint_eq(csv_rows(run.out), 1 + NR_FUNCTIONS);
    ck_assert_ptr_nonnull(strstr(run.out, "'=cmd|"));
}

END_TEST

/* Every line is a stack, a space and a number, and stacks are as deep as they were. */
START_TEST(folded_stacks_are_stacks)
{
    const char *folder = hostile_make("folded");
    struct run run = run_ok(folder, "\"$TRACEAN\" export --format folded trace.zst");
    unsigned nr_lines = 0;
    for (char *line = strtok(run.out, "\n"); line != NULL; line = strtok(NULL, "\n"), nr_lines++) {
        const char *number = strrchr(line, ' ');
        ck_assert_ptr_nonnull(number);
        ck_assert_uint_gt(strlen(number), 1);
        ck_assert_uint_eq(strspn(number + 1, "0123456789"), strlen(number + 1));
        ck_assert_uint_le(count_of(line, ";"), 2);
    }
    ck_assert_uint_ge(nr_lines, 10);
}

END_TEST

static const char *const pictures[] = {"flamegraph", "flamegraph --reverse --colors module", "flamegraph --time-order",
                                       "html"};

/* As many elements that do something as without hostile names. */
static void check_markup(const char *folder, const char *picture, const char *hostile, const char *harmless)
{
    struct run bad = run_ok(folder, "\"$TRACEAN\" %s %s", picture, hostile);
    struct run good = run_ok(folder, "\"$TRACEAN\" %s %s", picture, harmless);
    check_clean(bad.out);
    static const char *const markup[] = {"<script", "</script", "<img", "<iframe", "<object"};
    for (size_t i = 0; i < sizeof markup / sizeof *markup; i++)
        ck_assert_uint_eq(count_of(bad.out, markup[i]), count_of(good.out, markup[i]));
}

START_TEST(pictures_are_pictures)
{
    const char *folder = hostile_make("pictures");
    run_ok(folder, "\"$GCC\" -O1 -finstrument-functions \"$PROGRAMS\"/hostile/hostile.c -o harmless -L\"$LIB\" "
                   "-Wl,-rpath,\"$LIB\" -ltracert && TRACERT_OUTPUT=harmless.zst ./harmless");
    check_markup(folder, pictures[_i], "trace.zst", "harmless.zst");
    check_markup(folder, "flamegraph --diff harmless.zst", "trace.zst", "harmless.zst");
}

END_TEST

/* Folded stacks: the same names but for ; and line ends, which end frames and stacks there. */
START_TEST(folded_input_is_data)
{
    const char *folder = scratch_folder("hostile/input");
    run_ok(
        folder,
        "{ printf 'main;</title></script><script>window.hurt=1</script> 5\\n"
        "main;\"><img src=x onerror=\"window.hurt=1\"> 4\\nmain;\\033[31mred\\033]0;title\\007 3\\n"
        "main;bad\\377\\300\\200 2\\nmain;right\\342\\200\\256tfel 2\\n;;; 4\\n 7\\nmain;]]>&amp; "
        "1\\n'; "
        "printf 'main;'; head -c 65536 /dev/zero | tr '\\0' T; echo ' 9'; } >bad.folded; echo 'main;a 5' >good.folded");
    check_markup(folder, "flamegraph -q", "bad.folded", "good.folded");
    check_markup(folder, "html -q", "bad.folded", "good.folded");
    struct run run = run_shell(folder, "\"$TRACEAN\" flamegraph bad.folded -o x.svg");
    ck_assert_int_eq(run.status, 0);
    check_clean(run.err);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *tcase = tcase_create("hostile");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_test(tcase, text_is_text);
    tcase_add_test(tcase, tables_hold_names);
    tcase_add_test(tcase, json_is_json);
    tcase_add_test(tcase, csv_is_a_table);
    tcase_add_test(tcase, folded_stacks_are_stacks);
    tcase_add_loop_test(tcase, pictures_are_pictures, 0, (int)(sizeof pictures / sizeof *pictures));
    tcase_add_test(tcase, folded_input_is_data);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
