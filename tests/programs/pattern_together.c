/*
 * Slow calls of several threads at once: now and then, at no beat, all wait for the same. Nearly: each waits as often
 * and as long, but by itself.
 */
#include "pattern.h"

#include <pthread.h>
#include <stdint.h>

enum { THREADS = 3, ROUNDS = 1300, WAITS = 6, WAIT_US = 60000 };

static bool nearly;
static pthread_barrier_t begin;

/* When the slow rounds are: the same for all, or each thread's own. */
static const int slow_rounds[WAITS] = {71, 180, 353, 610, 641, 1088};

UNSEEN static void sleep_us(long time_us)
{
    struct timespec time = {0, time_us * 1000};
    nanosleep(&time, NULL);
}

UNSEEN static bool is_slow(int thread, int round)
{
    for (int i = 0; i < WAITS; i++)
        if (slow_rounds[i] + (nearly ? 2 * thread : 0) == round)
            return true;
    return false;
}

__attribute__((noinline)) static void serve(bool waits)
{
    sleep_us(waits ? WAIT_US : 1000);
}

static void *worker(void *argument)
{
    int thread = (int)(intptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&begin); /* so that rounds are at the same time everywhere */
        serve(is_slow(thread, round));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    nearly = is_nearly(argc, argv);
    pthread_barrier_init(&begin, NULL, THREADS);
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, worker, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
