/*
 * Calls before main and after exit: constructors, destructors, thread-specific data's destructors.
 *
 * row: R12 R13 R14
 * expect: before_main 1
 * expect: after_main 1
 * expect: drop 4
 * expect: thread_main 4
 * expect: main 1
 * expect: helper 7
 */
#include <pthread.h>

static _Thread_local volatile int sink;
static pthread_key_t key;

__attribute__((noinline)) static void helper(void)
{
    __atomic_add_fetch(&sink, 1, __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void before_main(void)
{
    helper();
}

__attribute__((destructor)) static void after_main(void)
{
    helper();
    helper();
}

static void drop(void *value)
{
    (void)value;
    helper();
}

static void *thread_main(void *value)
{
    pthread_setspecific(key, value);
    return NULL;
}

int main(void)
{
    pthread_t threads[4];
    pthread_key_create(&key, drop);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, thread_main, &key);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
