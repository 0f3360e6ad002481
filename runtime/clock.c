#include "clock.h"

#include "bytes.h"
#include "sys.h"

#include <fcntl.h>
#include <time.h>

enum { STEP_SAMPLES = 512, ANCHOR_TRIES = 5, SOURCE_BYTES = 64 };

static uint64_t clock_read_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

static bool source_is_makeshift(const char *source)
{
    static const char *const makeshifts[] = {"hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"};
    for (size_t i = 0; i < sizeof makeshifts / sizeof *makeshifts; i++) {
        if (text_equal(source, makeshifts[i], TEXT_MAX))
            return true;
    }
    return false;
}

struct clock_choice clock_decide(enum config_clock order, const struct clock_facts *facts)
{
    if (order == CONFIG_CLOCK_COUNTER)
        return (struct clock_choice){CLOCK_COUNTER, TF_CLOCK_ORDERED};
    if (order == CONFIG_CLOCK_MONOTONIC)
        return (struct clock_choice){TF_CLOCK_MONOTONIC, TF_CLOCK_ORDERED};
    if (!facts->is_invariant)
        return (struct clock_choice){TF_CLOCK_MONOTONIC, TF_CLOCK_UNEVEN};
    if (source_is_makeshift(facts->source))
        return (struct clock_choice){TF_CLOCK_MONOTONIC, TF_CLOCK_SHUNNED};
    return (struct clock_choice){CLOCK_COUNTER, TF_CLOCK_FIT};
}

/* What the kernel takes the time from; "" when it does not say. */
static void clock_source(char name[SOURCE_BYTES])
{
    int fd = (int)sys_openat(AT_FDCWD, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                             O_RDONLY | O_CLOEXEC, 0);
    long bytes = fd < 0 ? 0 : sys_read(fd, name, SOURCE_BYTES - 1);
    if (fd >= 0)
        sys_close(fd);
    while (bytes > 0 && name[bytes - 1] == '\n')
        bytes--;
    name[bytes > 0 ? bytes : 0] = '\0';
}

struct clock_choice clock_choose(enum config_clock order)
{
    char source[SOURCE_BYTES] = "";
    if (order == CONFIG_CLOCK_AUTO) /* else nobody asks */
        clock_source(source);
    const struct clock_facts facts = {.is_invariant = clock_counter_is_invariant(), .source = source};
    return clock_decide(order, &facts);
}

struct clock_anchor clock_anchor(enum tf_clock clock)
{
    struct clock_anchor best = {0, 0};
    if (clock == TF_CLOCK_MONOTONIC) {
        best.ticks = best.ns = clock_monotonic_ns();
        return best;
    }
    uint64_t best_width = UINT64_MAX;
    for (int i = 0; i < ANCHOR_TRIES; i++) {
        uint64_t before = clock_counter();
        uint64_t ns = clock_monotonic_ns();
        uint64_t width = clock_counter() - before;
        if (width < best_width) {
            best_width = width;
            best.ticks = before + width / 2;
            best.ns = ns;
        }
    }
    return best;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The share of differences that are multiples of `step`, in percent. */
static unsigned step_share(const uint64_t *differences, unsigned nr, uint32_t step)
{
    unsigned multiples = 0;
    for (unsigned i = 0; i < nr; i++)
        multiples += (differences[i] + clock_slack(step)) % step <= 2 * clock_slack(step);
    return multiples * 100 / nr;
}

/* Something that takes now shorter, now longer: two readings in a row may well be as far apart each time. */
static void idle(unsigned turns)
{
    for (; turns > 0; turns--)
        __asm__ volatile("" : "+r"(turns));
}

uint32_t clock_step(enum tf_clock clock)
{
    uint64_t differences[STEP_SAMPLES];
    unsigned nr = 0;
    uint64_t last = clock_now(clock);
    for (unsigned i = 0; i < 16 * STEP_SAMPLES && nr < STEP_SAMPLES; i++) {
        idle(i * 7 % 32);
        uint64_t now = clock_now(clock);
        if (now > last)
            differences[nr++] = now - last;
        last = now;
    }
    if (nr < 2)
        return 1;
    /* A strict gcd falls to 1 at the first odd one out (an interrupt, a migration): take the best that nine in ten
     * share. */
    uint32_t best = 1;
    for (unsigned i = 1; i < nr && i < 64; i++) {
        uint64_t step = greatest_divisor(differences[i - 1], differences[i]);
        if (step > best && step < UINT16_MAX && step_share(differences, nr, (uint32_t)step) >= 90)
            best = (uint32_t)step;
    }
    return best;
}
