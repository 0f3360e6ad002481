/*
 * Four threads that do different amounts of work: worker n takes n * 1000 items, two steps each, and a step takes so
 * long that what recording it costs does not matter.
 *
 * expect: main 1
 * expect: worker_main 4
 * expect: item_process 10000
 * expect: item_step 20000
 */
#include <pthread.h>
#include <stdio.h>

#define NR_WORKERS 4

struct worker {
    pthread_t thread;
    int nr_items;
    volatile int done;
};

__attribute__((noinline)) static void item_step(struct worker *worker, int amount)
{
    for (int i = 0; i < 500; i++)
        worker->done += i % 2 ? amount : -amount;
    worker->done += amount;
}

__attribute__((noinline)) static void item_process(struct worker *worker)
{
    item_step(worker, 2);
    item_step(worker, -1);
}

__attribute__((noinline)) static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < worker->nr_items; i++)
        item_process(worker);
    return NULL;
}

int main(void)
{
    static struct worker workers[NR_WORKERS];
    int done = 0;
    for (int i = 0; i < NR_WORKERS; i++) {
        workers[i].nr_items = 1000 * (i + 1);
        if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < NR_WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    printf("%d threads processed %d items\n", NR_WORKERS, done);
    return 0;
}
