#include "machine.h"
#include "random.h"

#include <string.h>

enum { FRAME_BYTES = 64, TOP = 1 << 20 };

uint64_t machine_random(struct machine *machine, uint64_t below)
{
    return (random_next(&machine->random) * 0x2545F4914F6CDD1Dull >> 32) % below;
}

void machine_init(struct machine *machine, uint64_t seed)
{
    memset(machine, 0, sizeof *machine);
    machine->random = seed * 0x9E3779B97F4A7C15ull + 1;
    machine->ticks = 1000000 + machine_random(machine, 1000);
    machine->target = 10;
}

/* Mostly one step of a 21-tick clock, sometimes a few, rarely anything. */
static void machine_tick(struct machine *machine)
{
    uint64_t dice = machine_random(machine, 1000);
    if (dice < 700)
        machine->ticks += 21;
    else if (dice < 900)
        machine->ticks += 21 * machine_random(machine, 300);
    else if (dice < 990)
        machine->ticks += machine_random(machine, 5000);
    else
        machine->ticks += machine_random(machine, 1ull << 40);
}

/* Some lie far from the others, and in the middle of one of them modulo 2^16. */
static bool function_is_far(uint64_t function)
{
    return function >= 0x555500010000ull;
}

static uint64_t function_address(uint64_t number)
{
    return 0x555500001000ull + number * 0x130 + (number % 4 == 3 ? 0xff10 : 0);
}

/* The frame whose code runs in `frame`: its own, or that which it is inlined into. */
static const struct machine_frame *machine_physical(const struct machine_frame *frame)
{
    while (frame->shares && !frame->split)
        frame--;
    return frame;
}

static uint64_t machine_code(const struct machine_frame *physical)
{
    return physical->split ? physical->function + 0x9000 : physical->function;
}

/*
 * Inline `frame` into its caller, at a place of the caller's code that no open inlined call of the same function has:
 * another copy is other code. False when there is none.
 */
static bool machine_inline(struct machine *machine, struct machine_frame *frame)
{
    const struct machine_frame *caller = frame - 1;
    const struct machine_frame *physical = machine_physical(caller);
    uint64_t code = machine_code(physical) + (physical->split ? 0 : 0x30);
    frame->hook = code + 2 * machine_random(machine, 0x70);
    frame->sp = frame->body_sp = caller->body_sp;
    /* With arguments below its hook the runtime does not know all of where a hook is. */
    bool is_known = !function_is_far(frame->function) && !function_is_far(physical->function);
    if (!caller->split && is_known && machine_random(machine, 4) == 0)
        frame->sp -= 16 * (1 + machine_random(machine, 3)); /* arguments of a call before, which are dropped then */
    frame->site = frame->body_site = caller->body_site;
    for (const struct machine_frame *other = physical; other < frame; other++) {
        if (other->hook == frame->hook && other->function == frame->function)
            return false;
    }
    frame->shares = true;
    /* Else nobody has seen the frame it shares; and with arguments below its hook that is not asked. */
    frame->inlined = !caller->split && (frame->sp == frame->body_sp || frame->sp == caller->sp);
    frame->split = machine_random(machine, 5) == 0;
    if (frame->split) {
        frame->body_sp -= FRAME_BYTES;
        frame->body_site = machine_code(physical) + 0x128 + machine_random(machine, 2);
    }
    return true;
}

static struct machine_event machine_enter(struct machine *machine)
{
    struct machine_frame *frame = &machine->frames[machine->depth];
    const struct machine_frame *caller = machine->depth > 0 ? frame - 1 : NULL;
    memset(frame, 0, sizeof *frame);
    frame->function = function_address(machine_random(machine, MACHINE_FUNCTIONS));
    if (caller == NULL || machine_random(machine, 4) != 0 || !machine_inline(machine, frame)) {
        uint64_t code = caller != NULL ? machine_code(machine_physical(caller)) : 0x555500000100ull;
        frame->inlined = frame->shares = frame->split = false;
        frame->sp = frame->body_sp = caller == NULL ? TOP : caller->body_sp - FRAME_BYTES;
        frame->site =
            code + 0x120 + machine_random(machine, 3); /* few places: functions called by pointer share them */
        frame->body_site = frame->site;
        frame->hook = frame->function + 0x20;
    }
    machine->depth++;
    return (struct machine_event){MACHINE_ENTER, frame->function, frame->site, frame->hook, frame->sp, machine->ticks};
}

static struct machine_event machine_exit(struct machine *machine)
{
    const struct machine_frame *frame = &machine->frames[--machine->depth];
    bool tail = (!frame->shares || frame->split) && machine_random(machine, 3) == 0;
    uint64_t sp = frame->body_sp;
    if (tail)
        sp = frame->split ? frame[-1].body_sp : sp + FRAME_BYTES - 16;
    else if (machine_random(machine, 8) == 0)
        sp -= 16 * machine_random(machine, 3); /* alloca since the enter */
    return (struct machine_event){
        tail ? MACHINE_EXIT_TAIL : MACHINE_EXIT, frame->function, frame->site, 0, sp, machine->ticks};
}

/*
 * Leave frames without an exit: whole physical frames, down to a function that then goes on. (A jump out of an inlined
 * function into the one it is inlined into, followed by another inlined one, looks to every tracer like a nested call;
 * so does one out of a function that calls itself into that one when it is split.)
 */
static bool machine_is_ambiguous(const struct machine *machine, uint32_t left)
{
    const struct machine_frame *frame = &machine->frames[left];
    return frame->shares || (frame[-1].split && frame[-1].function == frame->function);
}

static void machine_jump(struct machine *machine)
{
    uint32_t keep = 1 + (uint32_t)machine_random(machine, machine->depth);
    while (keep < machine->depth && machine_is_ambiguous(machine, keep))
        keep++;
    machine->unwound = machine->depth - keep;
    machine->depth = keep;
}

struct machine_event machine_step(struct machine *machine)
{
    machine_tick(machine);
    machine->unwound = 0;
    if (machine_random(machine, 200) == 0)
        machine->target = 1 + (uint32_t)machine_random(machine, MACHINE_DEPTH - 2);
    if (machine->depth > 1 && machine_random(machine, 50) == 0)
        machine_jump(machine);
    bool deeper = machine_random(machine, 10) < 6;
    if (machine->depth == 0 || (machine->depth < MACHINE_DEPTH && (machine->depth < machine->target) == deeper))
        return machine_enter(machine);
    return machine_exit(machine);
}
