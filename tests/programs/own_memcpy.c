/*
 * The program brings its own memcpy and its like, traced like the rest of it, and counts: nobody calls them but the
 * program, while rings turn, threads begin and end, and a child is forked. (The C library has its own ways to them.)
 *
 * row: R38
 * expect: memcpy printed
 * expect: memset printed
 * expect: memmove printed
 * expect: strlen printed
 * expect: strnlen printed
 * expect: step 1200000
 * expect-sanitizers: no (they bring their own)
 * expect-without: static static-pie static-lto (called before a thread has variables of its own, which hooks need)
 */
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 300000 };

static unsigned long nr_memcpy, nr_memset, nr_memmove, nr_strlen, nr_strnlen;
static volatile int sink;

#define COUNT(number) __atomic_add_fetch(&(number), 1, __ATOMIC_RELAXED)

/* Through volatile bytes, or compilers would make calls of memcpy of these loops. */
static void *bytes_copied(void *to, const void *from, size_t bytes, int backwards)
{
    volatile unsigned char *t = to;
    const volatile unsigned char *f = from;
    for (size_t i = 0; i < bytes; i++)
        t[backwards ? bytes - 1 - i : i] = f[backwards ? bytes - 1 - i : i];
    return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    COUNT(nr_memcpy);
    return bytes_copied(to, from, bytes, 0);
}

void *memmove(void *to, const void *from, size_t bytes)
{
    COUNT(nr_memmove);
    return bytes_copied(to, from, bytes, (const char *)from < (char *)to);
}

void *memset(void *to, int byte, size_t bytes)
{
    volatile unsigned char *t = to;
    COUNT(nr_memset);
    for (size_t i = 0; i < bytes; i++)
        t[i] = (unsigned char)byte;
    return to;
}

size_t strnlen(const char *text, size_t most)
{
    const volatile char *t = text;
    size_t bytes = 0;
    COUNT(nr_strnlen);
    while (bytes < most && t[bytes] != '\0')
        bytes++;
    return bytes;
}

size_t strlen(const char *text)
{
    const volatile char *t = text;
    size_t bytes = 0;
    COUNT(nr_strlen);
    while (t[bytes] != '\0')
        bytes++;
    return bytes;
}

__attribute__((noinline)) static void step(void)
{
    sink++;
}

static void *thread_main(void *argument)
{
    for (int i = 0; i < STEPS; i++)
        step();
    return argument;
}

int main(void)
{
    pthread_t thread;
    void *(*volatile copy)(void *, const void *, size_t) = memcpy; /* or the compiler knows what they do */
    void *(*volatile move)(void *, const void *, size_t) = memmove;
    void *(*volatile set)(void *, int, size_t) = memset;
    size_t (*volatile length)(const char *) = strlen;
    size_t (*volatile length_within)(const char *, size_t) = strnlen;
    char from[16] = "something", to[16];
    copy(to, from, sizeof to);
    move(to + 1, to, sizeof to - 1);
    set(to, 0, sizeof to);
    sink += (int)(length(from) + length_within(from, sizeof from));
    pid_t child = fork();
    thread_main(NULL);
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    for (int i = 0; i < 2; i++) {
        pthread_create(&thread, NULL, thread_main, NULL);
        pthread_join(thread, NULL);
    }
    printf("memcpy %lu\nmemset %lu\nmemmove %lu\nstrlen %lu\nstrnlen %lu\n", nr_memcpy, nr_memset, nr_memmove,
           nr_strlen, nr_strnlen);
    return 0;
}
