/* The time stamp counter. Included by clock.h only. */
#ifndef CLOCK_X86_64_H
#define CLOCK_X86_64_H

#include "tracert/format.h"

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_COUNTER TF_CLOCK_TSC

/* No fence and no rdtscp: measured, they cost more than the disorder they prevent; but for clock_halves_fenced(). */
static inline __attribute__((always_inline)) uint64_t clock_counter(void)
{
    return __builtin_ia32_rdtsc();
}

/* The same, in halves: the hooks need them apart. */
static inline __attribute__((always_inline)) struct ticks clock_halves(void)
{
    struct ticks ticks;
    __asm__ volatile("rdtsc" : "=a"(ticks.low), "=d"(ticks.high));
    return ticks;
}

/* The same, once all that comes before is done, and before anything of what follows is begun. */
static inline __attribute__((always_inline)) struct ticks clock_halves_fenced(void)
{
    struct ticks ticks;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(ticks.low), "=d"(ticks.high) : : "memory");
    return ticks;
}

/* CPUID's "invariant TSC": constant rate in all power states. */
static inline bool clock_counter_is_invariant(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & 1u << 8) != 0;
}

#endif
