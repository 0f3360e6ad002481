/*
 * Go on on a stack of one's own: the program's may be a few kilobytes.
 */
#ifndef STACK_SWITCH_H
#define STACK_SWITCH_H

#include <stdint.h>

/* Call `go_on`, which never returns, on the stack that ends at `top`, a multiple of 16. Nothing of the old one is kept.
 */
static inline _Noreturn void stack_switch(void (*go_on)(const void *), const void *argument, uint8_t *top)
{
#if defined(__x86_64__)
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "call *%1\n\t"
                     "ud2"
                     :
                     : "r"(top), "r"(go_on), "D"(argument)
                     : "memory");
#elif defined(__aarch64__)
    register const void *x0 __asm__("x0") = argument;
    __asm__ volatile("mov sp, %0\n\t"
                     "mov x29, xzr\n\t"
                     "blr %1\n\t"
                     "brk #1"
                     :
                     : "r"(top), "r"(go_on), "r"(x0)
                     : "memory");
#endif
    __builtin_unreachable();
}

#endif
