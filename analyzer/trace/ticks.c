/*
 * The clock's line. 128-bit products; one division when the line is made, none when it is used.
 */
#include "trace/ticks.h"

__extension__ typedef unsigned __int128 uint128_t;

void clock_init_ns(struct clock *clock, uint64_t origin_ticks)
{
    clock_init_rate(clock, origin_ticks, 1, 1);
}

void clock_init_rate(struct clock *clock, uint64_t origin_ticks, uint64_t ticks, uint64_t ns)
{
    *clock = (struct clock){.origin_ticks = origin_ticks, .whole = ns / ticks, .rest = ns % ticks, .span = ticks};
    clock->fraction = (uint64_t)(((uint128_t)clock->rest << 64) / ticks);
}

uint64_t clock_duration_ns(const struct clock *clock, uint64_t duration_ticks)
{
    uint64_t part = (uint64_t)(((uint128_t)duration_ticks * clock->fraction) >> 64);
    /* The guess is at most one too small, because `fraction` is less than 2^-64 too small. */
    uint128_t missing = (uint128_t)duration_ticks * clock->rest - (uint128_t)part * clock->span;
    if (missing >= clock->span)
        part++;
    uint64_t ns;
    if (__builtin_mul_overflow(duration_ticks, clock->whole, &ns) || __builtin_add_overflow(ns, part, &ns))
        return UINT64_MAX;
    return ns;
}

uint64_t clock_ns(const struct clock *clock, uint64_t ticks)
{
    return ticks <= clock->origin_ticks ? 0 : clock_duration_ns(clock, ticks - clock->origin_ticks);
}

uint64_t clock_ticks(const struct clock *clock, uint64_t ns)
{
    uint64_t low = clock->origin_ticks, high = UINT64_MAX;
    if (clock_ns(clock, high) < ns)
        return UINT64_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (clock_ns(clock, middle) >= ns)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
