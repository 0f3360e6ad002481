/*
 * Allocates while the register of the frame pointer holds anything but one, on stacks that the system did not make, and
 * on the signal stack: nothing of that may be believed, or read where nothing is.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10 };

static ucontext_t home, away;
static unsigned nr_allocs;

/* Call malloc(24) with `frame` as the frame pointer. */
__attribute__((noinline)) static void allocate_with(uintptr_t frame)
{
    void *block;
#if defined(__x86_64__)
    __asm__ volatile("pushq %%rbp\n\t"
                     "movq %%rsp, %%rbx\n\t"
                     "subq $128, %%rsp\n\t"
                     "andq $-16, %%rsp\n\t"
                     "movq %1, %%rbp\n\t"
                     "call *%2\n\t"
                     "movq %%rbx, %%rsp\n\t"
                     "popq %%rbp"
                     : "=a"(block)
                     : "r"(frame), "r"(malloc), "D"((size_t)24)
                     : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                       "xmm14", "xmm15");
#else
    block = malloc(24 + 0 * frame);
#endif
    nr_allocs++;
    free(block);
}

static void allocate_with_all(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)15;
    const uintptr_t frames[] = {
        0,        1,         8,         4096,          UINTPTR_MAX,      UINTPTR_MAX - 7,  (uintptr_t)1 << 46, here,
        here + 8, here + 40, here + 48, here + 100000, here + (1 << 20), here + (8 << 20), here - 64};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        allocate_with(frames[i]);
    uintptr_t loop[2] = {(uintptr_t)loop, (uintptr_t)allocate_with_all}; /* a frame that is its own caller's */
    allocate_with((uintptr_t)loop);
    for (uintptr_t offset = 0; offset < 4096; offset += 8)
        allocate_with(here + offset);
}

static void handler(int number)
{
    (void)number;
    allocate_with_all();
}

static void elsewhere(void)
{
    allocate_with_all();
}

int main(void)
{
    unsigned char *stack = mmap(NULL, 3 * STACK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack + STACK_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) != 0)
        return 1;
    allocate_with_all();
    /* A coroutine, with nothing mapped on either side of its stack. */
    getcontext(&away);
    away.uc_stack.ss_sp = stack + STACK_BYTES;
    away.uc_stack.ss_size = STACK_BYTES;
    away.uc_link = &home;
    makecontext(&away, elsewhere, 0);
    swapcontext(&home, &away);
    /* The signal stack, in its place. */
    stack_t alternate = {.ss_sp = stack + STACK_BYTES, .ss_size = STACK_BYTES};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    if (sigaltstack(&alternate, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
        return 2;
    raise(SIGUSR1);
    /* A stack that goes, and a smaller one at its place. */
    alternate.ss_flags = SS_DISABLE;
    sigaltstack(&alternate, NULL);
    munmap(stack + STACK_BYTES, STACK_BYTES);
    if (mmap(stack + STACK_BYTES, STACK_BYTES / 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == MAP_FAILED)
        return 3;
    away.uc_stack.ss_size = STACK_BYTES / 4;
    makecontext(&away, elsewhere, 0);
    swapcontext(&home, &away);
    printf("%u\n", nr_allocs);
    return 0;
}
