/*
 * It allocates and releases until it is killed, and keeps one block of 1,234 bytes.
 */
#include <stdlib.h>
#include <unistd.h>

static void *volatile kept;

__attribute__((noinline)) static void turn(void)
{
    void *volatile block = malloc(100);
    free(block);
}

int main(void)
{
    kept = calloc(1, 1234);
    alarm(60);
    for (;;)
        turn();
}
