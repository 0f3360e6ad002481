/*
 * A daemon's beginning: every descriptor is closed, by number and by range; then its database is opened, under whatever
 * numbers come. Nobody else writes into it.
 *
 * row: R31
 * expect: main 1
 * expect: work 2000000
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 64, CALLS = 2000000 };

static volatile int sink;

__attribute__((noinline)) static void work(void)
{
    sink++;
}

int main(void)
{
    char name[32];
    int fds[FILES];
    int bad = 0;
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    close_range(0, ~0u, 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "app-%d.db", i);
        fds[i] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        bad += fds[i] != i || write(fds[i], "mine", 4) != 4;
    }
    for (int i = 0; i < CALLS; i++)
        work();
    for (int i = 0; i < FILES; i++) {
        char text[16] = "";
        bad += pread(fds[i], text, sizeof text, 0) != 4 || memcmp(text, "mine", 4) != 0;
    }
    return bad == 0 ? 0 : 1;
}
