/*
 * Code that the program makes at run time calls the hooks: its address is kept, though nobody knows a name for it.
 *
 * row: R53
 * expect: main 1
 * expect: work 1000
 * expect-total: 2001
 */
#include <stddef.h>
#include <sys/mman.h>

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

/* What the made code would do. */
__attribute__((noinline, no_instrument_function)) static void run(char *code)
{
    __cyg_profile_func_enter(code, __builtin_return_address(0));
    work();
    __cyg_profile_func_exit(code, __builtin_return_address(0));
}

int main(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 1;
    for (int i = 0; i < 1000; i++)
        run(page + 64);
    return 0;
}
