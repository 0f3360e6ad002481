/*
 * Prints to both streams what a tracer must not disturb (errno, descriptors, arguments) and exits 7.
 *
 * row: R32 R40
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static int keep_errno(void)
{
    return errno;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("argument %s\n", argv[i]);
    errno = EXDEV;
    printf("errno kept: %s\n", keep_errno() == EXDEV && errno == EXDEV ? "yes" : "no");
    int lowest = open("/dev/null", O_RDONLY);
    printf("lowest free descriptor: %d\n", lowest);
    printf("a child to wait for: %s\n", waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? "no" : "yes");
    fprintf(stderr, "to stderr\n");
    return 7;
}
