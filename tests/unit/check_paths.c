/*
 * Hashes of call paths: different paths have different ones, what is remembered of frames and of walks is what they
 * have, and the table's lines are used evenly.
 */
#include "lazy.h"
#include "paths.h"
#include "random.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 88172645463325252u;

static uint64_t random_below(uint64_t below)
{
    return (random_next(&random_state) >> 16) % below;
}

/* A frame of a program of some thousand functions, each with a few calls of others. */
static struct frame frame_any(void)
{
    uint64_t function = 0x555555554000 + random_below(3000) * 16;
    uint64_t caller = 0x555555554000 + random_below(3000) * 16;
    return (struct frame){.function = function,
                          .site = frame_site(caller + 5 + random_below(4) * 7, function + 23),
                          .sp = 0x7ffff0000000 + random_below(1000) * 16 + (random_below(8) == 0 ? FRAME_INLINED : 0)};
}

struct node {
    uint64_t hash, function, site;
    uint32_t parent;
};

static int by_hash(const void *a, const void *b)
{
    const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x < y ? -1 : x > y;
}

static bool is_same_path(const struct node *nodes, uint32_t a, uint32_t b)
{
    while (a != b) {
        if (nodes[a].function != nodes[b].function || nodes[a].site != nodes[b].site || a == 0 || b == 0)
            return false;
        a = nodes[a].parent;
        b = nodes[b].parent;
    }
    return true;
}

/* A tree of a million calls, most of them deep: nodes with the same key are the same path. */
START_TEST(different_paths_have_different_keys)
{
    enum { NR = 1000000 };

    struct node *nodes = calloc(NR, sizeof *nodes);
    const struct node **sorted = malloc(NR * sizeof *sorted);
    for (uint32_t i = 1; i < NR; i++) {
        struct frame frame = frame_any();
        uint32_t parent = random_below(3) == 0 ? (uint32_t)random_below(i) : i - 1;
        nodes[i] = (struct node){.hash = path_hash_frame(nodes[parent].hash, &frame),
                                 .function = frame.function,
                                 .site = path_site(&frame),
                                 .parent = parent};
    }
    for (uint32_t i = 0; i < NR; i++) {
        nodes[i].hash = path_key(nodes[i].hash);
        sorted[i] = &nodes[i];
    }
    qsort(sorted, NR, sizeof *sorted, by_hash);
    for (uint32_t i = 1; i < NR; i++) {
        if (sorted[i]->hash == sorted[i - 1]->hash)
            ck_assert(is_same_path(nodes, (uint32_t)(sorted[i] - nodes), (uint32_t)(sorted[i - 1] - nodes)));
    }
    free(sorted);
    free(nodes);
}

END_TEST

/* Two functions in the order of Thue and Morse, and in the opposite one: what polynomials modulo 2^64 cannot tell
 * apart. */
START_TEST(opposite_orders_differ)
{
    struct frame frames[2] = {frame_any(), frame_any()};
    uint64_t hash = 0, opposite = 0;
    for (uint32_t i = 0; i < 1u << 16; i++) {
        int which = __builtin_parity(i);
        hash = path_hash_frame(hash, &frames[which]);
        opposite = path_hash_frame(opposite, &frames[1 - which]);
        ck_assert_uint_ne(path_key(hash), path_key(opposite));
    }
}

END_TEST

/* Calls, returns, interrupted hooks and allocations, in any order. */
START_TEST(remembered_hashes_are_those_of_the_frames)
{
    enum { DEPTH = 60 };

    static struct frame frames[DEPTH + 2];
    struct tracert__thread thread = {.frames = frames + 1, .nr_frames = DEPTH, .open = frames + 1};
    frames[0].sp = UINT64_MAX;
    for (uint32_t i = 0; i < 300000; i++) {
        uint32_t depth = (uint32_t)(thread.open - thread.frames);
        uint64_t what = random_below(5);
        if (what < 2 && depth < DEPTH) {
            struct frame frame = frame_any();
            if (random_below(10) == 0)
                frame.function = frame.sp = 0;
            lazy_push(&thread, thread.open, &frame);
        } else if (what < 4 && depth > 0) {
            lazy_pop(&thread, thread.open - 1);
        } else {
            uint64_t hash = 0;
            for (uint32_t at = 0; at < depth; at++) {
                if (thread.frames[at].function != 0)
                    hash = path_hash_frame(hash, &thread.frames[at]);
            }
            ck_assert_uint_eq(path_hash_open(&thread), hash);
        }
    }
}

END_TEST

/* Keys of paths and of walks: three quarters full, a table has nearly all where they are looked for at once. */
START_TEST(lines_are_used_evenly)
{
    enum { LINES = 4096, NR = LINES / 4 * 3 };

    static _Alignas(64) struct ring_line lines[LINES];
    memset(lines, 0, sizeof lines);
    struct tracert__thread thread = {.table = (uint8_t *)lines, .table_mask = sizeof lines - sizeof *lines};
    uint64_t hash = 0;
    uint32_t nr_found = 0;
    for (uint32_t path = 1; path <= NR; path++) {
        struct frame frame = frame_any();
        hash = random_below(3) == 0 ? 0 : path_hash_frame(hash, &frame);
        uint64_t key = _i == 0 ? path_key(path_hash_frame(hash, &frame))
                               : path_key_of_site(frame.function | random_below(path) << PATH_SHIFT);
        uint64_t function = _i == 0 ? frame.function : 0;
        uint32_t nr = 0;
        while (path_line(&thread, key, nr)->site != 0)
            nr++;
        *path_line(&thread, key, nr) = (struct ring_line){function << KEY_SHIFT | WORD_FILLED | path, key};
        nr_found += path_find(&thread, function, key) == path;
    }
    ck_assert_uint_gt(nr_found, NR / 100 * 95);
}

END_TEST

/* A walk of a few calls that others begin with, too, and a few of its own. */
static void walk_any(struct walk *walk)
{
    *walk = (struct walk){.nr = 1 + (uint32_t)random_below(6)};
    for (uint32_t i = 0; i < walk->nr; i++) {
        walk->returns[i] = 0x555555554005 + (walk->nr - i) * 0x1000 + random_below(3) * 16;
        walk->hash = path_hash(walk->hash, 0, walk->returns[i]);
    }
}

/* As the slow path does it: the paths of a walk that the table does not have get the next numbers. */
static uint32_t walk_add(struct tracert__thread *thread, const struct walk *walk, uint32_t *nr_paths)
{
    uint32_t path = PATH_NONE;
    for (uint32_t i = walk->nr; i-- > 0;) {
        uint64_t key = path_key_of_site(walk->returns[i] | (uint64_t)path << PATH_SHIFT);
        uint32_t nr = 0;
        while (path_line(thread, key, nr)->site != 0 && path_line(thread, key, nr)->site != key)
            nr++;
        struct ring_line *line = path_line(thread, key, nr);
        if (line->site == 0)
            *line = (struct ring_line){WORD_FILLED | ++*nr_paths, key};
        path = line->key & 0xffff;
    }
    return path;
}

/* Whether it is remembered or looked up, in whatever segment, and whoever is being interrupted. */
START_TEST(walks_have_the_paths_of_their_calls)
{
    enum { LINES = 4096 };

    static _Alignas(64) struct ring_line lines[LINES];
    static struct path_walks walks;
    struct tracert__thread thread = {
        .table = (uint8_t *)lines, .table_mask = sizeof lines - sizeof *lines, .walks = &walks};
    uint32_t nr_paths = 0, number = 0, nr_new = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        struct walk walk;
        walk_any(&walk);
        if (random_below(10000) == 0) {
            memset(lines, 0, sizeof lines);
            nr_paths = 0;
            number++;
        }
        uint32_t nr_before = nr_paths;
        uint32_t told = path_of_walk(&thread, number, &walk);
        uint32_t path = walk_add(&thread, &walk, &nr_paths);
        ck_assert_uint_eq(told, nr_paths == nr_before ? path : PATH_NO_ROOM);
        nr_new += told == PATH_NO_ROOM;
        walks.busy = random_below(4) == 0;
        ck_assert_uint_eq(path_of_walk(&thread, number, &walk), path);
        walks.busy = false;
    }
    ck_assert(number > 5 && nr_new > 1000);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("paths");
    TCase *tcase = tcase_create("paths");
    tcase_add_test(tcase, different_paths_have_different_keys);
    tcase_add_test(tcase, opposite_orders_differ);
    tcase_add_test(tcase, remembered_hashes_are_those_of_the_frames);
    tcase_add_loop_test(tcase, lines_are_used_evenly, 0, 2);
    tcase_add_test(tcase, walks_have_the_paths_of_their_calls);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
