/*
 * Functions that are hard to name: two of one name, an inlined one, one that an IFUNC chose, code without a file. With
 * two arguments it also calls a function of each of these plugins, which it loads one after the other; it prints where
 * they were.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define HIDDEN   __attribute__((no_instrument_function))
#define NOINLINE __attribute__((noinline))

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);
int second(void);

static volatile int sink;

static NOINLINE void twin(void)
{
    sink++;
}

static inline __attribute__((always_inline)) void inlined(void)
{
    sink++;
}

static void fast(void)
{
    sink++;
}

static HIDDEN void (*choose(void))(void)
{
    return fast;
}

void work(void) __attribute__((ifunc("choose")));

/* What a just-in-time compiler does that emits the hooks. */
static HIDDEN void called(uintptr_t function)
{
    __cyg_profile_func_enter((void *)function, __builtin_return_address(0));
    __cyg_profile_func_exit((void *)function, __builtin_return_address(0));
}

static HIDDEN void plugin_call(const char *path)
{
    void *plugin = dlopen(path, RTLD_NOW);
    if (plugin == NULL)
        return;
    void (*run)(void);
    *(void **)&run = dlsym(plugin, "entry");
    printf("%p\n", (void *)run);
    run();
    dlclose(plugin);
}

int main(int argc, char **argv)
{
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3; i++)
        twin();
    for (int i = 0; i < 7; i++)
        inlined();
    work();
    called((uintptr_t)code + 0x10);
    called(getauxval(AT_SYSINFO_EHDR) + 0x10);
    for (int i = 1; i < argc; i++)
        plugin_call(argv[i]);
    return second() + (argc < 1 ? work == NULL : 0);
}
