/*
 * A million calls deep, on a stack that is large enough for it.
 *
 * row: R11
 * expect: main 1
 * expect-without: tsan (its own stack of calls holds 64 Ki: it dies without us, too)
 * expect: descend 1
 * expect: dive 1000001
 */
#include <pthread.h>
#include <stdio.h>

static _Thread_local volatile int sink;

__attribute__((noinline)) static int dive(int depth)
{
    int below = depth > 0 ? dive(depth - 1) : 0;
    sink++;
    return below + 1;
}

static void *descend(void *argument)
{
    printf("%d\n", dive(1000000));
    return argument;
}

int main(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512ul << 20);
    pthread_create(&thread, &attributes, descend, NULL);
    return pthread_join(thread, NULL);
}
