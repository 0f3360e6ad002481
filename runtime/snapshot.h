/*
 * Images of the heap: asked for by the program, from outside, or at its end. The memory is copied by a child that
 * shares its pages with the program (drain/image.c), so that the program stands still for no longer than a fork takes.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "tracert/format.h"

#include <stdbool.h>
#include <stdint.h>

/* The registers that a function must preserve, which may hold the only pointer to a block; and the stack pointer. */
struct snapshot_registers {
    uint64_t stack_pointer;
    uint64_t values[12];
    uint32_t nr;
    uint64_t thread_pointer;
};

/* To be called first of all by the function whose callers' pointers matter. */
static inline __attribute__((always_inline)) void snapshot_registers(struct snapshot_registers *registers)
{
#if defined(__x86_64__)
    __asm__ volatile("movq %%rsp, 0(%0)\n\t"
                     "movq %%rbx, 8(%0)\n\t"
                     "movq %%rbp, 16(%0)\n\t"
                     "movq %%r12, 24(%0)\n\t"
                     "movq %%r13, 32(%0)\n\t"
                     "movq %%r14, 40(%0)\n\t"
                     "movq %%r15, 48(%0)"
                     :
                     : "r"(registers)
                     : "memory");
    registers->nr = 6;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(registers->thread_pointer));
#elif defined(__aarch64__)
    __asm__ volatile("mov x9, sp\n\t"
                     "stp x9, x19, [%0]\n\t"
                     "stp x20, x21, [%0, 16]\n\t"
                     "stp x22, x23, [%0, 32]\n\t"
                     "stp x24, x25, [%0, 48]\n\t"
                     "stp x26, x27, [%0, 64]\n\t"
                     "stp x28, x29, [%0, 80]"
                     :
                     : "r"(registers)
                     : "memory", "x9");
    registers->nr = 11;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(registers->thread_pointer));
#endif
}

/*
 * Begin an image of the calling process's heap. True when one is being written: it is in its file when
 * tracert__snapshots_finish() returns, or soon after. False: memory is not recorded, or a line on stderr says why not.
 * Signal-safe; preserves errno. May wait for an earlier image.
 */
bool tracert__snapshot_take(const char *name, uint32_t bytes, const struct snapshot_registers *registers);

/* One was asked for and cannot be, or is not whole: the trace says so. Signal-safe. */
void tracert__snapshot_none(enum tf_no_image why);

/* Somebody outside may have asked for one: take it, if no other thread does. For the slow path of hooks. */
void tracert__snapshot_look(void);

/*
 * TRACERT_SNAPSHOT=peak, and `bytes` of the heap are in use: take an image if that is a good deal more than at the last
 * one, whose file it replaces; not while another one is being written.
 */
void tracert__snapshot_peak(uint64_t bytes);

/* The process is about to end: the image that was asked for then; and wait until all are written. */
void tracert__snapshots_finish(void);

#endif
