/* fold.c, calltree.c: folded or cut, a tree says the same of functions and of who calls whom, and is smaller. */
#include "profile/edges.h"
#include "profile/replay.h"
#include "random.h"
#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A function's fn is 0xa and its number; without modules its address is what it is called. */
static void enter(struct writer_thread *thread, uint64_t ticks, uint64_t function)
{
    thread_enter(thread, ticks, 0xa + function, 0x1000, false);
}

/* Some functions that call each other at random, `depth` deep at most. */
static char *trace_make(uint64_t seed, uint32_t nr_functions, uint32_t depth, int nr_events)
{
    struct writer writer;
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1, ticks = 2000;
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    for (int i = 0; i < nr_events; i++) {
        bool deeper = thread->depth == 0 || (thread->depth < depth && random_next(&state) % 8 < 5 - seed % 2);
        ticks += random_next(&state) % 20;
        if (deeper)
            enter(thread, ticks, random_next(&state) % nr_functions);
        else if (random_next(&state) % 50 == 0)
            thread_unwind(thread, ticks);
        else
            thread_exit(thread, ticks);
        if (random_next(&state) % 500 == 0)
            thread_flush(thread);
    }
    thread_flush(thread);
    writer_thread_free(thread);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    writer_free(&writer);
    return path;
}

/* The profile of a trace; functions are called by their addresses. */
static struct profile *profile_of(const char *path, const struct replay_filter *filter, uint32_t nr_nodes_max)
{
    struct err err = {0};
    struct replay replay = {0};
    struct trace *trace = trace_open(path, &err);
    struct profile *profile = calloc(1, sizeof(*profile));
    ck_assert_msg(trace != NULL, "%s", err.text);
    arena_init(&profile->arena, 0);
    ck_assert_int_eq(replay_init(&replay, trace, filter, &err), 0);
    if (nr_nodes_max > 0)
        replay.tree.nr_nodes_max = nr_nodes_max;
    ck_assert_msg(replay_run(&replay, &err) == 0, "%s", err.text);
    ck_assert_int_eq(replay.tree.cut, nr_nodes_max > 0);
    profile->nr_functions = replay.functions.nr;
    profile->functions = arena_array(&profile->arena, replay.functions.nr, sizeof(*profile->functions));
    for (uint32_t i = 0; i < replay.functions.nr; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%llx", (unsigned long long)replay.functions.ids[i].at.address);
        profile->functions[i] = (struct profile_function){
            .name = arena_copy(&profile->arena, name, strlen(name)), .module = "", .file = ""};
        ck_assert_int_eq(replay_durations(&replay, i, &profile->arena, &profile->functions[i].durations), 0);
    }
    ck_assert_int_eq(profile_finish(profile, &replay.tree, &err), 0);
    replay_release(&replay);
    trace_close(trace);
    return profile;
}

static const struct profile_function *function_find(const struct profile *profile, const char *name)
{
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        if (strcmp(profile->functions[i].name, name) == 0)
            return &profile->functions[i];
    ck_abort_msg("%s is not there", name);
    return NULL;
}

static void functions_equal(const struct profile *a, const struct profile *b, bool also_inclusive)
{
    ck_assert_uint_eq(a->nr_functions, b->nr_functions);
    for (uint32_t i = 0; i < a->nr_functions; i++) {
        const struct profile_function *f = &a->functions[i], *g = function_find(b, f->name);
        ck_assert_uint_eq(f->calls, g->calls);
        ck_assert_uint_eq(f->exclusive_ns, g->exclusive_ns);
        ck_assert_uint_eq(f->sum_ns, g->sum_ns);
        ck_assert_uint_eq(f->min_ns, g->min_ns);
        ck_assert_uint_eq(f->max_ns, g->max_ns);
        ck_assert_uint_eq(histogram_calls(&g->durations), f->calls);
        if (also_inclusive)
            ck_assert_uint_eq(f->inclusive_ns, g->inclusive_ns);
    }
    ck_assert_uint_eq(a->nodes[0].inclusive_ns, b->nodes[0].inclusive_ns);
}

static const char *edge_name(const struct profile *profile, uint32_t function)
{
    return function == EDGE_NO_CALLER ? "" : profile->functions[function].name;
}

static void edges_equal(const struct profile *a, const struct profile *b)
{
    struct err err = {0};
    struct edges e, f;
    ck_assert_int_eq(edges_make(&e, a, &err), 0);
    ck_assert_int_eq(edges_make(&f, b, &err), 0);
    ck_assert_uint_eq(e.nr, f.nr);
    for (size_t i = 0; i < e.nr; i++) {
        size_t j = 0;
        while (j < f.nr && (strcmp(edge_name(a, e.edges[i].caller), edge_name(b, f.edges[j].caller)) != 0 ||
                            strcmp(edge_name(a, e.edges[i].callee), edge_name(b, f.edges[j].callee)) != 0))
            j++;
        ck_assert_uint_lt(j, f.nr);
        ck_assert_uint_eq(e.edges[i].calls, f.edges[j].calls);
        ck_assert_uint_eq(e.edges[i].inclusive_ns, f.edges[j].inclusive_ns);
    }
    edges_release(&e);
    edges_release(&f);
}

/* No node's time has fallen below zero. */
static void tree_check(const struct profile *profile)
{
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        ck_assert_uint_lt(profile->nodes[i].inclusive_ns, (uint64_t)1 << 62);
        ck_assert_uint_le(profile->nodes[i].exclusive_ns, profile->nodes[i].inclusive_ns);
    }
}

START_TEST(folding_changes_no_figure)
{
    uint64_t seed = (uint64_t)_i;
    uint32_t nr_functions = 1 + (uint32_t)(seed % 6);
    char *path = trace_make(seed, nr_functions, 3 + (uint32_t)(seed % 5) * 8, 3000);
    struct replay_filter filter = {.to_ns = UINT64_MAX};
    if (seed % 3 == 2) { /* a window of time, with calls that are open at both ends */
        filter.from_ns = 5000;
        filter.to_ns = 15000;
    }
    struct profile *whole = profile_of(path, &filter, 0);
    filter.folds = true;
    struct profile *folded = profile_of(path, &filter, 0);
    functions_equal(whole, folded, true);
    edges_equal(whole, folded);
    tree_check(folded);
    ck_assert_uint_le(folded->nr_nodes, whole->nr_nodes);
    profile_free(whole);
    profile_free(folded);
    unlink(path);
    free(path);
}

END_TEST

START_TEST(a_cut_tree_keeps_counts_and_own_times)
{
    char *path = trace_make((uint64_t)_i, 6, 20, 3000);
    struct replay_filter filter = {.to_ns = UINT64_MAX};
    struct profile *whole = profile_of(path, &filter, 0), *cut = profile_of(path, &filter, 100);
    functions_equal(whole, cut, false);
    ck_assert_uint_le(cut->nr_nodes, 125 + 6);
    tree_check(cut);
    profile_free(whole);
    profile_free(cut);
    unlink(path);
    free(path);
}

END_TEST

/* The tree as text, "a(b(c))", children in the order of their names. */
static void tree_text(const struct profile *profile, uint32_t node, char *text)
{
    if (node != 0)
        sprintf(text + strlen(text), "%s%" PRIu64, profile->functions[profile->nodes[node].function].name,
                profile->nodes[node].calls);
    if (profile->nodes[node].first_child == 0)
        return;
    strcat(text, "(");
    for (uint32_t at = profile->nodes[node].first_child; at != 0; at = profile->nodes[at].next_sibling) {
        tree_text(profile, at, text);
        strcat(text, profile->nodes[at].next_sibling != 0 ? " " : "");
    }
    strcat(text, ")");
}

static const struct {
    const char *path, *expected;
} shapes[] = {
    {"a", "(a1)"},
    {"aa", "(a1(a1))"},
    {"aaaa", "(a1(a3))"},
    {"ababab", "(a1(b1(a2(b2))))"},
    {"abcabcabcabc", "(a1(b1(c1(a3(b3(c3))))))"},
    {"abac", "(a1(b1(a1(c1))))"},
    {"abacabac", "(a1(b1(a1(c1(a1(b1(a1(c1))))))))"}, /* of the second turn's calls one is new: from c to a */
    {"abacabacabac", "(a1(b1(a1(c1(a2(b2(a2(c2))))))))"},
    {"abcdabcd", "(a1(b1(c1(d1(a1(b1(c1(d1))))))))"},
};

START_TEST(turns_after_the_first_are_one)
{
    struct writer writer;
    char text[256] = "";
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    struct writer_thread *thread = writer_thread_new(&writer, 1, 1, 7, 1000);
    for (const char *p = shapes[_i].path; *p != '\0'; p++)
        enter(thread, 2000 + (uint64_t)(p - shapes[_i].path), (uint64_t)(*p - 'a'));
    for (uint64_t ticks = 2100; thread->depth > 0; ticks++)
        thread_exit(thread, ticks);
    thread_flush(thread);
    writer_thread_free(thread);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    struct replay_filter filter = {.to_ns = UINT64_MAX, .folds = true};
    struct profile *profile = profile_of(path, &filter, 0);
    tree_text(profile, 0, text);
    ck_assert_str_eq(text, shapes[_i].expected);
    profile_free(profile);
    writer_free(&writer);
    unlink(path);
    free(path);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("fold");
    TCase *tcase = tcase_create("fold");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, turns_after_the_first_are_one, 0, (int)(sizeof(shapes) / sizeof(shapes[0])));
    tcase_add_loop_test(tcase, folding_changes_no_figure, 0, 120);
    tcase_add_loop_test(tcase, a_cut_tree_keeps_counts_and_own_times, 0, 20);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
