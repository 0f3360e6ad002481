/*
 * Profiles as files: they say what the trace says, when it is gone, and add up in any order.
 */
#include "expect.h"

#include <string.h>

/* A folder with a program of several threads, and its traces 1.zst, 2.zst and 3.zst. */
static const char *traces_make(const char *name)
{
    const char *folder = scratch_folder("profiles/%s", name);
    build_program(&toolchains[1], folder, "program", "\"$SOURCE\"/examples/threads/threads.c", "-pthread");
    for (int i = 1; i <= 3; i++)
        run_ok(folder, "TRACERT_OUTPUT=%d.zst ./program >/dev/null", i);
    return folder;
}

START_TEST(profile_says_what_the_trace_says)
{
    const char *folder = traces_make("same");
    run_ok(folder, "\"$TRACEAN\" profile 1.zst -o 1.tprof && zstd -q -t 1.tprof && \"$TRACEAN\" verify 1.tprof");
    static const char *const views[] = {"report", "report --format json", "report --format csv", "export",
                                        "flamegraph"};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        run_ok(folder, "\"$TRACEAN\" %s 1.zst >%zu.before", views[i], i);
    run_ok(folder, "rm 1.zst program");
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        run_ok(folder, "\"$TRACEAN\" %s 1.tprof >%zu.after && cmp %zu.before %zu.after", views[i], i, i, i);
    json_t *report = report_load(folder, "1.tprof", 0);
    report_check_laws(report);
    json_decref(report);
}

END_TEST

START_TEST(merging_in_any_order_gives_the_same_bytes)
{
    const char *folder = traces_make("merge");
    run_ok(folder, "for i in 1 2 3; do \"$TRACEAN\" profile $i.zst -o $i.tprof; done");
    run_ok(folder, "\"$TRACEAN\" profile 3.zst 1.zst 2.zst -o all.tprof");
    run_ok(folder, "\"$TRACEAN\" merge 1.tprof 2.tprof 3.tprof -o a.tprof && cmp a.tprof all.tprof");
    run_ok(folder,
           "\"$TRACEAN\" merge 3.tprof 1.tprof -o 31.tprof && \"$TRACEAN\" merge 2.tprof 31.tprof -o b.tprof && "
           "cmp b.tprof all.tprof");
    run_ok(folder, "\"$TRACEAN\" merge 2.zst 31.tprof >c.tprof && cmp c.tprof all.tprof");
    json_t *all = report_load(folder, "all.tprof", 0), *one = report_load(folder, "1.zst", 0);
    ck_assert_uint_eq(report_fact(all, "traces"), 3);
    ck_assert_uint_eq(report_fact(all, "calls"), 3 * report_fact(one, "calls"));
    ck_assert_uint_eq(report_fact(all, "threads"), 3 * report_fact(one, "threads"));
    report_check_laws(all);
    json_decref(all);
    json_decref(one);
}

END_TEST

START_TEST(incomplete_traces_stay_incomplete)
{
    const char *folder = traces_make("incomplete");
    run_ok(folder, "head -c -1 1.zst >cut.zst");
    struct run run = run_shell(folder, "\"$TRACEAN\" profile cut.zst -o cut.tprof");
    ck_assert_int_eq(run.status, 3);
    run = run_shell(folder, "\"$TRACEAN\" merge cut.tprof 2.zst -o all.tprof");
    ck_assert_int_eq(run.status, 3);
    run = run_shell(folder, "\"$TRACEAN\" report all.tprof");
    ck_assert_int_eq(run.status, 3);
    ck_assert_msg(strstr(run.out, "cut.zst: ") != NULL, "%s", run.out); /* a notice says which one */
}

END_TEST

static const struct wrong {
    const char *command;
    int status;
} wrong[] = {
    {"report --time 0..1s 1.tprof", 1},
    {"report --function x 1.tprof", 1},
    {"report --thread 1 1.tprof", 1},
    {"calls 1.tprof", 1},
    {"dump 1.tprof", 1},
    {"info 1.tprof", 1},
    {"report cut.tprof", 2},
    {"merge 1.tprof cut.tprof", 2},
    {"verify cut.tprof", 2},
    {"report newer.tprof", 2},
};

START_TEST(wrong_use_is_refused)
{
    const char *folder = traces_make("wrong");
    run_ok(folder,
           "\"$TRACEAN\" profile 1.zst -o 1.tprof && head -c -1 1.tprof >cut.tprof && cp 1.tprof newer.tprof && "
           "printf '\\002' | dd of=newer.tprof bs=1 seek=14 conv=notrunc 2>/dev/null");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct run run = run_shell(folder, "\"$TRACEAN\" %s", wrong[i].command);
        ck_assert_msg(run.status == wrong[i].status, "%s: exit %d: %s", wrong[i].command, run.status, run.err);
        ck_assert_msg(count_lines(run.err) == 1 && run.out[0] == '\0', "%s: %s", wrong[i].command, run.err);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("profiles");
    TCase *tcase = tcase_create("profiles");
    tcase_add_test(tcase, profile_says_what_the_trace_says);
    tcase_add_test(tcase, merging_in_any_order_gives_the_same_bytes);
    tcase_add_test(tcase, incomplete_traces_stay_incomplete);
    tcase_add_test(tcase, wrong_use_is_refused);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
