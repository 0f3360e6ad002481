/*
 * Threads allocate, resize and release each other's blocks as fast as they can, and leak one in a thousand; tells what
 * it did: "ALLOCATIONS BYTES RELEASES". Without threads' own memory: they are started before anything is counted.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NR_THREADS = 4, NR_ROUNDS = 8000, NR_PLACES = 64 };

static void *places[NR_PLACES]; /* whoever finds a block here owns it */
static unsigned long nr_allocs, nr_bytes, nr_frees;
static pthread_barrier_t ready;

static void count(unsigned long *counter, unsigned long number)
{
    __atomic_fetch_add(counter, number, __ATOMIC_RELAXED);
}

static void *storm(void *seed)
{
    uint64_t random = 0x9E3779B97F4A7C15u * (1 + (uint64_t)(uintptr_t)seed);
    pthread_barrier_wait(&ready);
    for (int i = 0; i < NR_ROUNDS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t bytes = 1 + random % 300;
        void **place = &places[random >> 20 & (NR_PLACES - 1)];
        void *block = __atomic_exchange_n(place, NULL, __ATOMIC_ACQ_REL);
        if (block != NULL && random >> 40 & 1) {
            block = realloc(block, bytes);
            count(&nr_frees, 1);
        } else {
            free(block);
            count(&nr_frees, block != NULL);
            block = malloc(bytes);
        }
        count(&nr_allocs, 1);
        count(&nr_bytes, bytes);
        if (random % 1000 == 0)
            continue;
        block = __atomic_exchange_n(place, block, __ATOMIC_ACQ_REL);
        free(block);
        count(&nr_frees, block != NULL);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[NR_THREADS];
    pthread_barrier_init(&ready, NULL, NR_THREADS);
    for (uintptr_t i = 1; i < NR_THREADS; i++)
        pthread_create(&threads[i], NULL, storm, (void *)i);
    storm(NULL);
    for (int i = 1; i < NR_THREADS; i++)
        pthread_join(threads[i], NULL);
    char text[100];
    int length = snprintf(text, sizeof text, "%lu %lu %lu\n", nr_allocs, nr_bytes, nr_frees);
    return write(1, text, (size_t)length) != length;
}
