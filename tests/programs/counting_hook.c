/*
 * The independent witness: stands in for libtracert, counts the calls of each function, and writes "address calls"
 * lines to the file named by COUNTS when the program ends. For one thread and at most 4096 functions.
 */
#include <stdio.h>
#include <stdlib.h>

static struct count {
    void *function;
    unsigned long calls;
} counts[8192];

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

void __cyg_profile_func_enter(void *function, void *site)
{
    (void)site;
    size_t slot = (size_t)function * 0x9E3779B97F4A7C15u >> 51;
    while (counts[slot].function != NULL && counts[slot].function != function)
        slot = (slot + 1) % 8192;
    counts[slot].function = function;
    counts[slot].calls++;
}

void __cyg_profile_func_exit(void *function, void *site)
{
    (void)function;
    (void)site;
}

__attribute__((destructor)) static void counts_write(void)
{
    FILE *file = fopen(getenv("COUNTS"), "w");
    for (size_t i = 0; file != NULL && i < 8192; i++)
        if (counts[i].function != NULL)
            fprintf(file, "%p %lu\n", counts[i].function, counts[i].calls);
    if (file != NULL)
        fclose(file);
}
