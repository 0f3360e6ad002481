/*
 * merge.c, file_*.c: nothing depends on order or grouping, nor on being saved; subtrees.c: what a filter leaves.
 *
 * row: R45
 */
#include "profile/calltree.h"
#include "profile/file.h"
#include "profile/merge.h"
#include "profile/subtrees.h"
#include "random.h"
#include "suite.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NR_NAMES = 6 };

/* Some histogram of the calls that the tree has of a function. */
static struct histogram durations_make(struct arena *arena, const struct calltree *tree, uint32_t function,
                                       uint64_t *state)
{
    struct histogram durations = {.counts = arena_array(arena, 2, sizeof(*durations.counts))};
    uint32_t bucket = (uint32_t)(random_next(state) % 8);
    uint64_t calls = 0;
    for (uint32_t i = 1; i < tree->nr_nodes; i++)
        calls += tree->nodes[i].function == function ? tree->nodes[i].calls : 0;
    durations.counts[0] = (struct histogram_count){bucket, calls - calls / 3};
    durations.counts[1] = (struct histogram_count){bucket + 1 + (uint32_t)(random_next(state) % 8), calls / 3};
    durations.nr = calls < 3 ? calls > 0 : 2;
    return durations;
}

/* A random profile over a few functions; some share a name and differ in the module. */
static struct profile *profile_make(uint64_t seed)
{
    static const char *const names[NR_NAMES] = {"main", "parse", "run", "parse", "phase", "x+0x10"};
    static const char *const modules[NR_NAMES] = {"app", "app", "app", "lib", "", "x"};
    struct err err = {0};
    struct calltree tree;
    struct profile *profile = calloc(1, sizeof(*profile));
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    uint32_t shift = (uint32_t)(seed % NR_NAMES); /* the functions have other numbers in each profile */
    arena_init(&profile->arena, 0);
    profile->functions = arena_array(&profile->arena, NR_NAMES, sizeof(*profile->functions));
    profile->nr_functions = NR_NAMES;
    for (uint32_t i = 0; i < NR_NAMES; i++) {
        uint32_t name = (i + shift) % NR_NAMES;
        profile->functions[i] = (struct profile_function){.name = names[name],
                                                          .module = modules[name],
                                                          .file = name == 0 ? "main.c" : "",
                                                          .line = name == 0 ? 7 : 0,
                                                          .kind = name == 4   ? FUNCTION_REGION
                                                                  : name == 5 ? FUNCTION_UNKNOWN
                                                                              : FUNCTION_CODE};
    }
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    for (int i = 0; i < 60; i++) {
        uint32_t node = CALLTREE_ROOT, depth = (uint32_t)(random_next(&state) % 5 + 1);
        uint64_t duration = random_next(&state) % 1000;
        for (uint32_t j = 0; j < depth; j++) {
            node = calltree_child(&tree, node, (uint32_t)(random_next(&state) % NR_NAMES), &err);
            struct calltree_node call = {.calls = 1,
                                         .inclusive = duration,
                                         .min = duration,
                                         .max = duration,
                                         .inlined_calls = random_next(&state) % 2};
            calltree_node_add(&tree.nodes[node], &call);
        }
    }
    for (uint32_t i = 0; i < NR_NAMES; i++)
        profile->functions[i].durations = durations_make(&profile->arena, &tree, i, &state);
    profile->facts = (struct profile_facts){.source = "t",
                                            .command = "./app",
                                            .host = "h",
                                            .realtime_ns = 1000 + seed,
                                            .wall_ns = seed * 10,
                                            .nr_traces = 1,
                                            .nr_processes = 1,
                                            .nr_threads = 1,
                                            .nr_events = seed,
                                            .complete = seed != 3,
                                            .has_calls = true,
                                            .unit = "ns"};
    profile->threads = arena_array(&profile->arena, 1, sizeof(*profile->threads));
    profile->threads[0] = (struct profile_thread){.tid = (uint32_t)seed, .name = "t"};
    profile->nr_threads = 1;
    profile->notices = arena_array(&profile->arena, 1, sizeof(*profile->notices));
    ck_assert_int_eq(profile_finish(profile, &tree, &err), 0);
    calltree_release(&tree);
    return profile;
}

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All numbers of a profile as text; nodes as paths, in alphabetical order. */
static char *profile_text(const struct profile *profile)
{
    char **lines = calloc(profile->nr_nodes + profile->nr_functions + 1u, sizeof(char *)), *text = NULL;
    uint32_t nr = 0;
    size_t bytes;
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        char *path = strdup("");
        for (uint32_t at = i; at != 0; at = profile->nodes[at].parent) {
            char *longer = NULL;
            ck_assert_int_gt(asprintf(&longer, "%s;%s", profile->functions[profile->nodes[at].function].label, path),
                             0);
            free(path);
            path = longer;
        }
        const struct profile_node *node = &profile->nodes[i];
        ck_assert_int_gt(asprintf(&lines[nr++], "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                                  path, node->calls, node->inclusive_ns, node->exclusive_ns, node->min_ns,
                                  node->max_ns),
                         0);
        free(path);
    }
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *function = &profile->functions[i];
        if (function->calls == 0)
            continue;
        ck_assert_uint_eq(histogram_calls(&function->durations), function->calls);
        ck_assert_int_gt(asprintf(&lines[nr++],
                                  "=%s %s %s:%u %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                                  " %" PRIu64 " %u\n",
                                  function->label, function->module, function->file, function->line,
                                  (int)function->kind, function->calls, function->inlined_calls, function->inclusive_ns,
                                  function->exclusive_ns, function->max_ns,
                                  histogram_quantile(&function->durations, 500),
                                  histogram_quantile(&function->durations, 990), function->durations.nr),
                         0);
    }
    qsort(lines, nr, sizeof(char *), line_compare);
    FILE *out = open_memstream(&text, &bytes);
    for (uint32_t i = 0; i < nr; i++) {
        fputs(lines[i], out);
        free(lines[i]);
    }
    const struct profile_facts *facts = &profile->facts;
    fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u %d\n", facts->realtime_ns, facts->wall_ns, facts->nr_events,
            facts->nr_traces, profile->nr_threads, facts->complete);
    fclose(out);
    free(lines);
    return text;
}

static struct profile *merge2(struct profile *a, struct profile *b)
{
    struct err err = {0};
    const struct profile *const both[] = {a, b};
    struct profile *merged = profile_merge(both, 2, &err);
    ck_assert_msg(merged != NULL, "%s", err.text);
    profile_free(a);
    profile_free(b);
    return merged;
}

static void texts_equal(struct profile *a, struct profile *b)
{
    char *s = profile_text(a), *t = profile_text(b);
    ck_assert_msg(strcmp(s, t) == 0, "%.1500s\nis not\n%.1500s", s, t);
    free(s);
    free(t);
    profile_free(a);
    profile_free(b);
}

START_TEST(merging_is_commutative)
{
    uint64_t seed = (uint64_t)_i;
    texts_equal(merge2(profile_make(seed), profile_make(seed + 1)), merge2(profile_make(seed + 1), profile_make(seed)));
}

END_TEST

START_TEST(merging_is_associative)
{
    uint64_t seed = (uint64_t)_i;
    struct profile *left = merge2(merge2(profile_make(seed), profile_make(seed + 1)), profile_make(seed + 2));
    struct profile *right = merge2(profile_make(seed), merge2(profile_make(seed + 1), profile_make(seed + 2)));
    texts_equal(left, right);
}

END_TEST

START_TEST(merging_one_changes_nothing)
{
    struct err err = {0};
    struct profile *one = profile_make((uint64_t)_i);
    const struct profile *const only[] = {one};
    texts_equal(profile_merge(only, 1, &err), one);
}

END_TEST

START_TEST(sums_are_kept)
{
    struct profile *a = profile_make(1), *b = profile_make(2);
    uint64_t calls = 0, time_ns = a->nodes[0].inclusive_ns + b->nodes[0].inclusive_ns, merged_calls = 0,
             exclusive_ns = 0;
    for (uint32_t i = 0; i < NR_NAMES; i++)
        calls += a->functions[i].calls + b->functions[i].calls;
    struct profile *merged = merge2(a, b);
    ck_assert_uint_eq(merged->nodes[0].inclusive_ns, time_ns);
    ck_assert_uint_eq(merged->threads[1].trace, 1);
    for (uint32_t i = 0; i < merged->nr_functions; i++) {
        merged_calls += merged->functions[i].calls;
        exclusive_ns += merged->functions[i].exclusive_ns;
    }
    ck_assert_uint_eq(merged_calls, calls);
    ck_assert_uint_eq(exclusive_ns, time_ns);
    profile_free(merged);
}

END_TEST

START_TEST(units_must_agree)
{
    struct err err = {0};
    struct profile *a = profile_make(1), *b = profile_make(2);
    b->facts.unit = "samples";
    const struct profile *const both[] = {a, b};
    ck_assert_ptr_null(profile_merge(both, 2, &err));
    ck_assert_int_eq(err.code, ERR_USAGE);
    profile_free(a);
    profile_free(b);
}

END_TEST

/* ---- Subtrees ------------------------------------------------------------------------------------- */

/* 0;1;2, 0;2;1;1, 3 (without calls), 1;4 */
static void tree_make(struct calltree *tree)
{
    static const struct {
        uint32_t path[4], depth;
        uint64_t calls;
    } rows[] = {{{0}, 1, 1},          {{0, 1}, 2, 2}, {{0, 1, 2}, 3, 3}, {{0, 2}, 2, 4}, {{0, 2, 1}, 3, 5},
                {{0, 2, 1, 1}, 4, 6}, {{3}, 1, 0},    {{1}, 1, 7},       {{1, 4}, 2, 8}};
    struct err err = {0};
    ck_assert_int_eq(calltree_init(tree, &err), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t node = CALLTREE_ROOT;
        for (uint32_t j = 0; j < rows[i].depth; j++)
            node = calltree_child(tree, node, rows[i].path[j], &err);
        tree->nodes[node].calls = rows[i].calls;
    }
}

static const struct {
    const char *wanted, *expected; /* wanted: one letter a function */
} subtrees[] = {
    {NULL, "0:1 01:2 012:3 02:4 021:5 0211:6 1:7 14:8 "},
    {".1...", "1:14 12:3 11:6 14:8 "}, /* outermost 1s: 2 + 5 + 7 */
    {"..2..", "2:7 21:5 211:6 "},
    {"0....", "0:1 01:2 012:3 02:4 021:5 0211:6 "},
    {"...3.", ""},
    {"....4", "4:8 "},
    {".....", ""},
};

static int word_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

START_TEST(subtrees_of_wanted_functions_stay)
{
    struct calltree tree, kept;
    struct err err = {0};
    bool wanted[5] = {false}, is_kept[32];
    uint32_t numbers[5], nr = 5;
    char words[32][64] = {{0}}, text[512] = "", expected[512] = "", copy[512] = "", *rest = NULL;
    tree_make(&tree);
    for (uint32_t i = 0; i < 5 && subtrees[_i].wanted != NULL; i++)
        wanted[i] = subtrees[_i].wanted[i] != '.';
    const struct subtree_filter filter = {.wanted = subtrees[_i].wanted == NULL ? NULL : wanted};
    ck_assert_int_eq(subtrees_keep(&tree, &filter, &kept, is_kept, numbers, &nr, &err), 0);
    for (uint32_t i = 1; i < kept.nr_nodes; i++) {
        char path[16] = "";
        for (uint32_t at = i; at != CALLTREE_ROOT; at = kept.nodes[at].parent) {
            uint32_t function = 0;
            while (numbers[function] != kept.nodes[at].function)
                function++;
            memmove(path + 1, path, 14);
            path[0] = (char)('0' + function);
        }
        snprintf(words[i], sizeof(words[i]), "%s:%" PRIu64, path, kept.nodes[i].calls);
    }
    qsort(words, 32, sizeof(words[0]), word_compare);
    for (size_t i = 0; i < 32; i++) {
        strcat(text, words[i]);
        strcat(text, words[i][0] != '\0' ? " " : "");
    }
    memset(words, 0, sizeof(words));
    strcpy(copy, subtrees[_i].expected);
    size_t at = 0;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        strcpy(words[at++], word);
    qsort(words, 32, sizeof(words[0]), word_compare);
    for (size_t i = 0; i < 32; i++) {
        strcat(expected, words[i]);
        strcat(expected, words[i][0] != '\0' ? " " : "");
    }
    ck_assert_str_eq(text, expected);
    calltree_release(&tree);
    calltree_release(&kept);
}

END_TEST

/* ---- As files ------------------------------------------------------------------------------------- */

struct saved {
    char *bytes;
    size_t nr;
};

static struct saved profile_save(struct profile *profile)
{
    struct err err = {0};
    struct saved saved;
    struct out *out = out_open_memory(&saved.bytes, &saved.nr);
    ck_assert_int_eq(profile_file_write(profile, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    profile_free(profile);
    return saved;
}

static struct profile *profile_restore(const struct saved *saved)
{
    struct err err = {0};
    struct profile *profile = profile_decode((const uint8_t *)saved->bytes, saved->nr, "saved", &err);
    ck_assert_msg(profile != NULL, "%s", err.text);
    return profile;
}

/* Merge files until one is left: each time some that lie beside each other in a random order. */
static struct saved files_merge(const struct saved *files, uint32_t nr, uint64_t seed)
{
    struct saved *left = calloc(nr, sizeof(*left));
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t j = (uint32_t)(random_next(&state) % (i + 1));
        left[i] = left[j];
        left[j] = (struct saved){.bytes = malloc(files[i].nr), .nr = files[i].nr};
        memcpy(left[j].bytes, files[i].bytes, files[i].nr);
    }
    while (nr > 1) {
        struct profile *taken[8];
        uint32_t nr_taken = (uint32_t)(random_next(&state) % 7 + 2);
        struct err err = {0};
        nr_taken = nr_taken < nr ? nr_taken : nr;
        for (uint32_t i = 0; i < nr_taken; i++) {
            uint32_t which = (uint32_t)(random_next(&state) % nr);
            taken[i] = profile_restore(&left[which]);
            free(left[which].bytes);
            left[which] = left[--nr];
        }
        struct profile *merged = profile_merge((const struct profile *const *)taken, nr_taken, &err);
        ck_assert_msg(merged != NULL, "%s", err.text);
        for (uint32_t i = 0; i < nr_taken; i++)
            profile_free(taken[i]);
        left[nr++] = profile_save(merged);
    }
    struct saved all = left[0];
    free(left);
    return all;
}

START_TEST(any_tree_of_merges_gives_the_same_bytes)
{
    enum { NR = 200, NR_TREES = 8 };
    struct saved files[NR], first = {0};
    for (uint32_t i = 0; i < NR; i++)
        files[i] = profile_save(profile_make(i / 2)); /* each twice */
    for (uint64_t i = 0; i < NR_TREES; i++) {
        struct saved all = files_merge(files, NR, i);
        if (i == 0)
            first = all;
        ck_assert_uint_eq(all.nr, first.nr);
        ck_assert_int_eq(memcmp(all.bytes, first.bytes, all.nr), 0);
        if (i > 0)
            free(all.bytes);
    }
    struct profile *all = profile_restore(&first);
    ck_assert_uint_eq(all->nr_runs, NR);
    ck_assert_uint_eq(all->facts.nr_traces, NR);
    ck_assert_str_eq(all->facts.source, "t t t and 197 others");
    profile_free(all);
    free(first.bytes);
    for (uint32_t i = 0; i < NR; i++)
        free(files[i].bytes);
}

END_TEST

START_TEST(a_file_keeps_everything)
{
    struct profile *profile = profile_make((uint64_t)_i);
    struct saved saved = profile_save(profile_make((uint64_t)_i));
    texts_equal(profile_restore(&saved), profile);
    free(saved.bytes);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("merge");
    TCase *tcase = tcase_create("merge");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, merging_is_commutative, 0, 10);
    tcase_add_loop_test(tcase, merging_is_associative, 0, 10);
    tcase_add_loop_test(tcase, merging_one_changes_nothing, 0, 5);
    tcase_add_test(tcase, sums_are_kept);
    tcase_add_test(tcase, units_must_agree);
    tcase_add_loop_test(tcase, a_file_keeps_everything, 0, 10);
    tcase_add_test(tcase, any_tree_of_merges_gives_the_same_bytes);
    tcase_add_loop_test(tcase, subtrees_of_wanted_functions_stay, 0, (int)(sizeof(subtrees) / sizeof(subtrees[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
