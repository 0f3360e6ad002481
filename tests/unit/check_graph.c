/* graph.c: dominators are what removing nodes says they are; deep graphs take no stack; ways are shortest. */
#include "profile/graph.h"
#include "suite.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 24, EDGES_MAX = 80, GRAPHS = 60, DEEP = 1000000 };

struct sample {
    uint32_t first[NODES + 1], to[EDGES_MAX];
    struct graph graph;
};

static void sample_make(struct sample *sample, unsigned seed)
{
    uint32_t from[EDGES_MAX], nr = 0, nr_edges = 10 + seed % (EDGES_MAX - 10);
    srand(seed);
    for (uint32_t i = 0; i < nr_edges; i++)
        from[i] = (uint32_t)rand() % NODES;
    for (uint32_t node = 0; node < NODES; node++) {
        sample->first[node] = nr;
        for (uint32_t i = 0; i < nr_edges; i++)
            if (from[i] == node)
                sample->to[nr++] = (uint32_t)rand() % NODES;
    }
    sample->first[NODES] = nr;
    sample->graph = (struct graph){NODES, nr, sample->first, sample->to};
}

/* What can be reached without going through `without`. */
static void reach(const struct graph *graph, uint32_t without, uint32_t distance[NODES])
{
    uint32_t queue[NODES], head = 0, tail = 0;
    memset(distance, 0xff, NODES * sizeof(*distance));
    if (without == 0)
        return;
    distance[0] = 0;
    queue[tail++] = 0;
    while (head < tail) {
        uint32_t node = queue[head++];
        for (uint32_t e = graph->first[node]; e < graph->first[node + 1]; e++)
            if (graph->to[e] != without && distance[graph->to[e]] == GRAPH_NONE) {
                distance[graph->to[e]] = distance[node] + 1;
                queue[tail++] = graph->to[e];
            }
    }
}

static void dominators_check(unsigned seed)
{
    struct sample sample;
    struct err err = {0};
    uint32_t dominators[NODES], order[NODES], all[NODES], without[NODES];
    sample_make(&sample, seed);
    reach(&sample.graph, GRAPH_NONE, all);
    uint32_t nr = graph_dominators(&sample.graph, dominators, order, &err), nr_reached = 0;
    bool seen[NODES] = {false};
    for (uint32_t i = 0; i < NODES; i++)
        nr_reached += all[i] != GRAPH_NONE;
    ck_assert_uint_eq(nr, nr_reached);
    for (uint32_t i = 0; i < nr; i++) {
        ck_assert(order[i] == 0 ? dominators[0] == GRAPH_NONE : seen[dominators[order[i]]]);
        seen[order[i]] = true;
    }
    for (uint32_t gone = 0; gone < NODES;
         gone++) { /* what cannot be reached without it, it dominates, and nothing else */
        reach(&sample.graph, gone, without);
        for (uint32_t i = 0; i < NODES; i++) {
            if (all[i] == GRAPH_NONE || i == gone) {
                if (all[i] == GRAPH_NONE && dominators[i] != GRAPH_NONE)
                    ck_abort_msg("graph %u: %u cannot be reached", seed, i);
                continue;
            }
            bool dominates = false;
            for (uint32_t at = dominators[i]; at != GRAPH_NONE && !dominates; at = dominators[at])
                dominates = at == gone;
            if (dominates != (without[i] == GRAPH_NONE))
                ck_abort_msg("graph %u: does %u dominate %u?", seed, gone, i);
        }
    }
}

START_TEST(dominators_are_what_no_way_avoids)
{
    for (unsigned seed = 0; seed < GRAPHS; seed++)
        dominators_check(seed);
}

END_TEST

static void ways_check(unsigned seed)
{
    struct sample sample;
    struct err err = {0};
    uint32_t before[NODES], distance[NODES];
    sample_make(&sample, seed);
    reach(&sample.graph, GRAPH_NONE, distance);
    ck_assert_int_eq(graph_ways(&sample.graph, before, &err), 0);
    for (uint32_t i = 1; i < NODES; i++) {
        uint32_t length = 0;
        ck_assert_int_eq(before[i] == GRAPH_NONE, distance[i] == GRAPH_NONE);
        for (uint32_t at = i; before[at] != GRAPH_NONE && at != 0; at = before[at])
            length++;
        ck_assert(distance[i] == GRAPH_NONE || length == distance[i]);
    }
}

START_TEST(ways_are_shortest)
{
    for (unsigned seed = 0; seed < GRAPHS; seed++)
        ways_check(seed);
}

END_TEST

/* A list of a million nodes, each of which also points back to the first. */
START_TEST(deep_graphs_take_no_stack)
{
    struct err err = {0};
    uint32_t *first = calloc(DEEP + 1, sizeof(*first)), *to = calloc(2 * DEEP, sizeof(*to));
    uint32_t *dominators = calloc(DEEP, sizeof(*dominators)), *order = calloc(DEEP, sizeof(*order));
    uint32_t nr = 0;
    ck_assert(first != NULL && to != NULL && dominators != NULL && order != NULL);
    for (uint32_t i = 0; i < DEEP; i++) {
        first[i] = nr;
        if (i + 1 < DEEP)
            to[nr++] = i + 1;
        to[nr++] = 1;
    }
    first[DEEP] = nr;
    const struct graph graph = {DEEP, nr, first, to};
    ck_assert_uint_eq(graph_dominators(&graph, dominators, order, &err), DEEP);
    uint32_t nr_wrong = 0;
    for (uint32_t i = 1; i < DEEP; i++)
        nr_wrong += dominators[i] != i - 1;
    ck_assert_uint_eq(nr_wrong, 0);
    free(first);
    free(to);
    free(dominators);
    free(order);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("graph");
    TCase *tcase = tcase_create("graph");
    tcase_add_test(tcase, dominators_are_what_no_way_avoids);
    tcase_add_test(tcase, ways_are_shortest);
    tcase_add_test(tcase, deep_graphs_take_no_stack);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
