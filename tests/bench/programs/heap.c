/* Allocates: PAIRS of malloc and free, of random sizes in random places of 4,096, by THREADS threads. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { NR_PLACES = 4096, THREADS_MAX = 64 };

static long pairs;

static uint64_t size_of(uint64_t random)
{
    uint64_t dice = random % 100;
    random >>= 16;
    if (dice < 60)
        return 16 + random % 112;
    return 16 + random % (dice < 90 ? 1000 : dice < 99 ? 8000 : 65000);
}

static void *work(void *seed)
{
    static __thread void *places[NR_PLACES];
    uint64_t random = 0x9E3779B97F4A7C15u * ((uint64_t)(uintptr_t)seed + 1);
    for (long i = 0; i < pairs; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        void **place = &places[random % NR_PLACES];
        free(*place);
        *place = malloc(size_of(random >> 12));
        *(char *)*place = 1;
    }
    for (int i = 0; i < NR_PLACES; i++)
        free(places[i]);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    int nr = argc > 2 ? atoi(argv[2]) : 1;
    if (argc < 2 || nr < 1 || nr > THREADS_MAX)
        return 2;
    pairs = atol(argv[1]) / nr;
    for (int i = 1; i < nr; i++)
        pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i);
    work(NULL);
    for (int i = 1; i < nr; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
