/*
 * Says what it calls while it calls: into a file that it maps, so that whatever kills it, the numbers are there. Each
 * thread counts the calls of work() that have begun and those that have returned; work() calls leaf().
 *
 * usage: logged LOG THREADS [KILL-AT WHOM]    after KILL-AT calls the first thread kills: program, drain or both
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNTRACED __attribute__((no_instrument_function))

enum { THREADS_MAX = 64 };

/* What check_kills.c reads. */
struct log {
    volatile uint64_t begun, returned;
    volatile uint64_t tid;   /* 0: not started */
    volatile uint64_t drain; /* pid; in the first one */
    uint64_t unused[4];
};

static struct log *logs;
static uint64_t kill_at;
static const char *whom = "";
static _Thread_local volatile int sink;

__attribute__((noinline)) static void leaf(void)
{
    sink++;
}

__attribute__((noinline)) static void work(void)
{
    leaf();
}

/* The child of that name, which no wait() would tell of. */
UNTRACED static pid_t drain_find(void)
{
    char line[256];
    pid_t found = 0;
    FILE *list = popen("ps -o pid= -o comm= --ppid $PPID", "r");
    while (list != NULL && fgets(line, sizeof line, list) != NULL)
        if (strstr(line, "tracert-drain") != NULL)
            found = (pid_t)strtol(line, NULL, 10);
    if (list != NULL)
        pclose(list);
    return found;
}

UNTRACED static void kill_now(void)
{
    if (strcmp(whom, "program") != 0)
        kill((pid_t)logs->drain, SIGKILL);
    if (strcmp(whom, "drain") != 0)
        kill(getpid(), SIGKILL);
}

UNTRACED static void *thread_main(void *argument)
{
    struct log *log = argument;
    log->tid = (uint64_t)gettid();
    for (;;) {
        log->begun++;
        work();
        log->returned++;
        if (log == logs && log->returned == kill_at)
            kill_now();
    }
    return NULL;
}

UNTRACED int main(int argc, char **argv)
{
    int fd = argc < 3 ? -1 : open(argv[1], O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *logs * THREADS_MAX) != 0)
        return 1;
    logs = mmap(NULL, sizeof *logs * THREADS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    logs->drain = (uint64_t)drain_find();
    kill_at = argc > 4 ? strtoull(argv[3], NULL, 10) : 0;
    whom = argc > 4 ? argv[4] : "";
    for (int i = 1; i < atoi(argv[2]); i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, thread_main, &logs[i]);
    }
    thread_main(&logs[0]);
}
