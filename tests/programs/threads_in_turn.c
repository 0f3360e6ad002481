/*
 * Ten thousand threads, one after the other: they need the memory of a few. Exits 1 when the shared memory that the
 * process has touched grows beyond 64 MB.
 *
 * row: R14 R16
 * expect: main 1
 * expect: thread_main 10000
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 10000, LIMIT_KB = 64 << 10 };

static void *thread_main(void *argument)
{
    return argument;
}

__attribute__((no_instrument_function)) static long shared_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "RssShmem:", 9) == 0)
            kb = strtol(line + 9, NULL, 10);
    if (file != NULL)
        fclose(file);
    return kb;
}

int main(void)
{
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
            return 2;
        pthread_join(thread, NULL);
    }
    return shared_kb() > LIMIT_KB ? 1 : 0;
}
