/*
 * findings.c: patterns at their limits, in profiles made for them.
 */
#include "profile/calltree.h"
#include "profile/findings.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MAIN, A, B, C, NR_FUNCTIONS };

static const struct profile_function names[NR_FUNCTIONS] = {{.name = "main", .module = "", .file = ""},
                                                            {.name = "a", .module = "", .file = ""},
                                                            {.name = "b::c<d>", .module = "", .file = ""},
                                                            {.name = "c", .module = "", .file = ""}};

static struct calltree tree;
static struct histogram_count counts[NR_FUNCTIONS]; /* how long the calls of each took; without calls it is not known */
static struct findings found;

static uint32_t add(uint32_t parent, uint32_t function, uint64_t calls, uint64_t inclusive)
{
    struct err err = {0};
    uint32_t node = calltree_child(&tree, parent, function, &err);
    tree.nodes[node].calls += calls;
    tree.nodes[node].inclusive += inclusive;
    return node;
}

static void setup(void)
{
    struct err err = {0};
    memset(counts, 0, sizeof(counts));
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
}

/* The findings of the tree as a profile, in which a pair of hooks costs `hooks_ps`; 0: that is not known. */
static struct profile *find(uint64_t hooks_ps)
{
    struct err err = {0};
    struct profile *profile = calloc(1, sizeof(*profile));
    arena_init(&profile->arena, 0);
    profile->functions = arena_array(&profile->arena, NR_FUNCTIONS, sizeof(names[0]));
    memcpy(profile->functions, names, sizeof(names));
    for (unsigned i = 0; i < NR_FUNCTIONS; i++)
        if (counts[i].calls > 0)
            profile->functions[i].durations = (struct histogram){&counts[i], 1};
    profile->nr_functions = NR_FUNCTIONS;
    profile->facts = (struct profile_facts){
        .source = "", .has_calls = true, .unit = "ns", .is_corrected = hooks_ps > 0, .hook_inside_ps = hooks_ps};
    ck_assert_int_eq(profile_finish(profile, &tree, &err), 0);
    ck_assert_int_eq(findings_make(&found, profile, &err), 0);
    calltree_release(&tree);
    return profile;
}

static const struct finding *finding_of(const struct profile *profile, enum finding_kind kind, const char *function)
{
    for (uint32_t i = 0; i < found.nr; i++)
        if (found.list[i].kind == kind && strcmp(profile->functions[found.list[i].function].name, function) == 0)
            return &found.list[i];
    return NULL;
}

static void end(struct profile *profile)
{
    findings_release(&found);
    profile_free(profile);
}

/* main is the run; its callees take so much of 1000, and the question is whether it is wide. */
static const struct {
    uint64_t a, b, c;
    bool is_wide;
} fans[] = {{300, 300, 300, true}, {799, 100, 100, true}, {800, 100, 100, false},
            {1000, 0, 0, false},   {250, 249, 0, false},  {250, 250, 0, true}};

START_TEST(wide_frames)
{
    setup();
    uint32_t node = add(CALLTREE_ROOT, MAIN, 1, 1000);
    add(node, A, 1, fans[_i].a);
    if (fans[_i].b > 0)
        add(node, B, 1, fans[_i].b);
    if (fans[_i].c > 0)
        add(node, C, 1, fans[_i].c);
    struct profile *profile = find(0);
    ck_assert_int_eq(finding_of(profile, FINDING_WIDE_FRAME, "main") != NULL, fans[_i].is_wide);
    end(profile);
}

END_TEST

START_TEST(flat_tops)
{
    setup();
    uint32_t node = add(CALLTREE_ROOT, MAIN, 1, 1000);
    add(node, A, 1, 100);
    add(node, B, 1, 99);
    struct profile *profile = find(0);
    ck_assert_ptr_nonnull(finding_of(profile, FINDING_FLAT_TOP, "main"));
    ck_assert_ptr_nonnull(finding_of(profile, FINDING_FLAT_TOP, "a"));
    ck_assert_ptr_null(finding_of(profile, FINDING_FLAT_TOP, "b::c<d>"));
    end(profile);
}

END_TEST

START_TEST(tall_stacks)
{
    for (unsigned depth = 15; depth <= 16; depth++) {
        setup();
        uint32_t node = add(CALLTREE_ROOT, MAIN, 1, 1000);
        for (unsigned i = 0; i < depth; i++)
            node = add(node, A, 1, 500);
        struct profile *profile = find(0);
        ck_assert_int_eq(finding_of(profile, FINDING_TALL_STACK, "a") != NULL, depth >= 16);
        end(profile);
    }
}

END_TEST

/* A call path of a function of which all calls took the same time. */
static void add_even(uint32_t parent, uint32_t function, uint64_t calls, uint64_t each_ns)
{
    uint32_t node = add(parent, function, calls, calls * each_ns);
    tree.nodes[node].min = tree.nodes[node].max = each_ns;
    counts[function] = (struct histogram_count){histogram_bucket(each_ns), calls};
}

/* Calls of 19, 19 and 20 ns, where a pair of hooks costs 10 ns, all of them within what is measured. */
START_TEST(tiny_calls)
{
    setup();
    uint32_t node = add(CALLTREE_ROOT, MAIN, 1, 1000000);
    add_even(node, A, 1000, 19);
    add_even(node, B, 1001, 19);
    add_even(node, C, 1000, 20);
    struct profile *profile = find(10000);
    const struct finding *finding = finding_of(profile, FINDING_TINY_CALLS, "b::c<d>");
    ck_assert_ptr_nonnull(finding);
    ck_assert_uint_eq(finding->number, 2);
    ck_assert_uint_eq(finding->calls, 2001);
    ck_assert_uint_eq(finding->time_ns, 20010);
    ck_assert_ptr_nonnull(strstr(finding->advice, "exclude-function-list=a\n"));

    /* Where tracing was all of it, nothing is left to be a share of. */
    struct err err = {0};
    findings_release(&found);
    profile->nodes[0].inclusive_ns = 0;
    ck_assert_int_eq(findings_make(&found, profile, &err), 0);
    ck_assert_ptr_nonnull(finding_of(profile, FINDING_TINY_CALLS, "b::c<d>"));
    end(profile);
}

END_TEST

START_TEST(calls_are_not_tiny)
{
    setup(); /* too few to matter */
    add_even(add(CALLTREE_ROOT, MAIN, 1, 10000000), A, 1000, 19);
    struct profile *profile = find(10000);
    ck_assert_ptr_null(finding_of(profile, FINDING_TINY_CALLS, "a"));
    end(profile);
    setup(); /* what hooks cost is not known */
    add_even(add(CALLTREE_ROOT, MAIN, 1, 1000000), A, 1000, 19);
    profile = find(0);
    ck_assert_ptr_null(finding_of(profile, FINDING_TINY_CALLS, "a"));
    end(profile);
}

END_TEST

static uint32_t function_of(const struct profile *profile, const char *name)
{
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        if (strcmp(profile->functions[i].name, name) == 0)
            return i;
    ck_abort_msg("no function %s", name);
    return 0;
}

/* main calls a, a calls c: all three show the same, which is told of the innermost; b shows too little. */
START_TEST(rhythms_are_told_once)
{
    setup();
    uint32_t node = add(CALLTREE_ROOT, MAIN, 1, 100000);
    uint32_t a = add(node, A, 100, 60000);
    add(a, C, 100, 50000);
    add(node, B, 100, 1000);
    struct profile *profile = find(0);
    findings_release(&found);
    const char *const told[] = {"main", "c", "a", "b::c<d>", "a"};
    struct profile_rhythm rhythms[5];
    for (unsigned i = 0; i < 5; i++)
        rhythms[i] = (struct profile_rhythm){.kind = i < 4 ? RHYTHM_LOCKSTEP : RHYTHM_SAWTOOTH,
                                             .function = function_of(profile, told[i]),
                                             .nr_threads = 2,
                                             .number = 40 + i % 2,
                                             .excess_ns = i == 3 ? 999 : 4000 + 10 * i,
                                             .low_ns = 20,
                                             .high_ns = 5000,
                                             .period_calls = 100,
                                             .is_regular = true,
                                             .together_permille = i == 1 ? 900 : 0};
    struct err err = {0};
    profile->rhythms = rhythms;
    profile->nr_rhythms = 5;
    ck_assert_int_eq(findings_make(&found, profile, &err), 0);
    ck_assert_ptr_null(finding_of(profile, FINDING_LOCKSTEP, "main"));
    ck_assert_ptr_null(finding_of(profile, FINDING_LOCKSTEP, "a"));
    ck_assert_ptr_null(finding_of(profile, FINDING_LOCKSTEP, "b::c<d>"));
    const struct finding *beat = finding_of(profile, FINDING_LOCKSTEP, "c");
    const struct finding *saw = finding_of(profile, FINDING_SAWTOOTH, "a");
    ck_assert(beat != NULL && saw != NULL);
    ck_assert_str_eq(beat->text,
                     "41 calls take 5.00 us where others take 20 ns, one in every 100 calls, in 2 threads at "
                     "the same time: 4.0 % of the run");
    ck_assert_str_eq(beat->advice, "tracean outliers c");
    ck_assert_str_eq(saw->text,
                     "its calls rise from 20 ns to 5.00 us and drop back, 40 times, every 100 calls: 4.0 % of "
                     "the run");
    end(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("findings");
    TCase *tests = tcase_create("findings");
    tcase_add_loop_test(tests, wide_frames, 0, (int)(sizeof(fans) / sizeof(fans[0])));
    tcase_add_test(tests, flat_tops);
    tcase_add_test(tests, tall_stacks);
    tcase_add_test(tests, tiny_calls);
    tcase_add_test(tests, calls_are_not_tiny);
    tcase_add_test(tests, rhythms_are_told_once);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
