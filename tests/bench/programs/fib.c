/* Recursion, on as many threads as wanted: fib(N) on each of them. */
#include <pthread.h>
#include <stdlib.h>

__attribute__((noinline)) static int fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void *work(void *argument)
{
    return (void *)(long)fib(*(int *)argument);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1, nr_threads = argc > 2 ? atoi(argv[2]) : 0;
    pthread_t threads[1024];
    for (int i = 0; i < nr_threads && i < 1024; i++)
        if (pthread_create(&threads[i], NULL, work, &n) != 0)
            return 1;
    for (int i = 0; i < nr_threads && i < 1024; i++)
        pthread_join(threads[i], NULL);
    return nr_threads == 0 && fib(n) < 0;
}
