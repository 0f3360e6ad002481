#include "profile_fixture.h"

#include "cmd/view_table.h"
#include "profile/calltree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MAIN, VISIT, TWIN_A, TWIN_B, HOSTILE, NR_FUNCTIONS };

static const struct profile_function functions[NR_FUNCTIONS] = {
    {.name = "main", .module = "/bin/app", .file = "/src/main.c", .line = 3},
    {.name = "visit", .module = "/bin/app", .file = "/src/visit.c", .line = 7},
    {.name = "twin", .module = "/bin/app", .file = "/src/a.c", .line = 1},
    {.name = "twin", .module = "/bin/app", .file = "/src/b.c", .line = 1},
    {.name = HOSTILE_NAME, .module = "a,\"b\"", .file = "=cmd", .line = 0, .kind = FUNCTION_UNKNOWN},
};

/* The six calls of visit: 3 of 100 to 103 ns, 2 of 300 to 303 ns, 1 of about 500 ns. */
static struct histogram_count visits[3] = {{0, 3}, {0, 2}, {0, 1}};

static uint32_t call(struct calltree *tree, uint32_t parent, uint32_t function, uint64_t calls, uint64_t inclusive)
{
    struct err err = {0};
    uint32_t node = calltree_child(tree, parent, function, &err);
    tree->nodes[node].calls += calls;
    tree->nodes[node].inclusive += inclusive;
    tree->nodes[node].min = inclusive / calls;
    tree->nodes[node].max = inclusive - (calls - 1) * (inclusive / calls);
    return node;
}

struct profile *profile_fixture(void)
{
    struct err err = {0};
    struct calltree tree;
    struct profile *profile = calloc(1, sizeof(*profile));
    arena_init(&profile->arena, 0);
    profile->functions = arena_array(&profile->arena, NR_FUNCTIONS, sizeof(functions[0]));
    profile->nr_functions = NR_FUNCTIONS;
    memcpy(profile->functions, functions, sizeof(functions));
    visits[0].bucket = histogram_bucket(100);
    visits[1].bucket = histogram_bucket(300);
    visits[2].bucket = histogram_bucket(500);
    profile->functions[VISIT].durations = (struct histogram){visits, 3};
    profile->threads = arena_array(&profile->arena, 2, sizeof(*profile->threads));
    profile->nr_threads = 2;
    profile->threads[0] =
        (struct profile_thread){.pid = 10, .tid = 10, .name = "main", .nr_events = 19, .nr_calls = 10};
    profile->threads[1] = (struct profile_thread){.pid = 10, .tid = 11, .name = HOSTILE_NAME, .stalled_ns = 5};
    profile->notices = arena_array(&profile->arena, 1, sizeof(*profile->notices));
    profile->notices[0] = HOSTILE_NAME;
    profile->nr_notices = 1;
    profile->facts = (struct profile_facts){.source = "trace.zst",
                                            .command = "./app " HOSTILE_NAME,
                                            .host = HOSTILE_NAME,
                                            .wall_ns = 1234567,
                                            .nr_traces = 1,
                                            .nr_processes = 1,
                                            .nr_threads = 2,
                                            .nr_events = 20,
                                            .nr_calls = 11,
                                            .open_frames = 1,
                                            .unwound_frames = 1,
                                            .dropped_events = 77,
                                            .trace_bytes = 4096,
                                            .complete = false,
                                            .has_calls = true,
                                            .unit = "ns"};
    ck_assert_int_eq(calltree_init(&tree, &err), 0);
    uint32_t main_node = call(&tree, CALLTREE_ROOT, MAIN, 1, 1000);
    uint32_t visit_node = call(&tree, main_node, VISIT, 2, 600);
    call(&tree, call(&tree, visit_node, VISIT, 3, 500), VISIT, 1, 100);
    call(&tree, main_node, TWIN_A, 2, 100);
    tree.nodes[call(&tree, main_node, TWIN_B, 1, 50)].inlined_calls = 1;
    call(&tree, CALLTREE_ROOT, HOSTILE, 1, 7);
    ck_assert_int_eq(profile_finish(profile, &tree, &err), 0);
    calltree_release(&tree);
    return profile;
}

char *profile_fixture_view(const struct profile *profile, const char *verb, const char *format, uint32_t top)
{
    struct err err = {0};
    char *text;
    size_t bytes;
    const struct view *view = view_find(verb, format);
    ck_assert_ptr_nonnull(view);
    struct view_options options = {.subject = ".", .top = top, .min_width = -1};
    (void)view_format_find(format, &options.format);
    struct out *out = out_open_memory(&text, &bytes);
    ck_assert_int_eq(view->write(profile, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_uint_eq(strlen(text), bytes);
    return text;
}
