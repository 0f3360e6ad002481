#include "symbols/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS    1000000u
#define NS_PER_S     1000000000u
#define BUFFER_BYTES (2 * (CHILD_TEXT_MAX + sizeof(struct child_message)))
#define CHILD_FD     3
#define CHILD_FILES  64

/* A sanitizer reserves terabytes of addresses, which no limit may take away from it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define LIMIT_MEMORY 0
#endif
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY 1
#endif

/* ---- The child's side ---------------------------------------------------------------------------- */

static void limit_set(int resource, uint64_t value)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
        limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit((__rlimit_resource_t)resource, &limit);
}

/* RLIMIT_DATA bounds what is allocated; RLIMIT_AS leaves room above it for files that are only mapped. */
static void memory_limit(uint64_t memory_bytes)
{
    char text[256] = "";
    uint64_t pages[6] = {0}; /* size resident shared text lib data */
    FILE *file = LIMIT_MEMORY ? fopen("/proc/self/statm", "re") : NULL;
    if (!LIMIT_MEMORY)
        return;
    if (file) {
        char *next = fgets(text, sizeof(text), file);
        for (unsigned i = 0; next && i < 6; i++)
            pages[i] = strtoull(next, &next, 10);
        (void)fclose(file);
    }
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    limit_set(RLIMIT_DATA, pages[5] * page_bytes + memory_bytes);
    limit_set(RLIMIT_AS, pages[0] * page_bytes + 8 * memory_bytes);
}

static void descriptors_close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
#endif
    long nr_files = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < nr_files; fd++)
        (void)close(fd);
}

/* Standard descriptors to /dev/null, the pipe on CHILD_FD, nothing else. */
static int descriptors_confine(int pipe_fd)
{
    int safe_fd = fcntl(pipe_fd, F_DUPFD, CHILD_FD + 1);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (safe_fd < 0)
        return -1;
    for (int fd = 0; fd < CHILD_FD; fd++)
        if (null_fd != fd && (null_fd < 0 || dup2(null_fd, fd) < 0))
            (void)close(fd);
    if (dup2(safe_fd, CHILD_FD) < 0)
        return -1;
    descriptors_close_from(CHILD_FD + 1);
    return 0;
}

static int child_confine(int pipe_fd, pid_t parent, const struct child_limits *limits)
{
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || descriptors_confine(pipe_fd) != 0)
        return -1;
    memory_limit(limits->memory_bytes);
    limit_set(RLIMIT_CPU, limits->cpu_s);
    limit_set(RLIMIT_NOFILE, CHILD_FILES);
    limit_set(RLIMIT_FSIZE, 0);
    limit_set(RLIMIT_CORE, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return 0;
}

void child_flush(struct child_sender *sender)
{
    for (size_t done = 0; done < sender->used_bytes;) {
        ssize_t nr_bytes = write(sender->fd, sender->buffer + done, sender->used_bytes - done);
        if (nr_bytes < 0 && errno != EINTR)
            _exit(1);
        done += nr_bytes > 0 ? (size_t)nr_bytes : 0;
    }
    sender->used_bytes = 0;
}

static void sender_put(struct child_sender *sender, const void *bytes, size_t nr_bytes)
{
    const uint8_t *from = bytes;
    while (nr_bytes > 0) {
        if (sender->used_bytes == sizeof(sender->buffer))
            child_flush(sender);
        size_t room = sizeof(sender->buffer) - sender->used_bytes;
        size_t part = nr_bytes < room ? nr_bytes : room;
        memcpy(sender->buffer + sender->used_bytes, from, part);
        sender->used_bytes += part;
        from += part;
        nr_bytes -= part;
    }
}

void child_send(struct child_sender *sender, uint32_t kind, uint64_t index, uint32_t number, const char *text,
                size_t bytes)
{
    if (bytes > CHILD_TEXT_MAX)
        bytes = CHILD_TEXT_MAX;
    struct child_message message = {.kind = kind, .bytes = (uint32_t)bytes, .index = index, .number = number};
    sender_put(sender, &message, sizeof(message));
    sender_put(sender, text, bytes);
}

/* ---- The parent's side --------------------------------------------------------------------------- */

uint64_t child_clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

int child_start(struct child *child, const struct child_limits *limits,
                void (*work)(struct child_sender *sender, const void *context), const void *context)
{
    int fds[2];
    pid_t parent = getpid();
    *child = (struct child){.pid = -1, .fd = -1, .buffer = malloc(BUFFER_BYTES)};
    struct child_sender *sender = malloc(sizeof(*sender));
    int error = child->buffer && sender ? 0 : ENOMEM;
    if (!error && pipe2(fds, O_CLOEXEC) != 0)
        error = errno;
    if (error)
        goto out;
    child->fd = fds[0];
    child->pid = fork();
    if (child->pid < 0)
        error = errno;
    if (child->pid == 0) {
        if (child_confine(fds[1], parent, limits) != 0)
            _exit(1);
        sender->fd = CHILD_FD;
        sender->used_bytes = 0;
        work(sender, context);
        child_flush(sender);
        _exit(0);
    }
    (void)close(fds[1]);
out:
    free(sender);
    return -error;
}

void child_stop(struct child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (child->fd >= 0)
        (void)close(child->fd);
    free(child->buffer);
    *child = (struct child){.pid = -1, .fd = -1};
}

/* Wait for bytes and take what fits. */
static enum child_event child_fill(struct child *child, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now_ns = child_clock_ns();
        if (now_ns >= deadline_ns)
            return CHILD_TOO_LATE;
        uint64_t wait_ms = (deadline_ns - now_ns) / NS_PER_MS + 1;
        struct pollfd ready = {.fd = child->fd, .events = POLLIN};
        if (poll(&ready, 1, wait_ms < 1000 ? (int)wait_ms : 1000) <= 0)
            continue;
        ssize_t nr_bytes = read(child->fd, child->buffer + child->used_bytes, BUFFER_BYTES - child->used_bytes);
        if (nr_bytes < 0 && errno == EINTR)
            continue;
        if (nr_bytes <= 0)
            return CHILD_CLOSED;
        child->used_bytes += (size_t)nr_bytes;
        return CHILD_MESSAGE;
    }
}

enum child_event child_receive(struct child *child, uint64_t deadline_ns, struct child_message *message,
                               const char **text)
{
    for (;;) {
        const uint8_t *next = child->buffer + child->taken_bytes;
        size_t available = child->used_bytes - child->taken_bytes;
        if (available >= sizeof(*message)) {
            memcpy(message, next, sizeof(*message));
            if (message->bytes > CHILD_TEXT_MAX || message->reserved != 0)
                return CHILD_GARBAGE;
            if (available - sizeof(*message) >= message->bytes) {
                *text = (const char *)next + sizeof(*message);
                child->taken_bytes += sizeof(*message) + message->bytes;
                return CHILD_MESSAGE;
            }
        }
        memmove(child->buffer, next, available);
        child->taken_bytes = 0;
        child->used_bytes = available;
        enum child_event event = child_fill(child, deadline_ns);
        if (event != CHILD_MESSAGE)
            return event;
    }
}
