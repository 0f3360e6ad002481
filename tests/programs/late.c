/*
 * Calls after everybody else's destructors: the last ones of the program, a handler that a constructor registered, and
 * the thread-specific data's destructors of keys that are older than the library's.
 *
 * row: R13 R14
 * expect: main 1
 * expect: at_exit 1
 * expect: last 1
 * expect: drop 40
 * expect: thread_main 10
 * expect: helper 60
 * expect-without: tsan (clang's crashes in such destructors, traced or not)
 */
#include <pthread.h>
#include <stdlib.h>

static _Thread_local volatile int sink;
static pthread_key_t key;

__attribute__((noinline)) static void helper(void)
{
    __atomic_add_fetch(&sink, 1, __ATOMIC_RELAXED);
}

static void at_exit(void)
{
    for (int i = 0; i < 10; i++)
        helper();
}

/* Comes again as often as the system allows: each time, the library's own destructor has run before or runs after. */
static void drop(void *value)
{
    helper();
    pthread_setspecific(key, value);
}

__attribute__((constructor(101), no_instrument_function)) static void first(void)
{
    pthread_key_create(&key, drop);
    atexit(at_exit);
}

__attribute__((destructor(101))) static void last(void)
{
    for (int i = 0; i < 10; i++)
        helper();
}

static void *thread_main(void *value)
{
    pthread_setspecific(key, value);
    return NULL;
}

int main(void)
{
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, thread_main, &key);
        pthread_join(thread, NULL);
    }
    return 0;
}
