/*
 * A model of a machine that runs instrumented code: it makes the events that hooks would store, and knows what really
 * happened.
 *
 * It calls, inlines, returns (with and without a tail call of the exit hook, with and without alloca, with and without
 * arguments on the stack) and leaves frames without an exit as longjmp and exceptions do. What its compiler and its
 * stack cannot tell apart it does not do: see machine_jump().
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum { MACHINE_DEPTH = 200, MACHINE_FUNCTIONS = 40 };

struct machine_frame {
    uint64_t function, site, hook, sp;
    uint64_t body_sp, body_site; /* what the hooks of functions that are inlined into it see */
    bool inlined;                /* its enter hook is called from the frame of its caller, and the runtime knows it */
    bool split;                  /* … and its rest, with the exit hook, is a function that the compiler made */
    bool shares;                 /* its code is part of its caller's */
};

enum machine_kind { MACHINE_ENTER, MACHINE_EXIT, MACHINE_EXIT_TAIL };

/* What a hook sees. */
struct machine_event {
    enum machine_kind kind;
    uint64_t function, site, hook, sp, ticks;
};

struct machine {
    uint64_t random;
    uint64_t ticks;
    struct machine_frame frames[MACHINE_DEPTH];
    uint32_t depth;
    uint32_t unwound; /* frames left without an exit since the last event; they lay above `depth` */
    uint32_t target;  /* depth it tends to */
};

void machine_init(struct machine *machine, uint64_t seed);

/* Do one thing that hooks see. The frames in machine->frames[0, depth) are open afterwards; an enter pushed the last
 * one. */
struct machine_event machine_step(struct machine *machine);

uint64_t machine_random(struct machine *machine, uint64_t below);

#endif
