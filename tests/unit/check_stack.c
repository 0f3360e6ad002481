/*
 * The exact-stack rule: after every event the frames are what the program's really were.
 *
 * row: R4 R5 R8 R9
 */
#include "machine.h"
#include "stack.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

enum { MAX = 1100 };

struct open {
    struct frame frames[MAX];
    uint32_t depth;
};

static void open_enter(struct open *open, const struct machine_event *event)
{
    struct frame frame = {.function = event->function, .site = frame_site(event->site, event->hook), .sp = event->sp};
    uint32_t depth = stack_depth_at_enter(open->frames, open->depth, &frame, event->hook);
    bool same = depth > 0 && stack_is_same_place(open->frames, depth - 1, &frame);
    ck_assert(stack_is_inlined(open->frames, open->depth, &frame, event->hook) == (same && depth == open->depth));
    ck_assert_uint_lt(depth, MAX);
    frame.sp |= same ? FRAME_INLINED : 0;
    open->depth = depth + 1;
    open->frames[depth] = frame;
}

static void open_exit(struct open *open, const struct machine_event *event)
{
    bool tail = event->kind == MACHINE_EXIT_TAIL;
    uint32_t found = stack_find_exit(open->frames, open->depth, event->function, event->sp, tail);
    ck_assert_uint_ne(found, STACK_NONE);
    open->depth = found;
}

START_TEST(follows_the_machine)
{
    struct machine machine;
    struct open open = {.depth = 0};
    uint64_t unwound = 0;
    machine_init(&machine, (uint64_t)_i + 1);
    for (int i = 0; i < 20000; i++) {
        struct machine_event event = machine_step(&machine);
        unwound += machine.unwound;
        if (event.kind == MACHINE_ENTER)
            open_enter(&open, &event);
        else
            open_exit(&open, &event);
        bool same = open.depth == machine.depth;
        for (uint32_t j = 0; same && j < open.depth; j++)
            same = open.frames[j].function == machine.frames[j].function &&
                   frame_sp(&open.frames[j]) == machine.frames[j].sp;
        if (!same)
            ck_abort_msg("event %d: depth %u, should be %u", i, open.depth, machine.depth);
    }
    ck_assert_uint_gt(unwound, 1000); /* or it would prove nothing */
}

END_TEST

START_TEST(loop_that_is_left_by_jumps_does_not_nest)
{
    struct open open = {.depth = 0};
    struct machine_event outer = {MACHINE_ENTER, 1, 10, 100, 5008, 0};
    struct machine_event inner = {MACHINE_ENTER, 2, 20, 200, 4000, 0};
    open_enter(&open, &outer);
    for (int i = 0; i < 1000; i++)
        open_enter(&open, &inner); /* never exits: longjmp back into outer, which calls it again */
    ck_assert_uint_eq(open.depth, 2);
}

END_TEST

START_TEST(function_inlined_into_itself_nests)
{
    struct open open = {.depth = 0};
    for (uint64_t copy = 0; copy < 4; copy++) {
        struct machine_event event = {MACHINE_ENTER, 1, 10, 100 + copy, 5008, 0};
        open_enter(&open, &event);
    }
    ck_assert_uint_eq(open.depth, 4);
}

END_TEST

START_TEST(exit_without_a_frame_is_an_orphan)
{
    struct open open = {.depth = 0};
    const struct frame *frames = open.frames;
    ck_assert_uint_eq(stack_find_exit(frames, 0, 1, 112, false), STACK_NONE);
    struct machine_event event = {MACHINE_ENTER, 1, 10, 100, 5008, 0};
    open_enter(&open, &event);
    ck_assert_uint_eq(stack_find_exit(frames, 1, 2, 5008, false), STACK_NONE);
    ck_assert_uint_eq(stack_find_exit(frames, 1, 1, 6000, false), STACK_NONE); /* a frame below its own */
    ck_assert_uint_eq(stack_find_exit(frames, 1, 1, 4992, true), STACK_NONE);  /* a jump is seen from above */
    ck_assert_uint_eq(stack_find_exit(frames, 1, 1, 5008, true), 0); /* or from the same place: a split function */
    ck_assert_uint_eq(stack_find_exit(frames, 1, 1, 5056, true), 0);
}

END_TEST

START_TEST(regions_are_found_and_functions_are_not)
{
    struct open open = {.depth = 2};
    open.frames[0] = (struct frame){.function = 7, .sp = 4096};
    open.frames[1] = (struct frame){.function = 9, .sp = 4000 | FRAME_REGION};
    ck_assert_uint_eq(stack_find_region(open.frames, 2, 4000), 1);
    ck_assert_uint_eq(stack_find_region(open.frames, 2, 4016), STACK_NONE);
    ck_assert_uint_eq(stack_find_exit(open.frames, 2, 9, 4000, false), STACK_NONE);
    ck_assert_uint_eq(stack_find_exit(open.frames, 2, 7, 4000, false), 0);
    ck_assert_uint_eq(stack_depth_at_region(open.frames, 2, 4000), 2);
    ck_assert_uint_eq(stack_depth_at_region(open.frames, 2, 4016), 1);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("stack");
    TCase *rule = tcase_create("rule");
    tcase_add_loop_test(rule, follows_the_machine, 0, 50);
    tcase_add_test(rule, loop_that_is_left_by_jumps_does_not_nest);
    tcase_add_test(rule, function_inlined_into_itself_nests);
    tcase_add_test(rule, exit_without_a_frame_is_an_orphan);
    tcase_add_test(rule, regions_are_found_and_functions_are_not);
    tcase_set_timeout(rule, 60);
    suite_add_tcase(suite, rule);
    return suite_run(suite);
}
