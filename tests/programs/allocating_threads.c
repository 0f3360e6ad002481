/*
 * So many threads (argument 1) allocate and release, enough to go round the largest ring, and wait for one another.
 * Then the program says how much memory it has, in kB.
 *
 * expect: main 1
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 60000, THREADS_MAX = 256 };

static pthread_barrier_t all;

__attribute__((no_instrument_function)) static void *work(void *argument)
{
    void *volatile block;
    (void)argument;
    for (int i = 0; i < PAIRS; i++) {
        block = malloc(24 + (size_t)(i % 8) * 16);
        free(block);
    }
    pthread_barrier_wait(&all); /* … and lives until the memory is counted */
    pthread_barrier_wait(&all);
    return NULL;
}

__attribute__((no_instrument_function)) static long memory_kb(void)
{
    char line[128];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = atol(line + 6);
    if (file != NULL)
        fclose(file);
    return kb;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    int nr = argc > 1 ? atoi(argv[1]) : 1;
    if (nr < 1 || nr > THREADS_MAX || pthread_barrier_init(&all, NULL, (unsigned)nr + 1) != 0)
        return 2;
    for (int i = 0; i < nr; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            return 2;
    pthread_barrier_wait(&all);
    if (argc > 1)
        printf("%ld\n", memory_kb());
    pthread_barrier_wait(&all);
    for (int i = 0; i < nr; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
