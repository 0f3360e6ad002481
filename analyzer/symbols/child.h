/*
 * A confined child process that reads hostile files for us, and the messages it sends back over a pipe.
 *
 * The child inherits the question by fork() and can do nothing but read files and write messages: no new privileges,
 * no terminal, no other descriptor, no file growth, no core, bounded memory and processor time; it dies with its
 * parent. What it says is not trusted: child_receive() checks the framing, answers.c the meaning.
 * Start it while no other thread of this process holds a lock.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_TEXT_MAX 65536u /* bytes of a message's text */

/* Head of a message; `bytes` bytes of text follow. Both sides are the same program, so it is sent as it lies. */
struct child_message {
    uint32_t kind;
    uint32_t bytes;
    uint64_t index;
    uint32_t number;
    uint32_t reserved; /* 0 */
};

/* The child's end. */
struct child_sender {
    int fd;
    size_t used_bytes;
    uint8_t buffer[65536];
};

/* The parent's end. */
struct child {
    pid_t pid;
    int fd;
    size_t used_bytes, taken_bytes;
    uint8_t *buffer;
};

struct child_limits {
    uint64_t memory_bytes; /* that it may allocate beyond what it inherits */
    unsigned cpu_s;
};

enum child_event {
    CHILD_MESSAGE,
    CHILD_CLOSED,   /* it ended, or died */
    CHILD_TOO_LATE, /* nothing whole arrived before the deadline */
    CHILD_GARBAGE   /* not a message */
};

/*
 * Run `work` in a child, which exits when it returns. 0; -errno when no child could be made. The caller ends it with
 * child_stop() in any case.
 */
int child_start(struct child *child, const struct child_limits *limits,
                void (*work)(struct child_sender *sender, const void *context), const void *context);

/* Kill the child, wait for it, release everything. */
void child_stop(struct child *child);

/*
 * The next message, at the latest at `deadline_ns` of CLOCK_MONOTONIC. *text (message->bytes bytes, not terminated) is
 * valid until the next call.
 */
enum child_event child_receive(struct child *child, uint64_t deadline_ns, struct child_message *message,
                               const char **text);

/* In the child: send a message (texts are cut at CHILD_TEXT_MAX). Buffered; exits when the parent is gone. */
void child_send(struct child_sender *sender, uint32_t kind, uint64_t index, uint32_t number, const char *text,
                size_t bytes);
void child_flush(struct child_sender *sender);

uint64_t child_clock_ns(void);

#endif
