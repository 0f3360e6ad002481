/*
 * The call tree and the profile made of it, against a slow and simple judge: lists of whole call paths.
 */
#include "profile/calltree.h"
#include "profile/edges.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NR_FUNCTIONS 6
#define DEPTH_MAX    10
#define PATHS_MAX    4000

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* What the judge keeps: every path by its functions, with calls and times as they come. */
struct path {
    uint32_t functions[DEPTH_MAX];
    unsigned depth;
    uint64_t calls, inclusive, min, max;
};

struct world {
    struct path paths[PATHS_MAX];
    size_t nr_paths;
    struct calltree tree;
};

static struct path *path_find(struct world *world, const uint32_t *functions, unsigned depth)
{
    for (size_t i = 0; i < world->nr_paths; i++) {
        struct path *path = &world->paths[i];
        if (path->depth == depth && memcmp(path->functions, functions, depth * sizeof(*functions)) == 0)
            return path;
    }
    ck_assert_uint_lt(world->nr_paths, PATHS_MAX);
    struct path *path = &world->paths[world->nr_paths++];
    *path = (struct path){.depth = depth, .min = UINT64_MAX};
    memcpy(path->functions, functions, depth * sizeof(*functions));
    return path;
}

static void call_add(struct world *world, const uint32_t *functions, unsigned depth, uint64_t time)
{
    struct err err = {0};
    uint32_t node = CALLTREE_ROOT;
    for (unsigned i = 0; i < depth; i++)
        node = calltree_child(&world->tree, node, functions[i], &err);
    struct calltree_node *at = &world->tree.nodes[node];
    struct path *path = path_find(world, functions, depth);
    at->calls++;
    at->inclusive += time;
    at->min = time < at->min ? time : at->min;
    at->max = time > at->max ? time : at->max;
    path->calls++;
    path->inclusive += time;
    path->min = time < path->min ? time : path->min;
    path->max = time > path->max ? time : path->max;
}

/* A random program: calls within calls, each as long as its own time and its callees'. */
static void world_fill(struct world *world, unsigned nr_steps)
{
    uint32_t stack[DEPTH_MAX];
    uint64_t times[DEPTH_MAX];
    unsigned depth = 0;
    for (unsigned i = 0; i < nr_steps || depth > 0; i++) {
        bool enter = depth == 0 || (i < nr_steps && depth < DEPTH_MAX && random_below(2) == 0);
        if (enter) {
            stack[depth] = random_below(NR_FUNCTIONS);
            times[depth++] = random_below(1000);
        } else {
            call_add(world, stack, depth, times[depth - 1]);
            depth--;
            if (depth > 0)
                times[depth - 1] += times[depth];
        }
    }
}

static struct profile *profile_of(const struct calltree *tree, const char *const *names, uint32_t nr)
{
    struct err err = {0};
    struct profile *profile = calloc(1, sizeof(*profile));
    arena_init(&profile->arena, 0);
    profile->nr_functions = nr;
    profile->functions = arena_array(&profile->arena, nr + 1, sizeof(*profile->functions));
    for (uint32_t i = 0; i < nr; i++)
        profile->functions[i] = (struct profile_function){.name = names[i], .module = "", .file = ""};
    ck_assert_int_eq(profile_finish(profile, tree, &err), 0);
    return profile;
}

static const char *const names[NR_FUNCTIONS] = {"f0", "f1", "f2", "f3", "f4", "f5"};

/* UINT32_MAX: the profile has no such function. */
static uint32_t number_of(const struct profile *profile, const char *name)
{
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        if (strcmp(profile->functions[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

static bool path_holds(const struct path *path, unsigned depth, uint32_t function)
{
    for (unsigned i = 0; i < depth; i++)
        if (path->functions[i] == function)
            return true;
    return false;
}

static void functions_judge(const struct world *world, const struct profile *profile)
{
    for (uint32_t f = 0; f < NR_FUNCTIONS; f++) {
        uint64_t calls = 0, inclusive = 0, exclusive = 0, sum = 0, min = UINT64_MAX, max = 0;
        for (size_t i = 0; i < world->nr_paths; i++) {
            const struct path *path = &world->paths[i];
            uint32_t last = path->functions[path->depth - 1];
            if (last == f) {
                calls += path->calls;
                sum += path->inclusive;
                exclusive += path->inclusive;
                min = path->min < min ? path->min : min;
                max = path->max > max ? path->max : max;
                inclusive += path_holds(path, path->depth - 1, f) ? 0 : path->inclusive;
            }
            if (path->depth > 1 && path->functions[path->depth - 2] == f)
                exclusive -= path->inclusive;
        }
        uint32_t number = number_of(profile, names[f]);
        ck_assert_int_eq(number == UINT32_MAX, calls == 0); /* what was not called is not in the profile */
        if (number == UINT32_MAX)
            continue;
        const struct profile_function *function = &profile->functions[number];
        ck_assert_uint_eq(function->calls, calls);
        ck_assert_uint_eq(function->inclusive_ns, inclusive);
        ck_assert_uint_eq(function->exclusive_ns, exclusive);
        ck_assert_uint_eq(function->sum_ns, sum);
        ck_assert_uint_eq(function->min_ns, calls > 0 ? min : 0);
        ck_assert_uint_eq(function->max_ns, max);
        ck_assert_uint_eq(function_mean_ns(function), calls > 0 ? sum / calls : 0);
    }
}

/* A path's edge counts for time unless the same pair of functions stands higher up in it. */
static bool edge_is_outermost(const struct path *path)
{
    unsigned d = path->depth;
    for (unsigned i = 1; i + 1 < d; i++)
        if (path->functions[i] == path->functions[d - 1] && path->functions[i - 1] == path->functions[d - 2])
            return false;
    return d > 1;
}

static void edges_judge(const struct world *world, const struct profile *profile)
{
    struct err err = {0};
    struct edges edges;
    ck_assert_int_eq(edges_make(&edges, profile, &err), 0);
    uint64_t all = 0;
    for (size_t i = 0; i < edges.nr; i++) {
        const struct edge *edge = &edges.edges[i];
        all += edge->calls;
        ck_assert(i == 0 || edge->caller > edge[-1].caller ||
                  (edge->caller == edge[-1].caller && edge->callee > edge[-1].callee));
        if (edge->caller == EDGE_NO_CALLER)
            continue;
        uint64_t calls = 0, inclusive = 0;
        for (size_t p = 0; p < world->nr_paths; p++) {
            const struct path *path = &world->paths[p];
            if (path->depth < 2 || number_of(profile, names[path->functions[path->depth - 1]]) != edge->callee ||
                number_of(profile, names[path->functions[path->depth - 2]]) != edge->caller)
                continue;
            calls += path->calls;
            inclusive += edge_is_outermost(path) ? path->inclusive : 0;
        }
        ck_assert_uint_eq(edge->calls, calls);
        ck_assert_uint_eq(edge->inclusive_ns, inclusive);
    }
    uint64_t wanted = 0;
    for (size_t p = 0; p < world->nr_paths; p++)
        wanted += world->paths[p].calls;
    ck_assert_uint_eq(all, wanted);
    edges_release(&edges);
}

/* The promises of profile.h about nodes. */
static void nodes_judge(const struct profile *profile)
{
    const struct profile_node *nodes = profile->nodes;
    uint64_t exclusive = 0;
    uint32_t reached = 0;
    for (uint32_t i = 0; i < profile->nr_nodes; i++) {
        uint64_t sum = nodes[i].exclusive_ns;
        ck_assert(i == 0 || nodes[i].parent < i);
        exclusive += nodes[i].exclusive_ns;
        for (uint32_t c = nodes[i].first_child; c != 0; c = nodes[c].next_sibling) {
            uint32_t next = nodes[c].next_sibling;
            sum += nodes[c].inclusive_ns;
            reached++;
            ck_assert_uint_eq(nodes[c].parent, i);
            ck_assert_uint_eq(nodes[c].depth, nodes[i].depth + 1);
            ck_assert(next == 0 || nodes[next].inclusive_ns < nodes[c].inclusive_ns ||
                      (nodes[next].inclusive_ns == nodes[c].inclusive_ns &&
                       strcmp(profile->functions[nodes[next].function].label,
                              profile->functions[nodes[c].function].label) > 0));
        }
        ck_assert_uint_eq(sum, nodes[i].inclusive_ns);
    }
    ck_assert_uint_eq(reached, profile->nr_nodes - 1);
    ck_assert_uint_eq(exclusive, nodes[0].inclusive_ns);
    ck_assert_uint_eq(nodes[0].function, UINT32_MAX);
    for (uint32_t i = 1; i < profile->nr_functions; i++)
        ck_assert_uint_ge(profile->functions[i - 1].exclusive_ns, profile->functions[i].exclusive_ns);
}

START_TEST(random_programs)
{
    static struct world world;
    struct err err = {0};
    world.nr_paths = 0;
    random_state = (uint32_t)_i;
    ck_assert_int_eq(calltree_init(&world.tree, &err), 0);
    world_fill(&world, 1u << _i);
    struct profile *profile = profile_of(&world.tree, names, NR_FUNCTIONS);
    ck_assert_uint_eq(profile->nr_nodes, world.nr_paths + 1);
    nodes_judge(profile);
    functions_judge(&world, profile);
    edges_judge(&world, profile);
    profile_free(profile);
    calltree_release(&world.tree);
}

END_TEST

/* Many nodes, all found again at their first numbers. */
START_TEST(children_are_found_again)
{
    struct calltree tree;
    struct err err = {0};
    ck_assert_int_eq(calltree_init(&tree, &err), 0);

    enum { NR = 200000 };

    uint32_t *made = calloc(NR, sizeof(*made));
    random_state = 7;
    uint32_t *parents = calloc(NR, sizeof(*parents));
    for (uint32_t i = 0; i < NR; i++) {
        parents[i] = random_below(tree.nr_nodes);
        made[i] = calltree_child(&tree, parents[i], i % 1000, &err);
        ck_assert_uint_ne(made[i], UINT32_MAX);
        ck_assert_uint_eq(tree.nodes[made[i]].parent, parents[i]);
        ck_assert_uint_eq(tree.nodes[made[i]].function, i % 1000);
    }
    uint32_t nr_nodes = tree.nr_nodes;
    for (uint32_t i = 0; i < NR; i++)
        ck_assert_uint_eq(calltree_child(&tree, parents[i], i % 1000, &err), made[i]);
    ck_assert_uint_eq(tree.nr_nodes, nr_nodes);
    free(made);
    free(parents);
    calltree_release(&tree);
}

END_TEST

START_TEST(deep_recursion_needs_no_stack)
{
    struct calltree tree;
    struct err err = {0};

    enum { DEPTH = 1000000 };

    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    for (uint32_t i = 0, node = CALLTREE_ROOT; i < DEPTH; i++) {
        node = calltree_child(&tree, node, 0, &err);
        tree.nodes[node].inclusive = DEPTH - i;
        tree.nodes[node].calls = 1;
    }
    struct profile *profile = profile_of(&tree, names, 1);
    ck_assert_uint_eq(profile->facts.max_depth, DEPTH);
    ck_assert_uint_eq(profile->functions[0].inclusive_ns, DEPTH);
    ck_assert_uint_eq(profile->functions[0].exclusive_ns, DEPTH);
    profile_free(profile);
    calltree_release(&tree);
}

END_TEST

/* What is known of a node's own time moves its own time, and the inclusive times around it; the raw ones stay. */
START_TEST(corrections_keep_the_sums)
{
    struct calltree tree;
    struct err err = {0};
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    uint32_t parent = calltree_child(&tree, CALLTREE_ROOT, 0, &err);
    uint32_t child = calltree_child(&tree, parent, 1, &err);
    tree.nodes[parent].inclusive = 1000;
    tree.nodes[parent].correction = 50;
    tree.nodes[child].inclusive = 300;
    tree.nodes[child].correction = -400; /* more than there is */
    tree.nodes[parent].below = 800;
    tree.nodes[parent].above = 20;
    struct profile *profile = profile_of(&tree, names, 2);
    const struct profile_function *function = &profile->functions[0];
    ck_assert_uint_eq(function->exclusive_ns, 750);
    ck_assert_uint_eq(function->inclusive_ns, 750);
    ck_assert_uint_eq(function->raw_exclusive_ns, 700);
    ck_assert_uint_eq(function->raw_inclusive_ns, 1000);
    ck_assert_uint_eq(function_low_ns(function), 0);
    ck_assert_uint_eq(function_high_ns(function), 770);
    ck_assert_uint_eq(profile->functions[1].exclusive_ns, 0);
    ck_assert_uint_eq(profile->functions[1].raw_exclusive_ns, 300);
    ck_assert_uint_eq(profile->nodes[0].inclusive_ns, 750);
    ck_assert_uint_eq(profile->nodes[0].raw_inclusive_ns, 1000);
    profile_free(profile);
    calltree_release(&tree);
}

END_TEST

/* Times that no run can have: sums stop at the end of 64 bits, and inclusive time covers the children. */
START_TEST(impossible_times)
{
    struct calltree tree;
    struct err err = {0};
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    uint32_t parent = calltree_child(&tree, CALLTREE_ROOT, 0, &err);
    for (uint32_t f = 1; f <= 3; f++)
        tree.nodes[calltree_child(&tree, parent, f, &err)].inclusive = UINT64_MAX - f;
    struct profile *profile = profile_of(&tree, names, 4);
    ck_assert_uint_eq(profile->nodes[parent].inclusive_ns, UINT64_MAX);
    ck_assert_uint_eq(profile->nodes[parent].exclusive_ns, 0);
    ck_assert_uint_eq(profile->nodes[0].inclusive_ns, UINT64_MAX);
    profile_free(profile);
    calltree_release(&tree);
}

END_TEST

static const struct {
    const char *name, *file;
    unsigned line;
    const char *module, *label;
} labelled[] = {
    {"alone", "/src/a.c", 1, "/bin/app", "alone"},
    {"twice", "/src/a.c", 2, "/bin/app", "twice (a.c:2)"},
    {"twice", "/src/b.c", 2, "/bin/app", "twice (b.c:2)"},
    {"inline", "/src/x.h", 9, "/lib/one.so", "inline [one.so]"},
    {"inline", "/src/x.h", 9, "/lib/two.so", "inline [two.so]"},
    {"bare", "", 0, "/lib/one.so", "bare [one.so]"},
    {"bare", "/src/a.c", 3, "/lib/two.so", "bare (a.c:3)"},
    {"clone", "/src/a.c", 4, "/bin/app", "clone [app]"},
    {"clone", "/src/a.c", 4, "/bin/app", "clone [app] #2"},
    {"taken", "", 0, "", "taken"},
    {"taken", "", 0, "", "taken #2"},
    {"taken #2", "", 0, "", "taken #2 #2"},
};

#define NR_LABELLED (sizeof(labelled) / sizeof(labelled[0]))

START_TEST(labels_tell_apart)
{
    struct calltree tree;
    struct err err = {0};
    struct profile *profile = calloc(1, sizeof(*profile));
    arena_init(&profile->arena, 0);
    profile->nr_functions = NR_LABELLED;
    profile->functions = arena_array(&profile->arena, NR_LABELLED, sizeof(*profile->functions));
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    for (uint32_t i = 0; i < NR_LABELLED; i++) {
        profile->functions[i] = (struct profile_function){
            .name = labelled[i].name, .file = labelled[i].file, .line = labelled[i].line, .module = labelled[i].module};
        tree.nodes[calltree_child(&tree, CALLTREE_ROOT, i, &err)].inclusive = 1000 - i; /* keeps this order */
    }
    ck_assert_int_eq(profile_finish(profile, &tree, &err), 0);
    for (uint32_t i = 0; i < NR_LABELLED; i++)
        ck_assert_str_eq(profile->functions[i].label, labelled[i].label);
    profile_free(profile);
    calltree_release(&tree);
}

END_TEST

START_TEST(empty_tree)
{
    struct calltree tree;
    struct err err = {0};
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    struct profile *profile = profile_of(&tree, names, 0);
    ck_assert_uint_eq(profile->nr_nodes, 1);
    ck_assert_uint_eq(profile->nodes[0].first_child, 0);
    profile_free(profile);
    profile_free(NULL);
    calltree_release(&tree);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("calltree");
    TCase *tests = tcase_create("calltree");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, random_programs, 0, 13);
    tcase_add_test(tests, children_are_found_again);
    tcase_add_test(tests, deep_recursion_needs_no_stack);
    tcase_add_test(tests, corrections_keep_the_sums);
    tcase_add_test(tests, impossible_times);
    tcase_add_test(tests, labels_tell_apart);
    tcase_add_test(tests, empty_tree);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
