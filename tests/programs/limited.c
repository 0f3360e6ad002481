/*
 * A program that locks what memory it will get, and takes some: for threads, a child and itself. What its limits do not
 * allow it does without. It prints what it got, and how many calls that were.
 *
 * row: R37
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NR_THREADS = 3, NR_CALLS = 1000, BYTES = 256 << 10 };

static volatile unsigned sum;

__attribute__((noinline)) static void work(void)
{
    sum++;
}

static void work_often(void)
{
    for (int i = 0; i < NR_CALLS; i++)
        work();
}

static void *run(void *unused)
{
    work_often();
    return unused;
}

/* How many threads there were, one after the other. */
static unsigned threads(void)
{
    unsigned nr = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, BYTES);
    for (int i = 0; i < NR_THREADS; i++) {
        pthread_t thread;
        nr += pthread_create(&thread, &attributes, run, NULL) == 0 && pthread_join(thread, NULL) == 0;
    }
    pthread_attr_destroy(&attributes);
    return nr;
}

static unsigned children(void)
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        work_often();
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
    printf("locked: %d\n", mlockall(MCL_FUTURE));
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("mapped: %d\n", memory != MAP_FAILED);
    unsigned nr = threads();
    printf("threads: %u\n", nr);
    unsigned nr_children = children();
    printf("children: %u\n", nr_children);
    work_often();
    printf("called: %u\n", 3 + nr + (1 + nr + nr_children) * (1 + NR_CALLS));
    return 0;
}
