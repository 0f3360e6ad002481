#include "drain/workers.h"

#include "drain/memory.h"
#include "sys.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

enum {
    STACK_BYTES = 128 << 10,
    CPUS_A_WORKER = 4, /* WORKERS_AUTO: the program's threads need theirs */
    AUTO_MAX = 3,
    CPU_WORDS = 128
};

struct worker {
    struct workers *all;
    struct chunker chunker;
    struct sink sink;
};

struct workers {
    struct region *region;
    struct sink *sink;
    uint32_t nr_allowed, nr; /* nr: running */
    const struct job *jobs;  /* of this turn */
    uint32_t nr_jobs;
    uint32_t next;    /* job that nobody has; atomic */
    uint32_t turn;    /* futex: goes up when there are jobs */
    uint32_t working; /* futex: workers that are not done with this turn */
    struct worker list[WORKERS_MAX];
};

/* ---- Threads ---------------------------------------------------------------------------------------------- */

/* A thread of this process that runs `function`, which must not return. 0 and more; or -errno. */
static long thread_start(uint8_t *stack_top, void (*function)(void *), void *argument)
{
    const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    void **top = (void **)(void *)stack_top - 2;
    top[0] = (void *)(uintptr_t)function;
    top[1] = argument;
#if defined(__x86_64__)
    long result;
    register long none __asm__("r10") = 0;
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "popq %%rax\n\t"
                     "popq %%rdi\n\t"
                     "call *%%rax\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "0"((long)SYS_clone), "D"(flags), "S"(top), "d"(0), "r"(none)
                     : "rcx", "r8", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x0 __asm__("x0") = (long)flags;
    register void *x1 __asm__("x1") = top;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register long x8 __asm__("x8") = SYS_clone;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "ldp x1, x0, [sp], #16\n\t"
                     "blr x1\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8)
                     : "memory");
    return x0;
#endif
}

static uint32_t cpus_allowed(void)
{
    unsigned long mask[CPU_WORDS];
    uint32_t nr = 0;
    long bytes = tracert__sys(SYS_sched_getaffinity, 0, sizeof mask, (long)mask, 0, 0, 0);
    for (long i = 0; i < bytes / (long)sizeof *mask; i++)
        nr += (uint32_t)__builtin_popcountl(mask[i]);
    return nr;
}

/* ---- Jobs --------------------------------------------------------------------------------------------------- */

static void jobs_take(struct workers *workers, struct chunker *chunker)
{
    for (;;) {
        uint32_t i = __atomic_fetch_add(&workers->next, 1, __ATOMIC_RELAXED);
        if (i >= workers->nr_jobs)
            return;
        const struct job *job = &workers->jobs[i];
        chunk_take_closed(chunker, job->thread, job->slot, job->end, false);
    }
}

static void worker_main(void *argument)
{
    struct worker *worker = argument;
    struct workers *workers = worker->all;
    uint32_t turn = 0;
    for (;;) {
        while (__atomic_load_n(&workers->turn, __ATOMIC_ACQUIRE) == turn)
            sys_futex(&workers->turn, FUTEX_WAIT, turn, NULL);
        turn++;
        jobs_take(workers, &worker->chunker);
        if (__atomic_sub_fetch(&workers->working, 1, __ATOMIC_RELEASE) == 0)
            sys_futex(&workers->working, FUTEX_WAKE, 1, NULL);
    }
}

/* One more, which waits for turn 1: all of them start before it. */
static bool worker_start(struct workers *workers)
{
    struct worker *worker = &workers->list[workers->nr];
    uint8_t *stack = memory_map(STACK_BYTES);
    worker->all = workers;
    return stack != NULL && sink_share(&worker->sink, workers->sink) == 0 &&
           chunker_init(&worker->chunker, workers->region, &worker->sink) == 0 &&
           thread_start(stack + STACK_BYTES, worker_main, worker) >= 0;
}

struct workers *workers_make(uint32_t nr, struct region *region, struct sink *sink)
{
    if (nr == WORKERS_AUTO) {
        nr = cpus_allowed() / CPUS_A_WORKER;
        nr = nr < AUTO_MAX ? nr : AUTO_MAX;
    }
    struct workers *workers = nr == 0 ? NULL : memory_map(sizeof *workers);
    if (workers != NULL)
        *workers = (struct workers){.region = region, .sink = sink, .nr_allowed = nr < WORKERS_MAX ? nr : WORKERS_MAX};
    return workers;
}

void workers_take(struct workers *workers, struct chunker *chunker, const struct job *jobs, uint32_t nr)
{
    if (workers != NULL && nr > 1 && workers->turn == 0) {
        while (workers->nr < workers->nr_allowed && worker_start(workers))
            workers->nr++;
    }
    if (workers == NULL || workers->nr == 0 || nr < 2) {
        for (uint32_t i = 0; i < nr; i++)
            chunk_take_closed(chunker, jobs[i].thread, jobs[i].slot, jobs[i].end, false);
        return;
    }
    workers->jobs = jobs;
    workers->nr_jobs = nr;
    workers->next = 0;
    workers->working = workers->nr;
    __atomic_fetch_add(&workers->turn, 1, __ATOMIC_RELEASE);
    sys_futex(&workers->turn, FUTEX_WAKE, INT32_MAX, NULL);
    jobs_take(workers, chunker);
    for (uint32_t left; (left = __atomic_load_n(&workers->working, __ATOMIC_ACQUIRE)) != 0;)
        sys_futex(&workers->working, FUTEX_WAIT, left, NULL);
}
