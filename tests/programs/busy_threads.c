/*
 * Six threads that do nothing but call, all at once: more than one thread of the drain's can take. With an argument the
 * program stays for a while, to be looked at.
 *
 * expect: main 1
 * expect: work 6
 * expect: leaf 1800000
 */
#include <pthread.h>
#include <unistd.h>

enum { NR_THREADS = 6, NR_CALLS = 300000 };

static _Thread_local volatile int sink;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

static void *work(void *argument)
{
    for (int i = 0; i < NR_CALLS; i++)
        leaf();
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t threads[NR_THREADS];
    for (int i = 0; i < NR_THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < NR_THREADS; i++)
        pthread_join(threads[i], NULL);
    if (argc > 1)
        sleep(2);
    return argv[0] == NULL;
}
