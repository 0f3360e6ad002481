/*
 * 1,500 threads alive at once.
 *
 * row: R16
 * expect: main 1
 * expect: thread_main 1500
 * expect: leaf 150000
 */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 1500, CALLS = 100 };

static pthread_barrier_t all;
static _Thread_local volatile int sink;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

static void *thread_main(void *argument)
{
    for (int i = 0; i < CALLS / 2; i++)
        leaf();
    pthread_barrier_wait(&all);
    for (int i = 0; i < CALLS / 2; i++)
        leaf();
    return argument;
}

int main(void)
{
    static pthread_t threads[THREADS];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    pthread_barrier_init(&all, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], &attributes, thread_main, NULL) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
