/*
 * Allocates on call paths of every kind, each with a size of its own: deep and shallow in turns, recursive, after
 * frames that a jump has left, in a signal handler, another thread and a forked child. What the bytes of each path are:
 *
 * path: main;one 33
 * path: main;two 44
 * path: main;two;one 22
 * path: main;down 330
 * path: main;ping;pong;ping;pong;one 11
 * path: main;jumps 56
 * path: main;jumps;far_away;farther 55
 * path: main;jumps;after 66
 * path: main;forks;one 11
 * path: main;forks;in_child 99
 * path: worker;two 22
 * path: worker;two;one 11
 *
 * And where the hooks tell, not the frame pointers:
 *
 * hooks: main;raises;handler 77
 * hooks: main;raises 78
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline))

static void *volatile kept;
static volatile int nothing;
static jmp_buf place;

APART static void one(void)
{
    kept = malloc(11);
    nothing++;
}

APART static void two(void)
{
    one();
    kept = malloc(22);
    nothing++;
}

APART static void down(int depth)
{
    if (depth > 0)
        down(depth - 1);
    kept = malloc(33);
    nothing++;
}

APART static void ping(int rounds);

APART static void pong(int rounds)
{
    if (rounds > 0)
        ping(rounds - 1);
    else
        one();
    nothing++;
}

APART static void ping(int rounds)
{
    pong(rounds);
    nothing++;
}

APART static void farther(void)
{
    kept = malloc(55);
    longjmp(place, 1);
}

APART static void far_away(void)
{
    farther();
    nothing++;
}

APART static void after(void)
{
    kept = malloc(66);
    nothing++;
}

APART static void jumps(void)
{
    if (setjmp(place) == 0)
        far_away();
    kept = malloc(56);
    after();
    nothing++;
}

static void handler(int number)
{
    kept = malloc(77);
    nothing += number;
}

APART static void raises(void)
{
    raise(SIGUSR1);
    kept = malloc(78);
    nothing++;
}

APART static void in_child(void)
{
    kept = malloc(99);
    nothing++;
}

APART static void forks(void)
{
    pid_t child = fork();
    if (child == 0) {
        in_child();
        _exit(0);
    }
    waitpid(child, NULL, 0);
    one();
    nothing++;
}

APART static void *worker(void *unused)
{
    two();
    return unused;
}

int main(void)
{
    pthread_t thread;
    signal(SIGUSR1, handler);
    one();
    two();
    one();
    two();
    down(9);
    ping(1);
    jumps();
    raises();
    one();
    forks();
    if (pthread_create(&thread, NULL, worker, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
