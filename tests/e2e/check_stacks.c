/*
 * Folded stacks that other profilers recorded (programs/stacks/): the flame graph's frames, their samples and shares
 * are those that awk counts.
 */
#include "harness.h"

#include <stdlib.h>

static const char *const recorded[] = {"perf", "bpftrace", "py-spy"};

enum { NR_RECORDED = (int)(sizeof recorded / sizeof *recorded) };

/* Titles of frames, without markup, sorted: the one without samples is the picture's own. */
#define TITLES                                                     \
    "sed -n 's|.*<title>\\(.* samples, .*)\\)</title>.*|\\1|p' | " \
    "sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&#39;/'\\''/g; s/&amp;/\\&/g' | LC_ALL=C sort"

START_TEST(frames_are_what_awk_counts)
{
    const char *name = recorded[_i];
    const char *folder = scratch_folder("stacks/%s", name);
    run_ok(folder,
           "LC_ALL=C awk -f \"$PROGRAMS\"/stacks/titles.awk \"$PROGRAMS\"/stacks/%s.folded | LC_ALL=C sort >want",
           name);
    run_ok(folder, "\"$TRACEAN\" flamegraph --minwidth 0 \"$PROGRAMS\"/stacks/%s.folded -o flame.svg", name);
    run_ok(folder, "cat flame.svg | " TITLES " >got");
    struct run run = run_ok(folder, "diff want got && wc -l <got");
    ck_assert_msg(strtoul(run.out, NULL, 10) >= 15, "%s frames", run.out);
    /* The same through a pipe, and in any order. */
    run_ok(folder,
           "tac \"$PROGRAMS\"/stacks/%s.folded | \"$TRACEAN\" flamegraph --minwidth 0 | " TITLES " | diff want -",
           name);
}

END_TEST

/* Every line of a profiler's is a stack: nothing is left out, and nothing is said. */
START_TEST(no_line_is_left_out)
{
    const char *folder = scratch_folder("stacks/notices-%s", recorded[_i]);
    struct run run = run_ok(folder, "\"$TRACEAN\" flamegraph \"$PROGRAMS\"/stacks/%s.folded >flame.svg", recorded[_i]);
    ck_assert_str_eq(run.err, "");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("stacks");
    TCase *tests = tcase_create("stacks");
    tcase_set_timeout(tests, E2E_TIMEOUT_S);
    tcase_add_loop_test(tests, frames_are_what_awk_counts, 0, NR_RECORDED);
    tcase_add_loop_test(tests, no_line_is_left_out, 0, NR_RECORDED);
    suite_add_tcase(suite, tests);
    return harness_main(suite);
}
