/*
 * Threads that end without a word, by the bare system call, and one that ends the process while others work.
 *
 * row: R15
 * expect: main 1
 * expect: vanish 50
 * expect: finish 1
 * expect: leaf 5000
 * expect-open: 52
 * expect-status: 4
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local volatile int sink;
static int nr_vanished;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

static void *vanish(void *argument)
{
    for (int i = 0; i < 100; i++)
        leaf();
    __atomic_add_fetch(&nr_vanished, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_exit, 0);
    return argument;
}

static void *finish(void *argument)
{
    while (__atomic_load_n(&nr_vanished, __ATOMIC_SEQ_CST) < 50)
        usleep(1000);
    syscall(SYS_exit_group, 4);
    return argument;
}

int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 50; i++) {
        pthread_create(&thread, NULL, vanish, NULL);
        pthread_detach(thread);
    }
    pthread_create(&thread, NULL, finish, NULL);
    for (;;)
        pause();
}
