/*
 * Two snapshots: between them twenty blocks come from grow(), one of which is lost, and five of shrink()'s go.
 */
#include "tracert/tracert.h"

#include <stdlib.h>

static void *volatile grown[20];
static void *volatile shrunk[5];

__attribute__((noinline)) static void grow(int i)
{
    grown[i] = calloc(1, 100);
}

__attribute__((noinline)) static void shrink(int i)
{
    shrunk[i] = calloc(1, 50);
}

__attribute__((noinline)) static void grow_all(void)
{
    volatile char depth[64 << 10]; /* what is left over on the stack is far away */
    depth[0] = 0;
    for (int i = 0; i < 20; i++)
        grow(i);
    grown[7] = NULL;
    depth[sizeof depth - 1] = 0;
}

int main(void)
{
    for (int i = 0; i < 5; i++)
        shrink(i);
    tracert_heap_snapshot("before");
    grow_all();
    for (int i = 0; i < 5; i++)
        free(shrunk[i]);
    tracert_heap_snapshot("after");
    return 0;
}
