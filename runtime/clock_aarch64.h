/* The generic timer's virtual counter. Included by clock.h only. */
#ifndef CLOCK_AARCH64_H
#define CLOCK_AARCH64_H

#include "tracert/format.h"

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_COUNTER TF_CLOCK_CNTVCT

static inline __attribute__((always_inline)) uint64_t clock_counter(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

static inline __attribute__((always_inline)) struct ticks clock_halves(void)
{
    uint64_t ticks = clock_counter();
    return (struct ticks){(uint32_t)ticks, (uint32_t)(ticks >> 32)};
}

static inline __attribute__((always_inline)) struct ticks clock_halves_fenced(void)
{
    uint64_t ticks;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
    return (struct ticks){(uint32_t)ticks, (uint32_t)(ticks >> 32)};
}

/* The architecture promises it. */
static inline bool clock_counter_is_invariant(void)
{
    return true;
}

#endif
