/* The exact-stack rule: after every event the drain's stack is what the program's really was. */
#include "drain/stack.h"
#include "machine.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

static void stack_enter(struct stack *stack, const struct machine_event *event)
{
    struct frame frame = {
        .function = event->function, .site = event->site, .sp = event->sp, .hook = (uint32_t)event->hook};
    stack->depth = stack_depth_at_enter(stack, &frame);
    ck_assert_int_eq(stack_push(stack, &frame), 0);
}

static void stack_exit(struct stack *stack, const struct machine_event *event)
{
    uint32_t found = stack_find_exit(stack, event->function, event->sp, event->kind == MACHINE_EXIT_TAIL);
    ck_assert_uint_ne(found, STACK_NONE);
    stack->depth = found;
}

START_TEST(follows_the_machine)
{
    struct machine machine;
    struct stack stack = {NULL, 0, 0};
    uint64_t unwound = 0;
    machine_init(&machine, (uint64_t)_i + 1);
    for (int i = 0; i < 20000; i++) {
        struct machine_event event = machine_step(&machine);
        unwound += machine.unwound;
        if (event.kind == MACHINE_ENTER)
            stack_enter(&stack, &event);
        else
            stack_exit(&stack, &event);
        bool same = stack.depth == machine.depth;
        for (uint32_t j = 0; same && j < stack.depth; j++)
            same = stack.frames[j].function == machine.frames[j].function && stack.frames[j].sp == machine.frames[j].sp;
        if (!same)
            ck_abort_msg("event %d: depth %u, should be %u", i, stack.depth, machine.depth);
    }
    ck_assert_uint_gt(unwound, 1000); /* or it would prove nothing */
    stack_release(&stack);
}

END_TEST

START_TEST(loop_that_is_left_by_jumps_does_not_nest)
{
    struct stack stack = {NULL, 0, 0};
    struct machine_event outer = {MACHINE_ENTER, 1, 10, 100, 5000, 0};
    struct machine_event inner = {MACHINE_ENTER, 2, 20, 200, 4000, 0};
    stack_enter(&stack, &outer);
    for (int i = 0; i < 1000; i++)
        stack_enter(&stack, &inner); /* never exits: longjmp back into outer, which calls it again */
    ck_assert_uint_eq(stack.depth, 2);
    stack_release(&stack);
}

END_TEST

START_TEST(function_inlined_into_itself_nests)
{
    struct stack stack = {NULL, 0, 0};
    for (uint64_t copy = 0; copy < 4; copy++) {
        struct machine_event event = {MACHINE_ENTER, 1, 10, 100 + copy, 5000, 0};
        stack_enter(&stack, &event);
    }
    ck_assert_uint_eq(stack.depth, 4);
    stack_release(&stack);
}

END_TEST

START_TEST(exit_without_a_frame_is_an_orphan)
{
    struct stack stack = {NULL, 0, 0};
    ck_assert_uint_eq(stack_find_exit(&stack, 1, 100, false), STACK_NONE);
    struct machine_event event = {MACHINE_ENTER, 1, 10, 100, 5000, 0};
    stack_enter(&stack, &event);
    ck_assert_uint_eq(stack_find_exit(&stack, 2, 5000, false), STACK_NONE);
    ck_assert_uint_eq(stack_find_exit(&stack, 1, 6000, false), STACK_NONE); /* a frame below its own */
    ck_assert_uint_eq(stack_find_exit(&stack, 1, 4984, true), STACK_NONE);  /* a jump is seen from above */
    ck_assert_uint_eq(stack_find_exit(&stack, 1, 5000, true), 0); /* or from the same place: a split function */
    ck_assert_uint_eq(stack_find_exit(&stack, 1, 5048, true), 0);
    stack_release(&stack);
}

END_TEST

START_TEST(inherited_frames_are_a_copy)
{
    struct frame frames[300] = {{.function = 7, .flags = FRAME_FRESH}};
    struct stack stack = {NULL, 0, 0};
    ck_assert_int_eq(stack_inherit(&stack, frames, 300), 0);
    ck_assert_uint_eq(stack.depth, 300);
    ck_assert_uint_eq(stack.frames[0].function, 7);
    ck_assert_uint_eq(stack.frames[0].flags, FRAME_INHERITED);
    stack_release(&stack);
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
    tcase_add_test(rule, inherited_frames_are_a_copy);
    tcase_set_timeout(rule, 60);
    suite_add_tcase(suite, rule);
    return suite_run(suite);
}
