/*
 * Preloaded into a program that nobody traces: how long it runs, and where it is from time to time.
 *
 * Ten thousand times a second the place in the program's own code is noted; code of libraries counts for the function
 * of the program that called it, as it does in a trace. At the end one line "ns DURATION", and a line with the address
 * of each sample (as it is in the file), are added to the file named by SAMPLES. With SAMPLES_OFF set it only takes the
 * time. For one thread.
 */
#define _GNU_SOURCE
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 22, INTERVAL_NS = 101 * 1000, FRAMES_MAX = 64 };

static struct {
    uintptr_t base, begin, end; /* of the program's code */
    uint64_t start_ns;
    timer_t timer;
    uint32_t *addresses;
    uint32_t nr;
} sampler;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int is_own(uintptr_t address)
{
    return address >= sampler.begin && address < sampler.end;
}

static uintptr_t program_counter(const void *context)
{
    const ucontext_t *c = context;
#if defined(__x86_64__)
    return (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return c->uc_mcontext.pc;
#endif
}

static void sample(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    void *frames[FRAMES_MAX];
    uintptr_t place = program_counter(context);
    int nr = is_own(place) ? 0 : backtrace(frames, FRAMES_MAX);
    for (int i = 2; i < nr && !is_own(place); i++) /* behind this handler and the kernel's frame */
        place = (uintptr_t)frames[i] - 1;
    if (is_own(place) && sampler.nr < SAMPLES_MAX)
        sampler.addresses[sampler.nr++] = (uint32_t)(place - sampler.base);
}

/* The first object is the program. */
static int program_find(struct dl_phdr_info *info, size_t bytes, void *context)
{
    (void)bytes;
    (void)context;
    sampler.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
            continue;
        sampler.begin = sampler.base + header->p_vaddr;
        sampler.end = sampler.begin + header->p_memsz;
    }
    return 1;
}

static void timer_begin(void)
{
    void *frames[FRAMES_MAX];
    struct sigaction action = {.sa_sigaction = sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    const struct itimerspec interval = {{0, INTERVAL_NS}, {0, INTERVAL_NS}};
    backtrace(frames, FRAMES_MAX); /* loads what it needs now */
    dl_iterate_phdr(program_find, NULL);
    sampler.addresses = calloc(SAMPLES_MAX, sizeof *sampler.addresses);
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    if (sampler.addresses == NULL || sigaction(SIGPROF, &action, NULL) != 0 ||
        timer_create(CLOCK_MONOTONIC, &event, &sampler.timer) != 0 ||
        timer_settime(sampler.timer, 0, &interval, NULL) != 0)
        abort();
}

__attribute__((constructor)) static void sampler_begin(void)
{
    if (getenv("SAMPLES_OFF") == NULL)
        timer_begin();
    sampler.start_ns = now_ns();
}

__attribute__((destructor)) static void sampler_end(void)
{
    uint64_t duration_ns = now_ns() - sampler.start_ns;
    if (sampler.addresses != NULL)
        timer_delete(sampler.timer);
    FILE *file = fopen(getenv("SAMPLES"), "a");
    if (file == NULL)
        abort();
    fprintf(file, "ns %llu\n", (unsigned long long)duration_ns);
    for (uint32_t i = 0; i < sampler.nr; i++)
        fprintf(file, "%x\n", (unsigned)sampler.addresses[i]);
    fclose(file);
}
