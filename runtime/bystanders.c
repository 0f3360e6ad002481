#include "bystanders.h"

#include "bytes.h"
#include "drain/image.h"
#include "sys.h"

#include <fcntl.h>
#include <stdbool.h>

enum { ENTRIES_BYTES = 4096, TEXT_BYTES = 512 };

/* What getdents64 gives. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t bytes;
    uint8_t type;
    char name[];
};

static uint32_t number_parse(const char *text)
{
    uint32_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (uint32_t)(*text - '0');
    return number;
}

/* Read "/proc/self/task/TID/NAME". Returns the bytes read; 0 when there is no such file. */
static size_t task_read(uint32_t tid, const char *name, char *text, size_t bytes)
{
    char path[64] = "/proc/self/task/";
    char digits[TEXT_NUMBER_BYTES];
    text_append(path, sizeof path, text_number(digits, tid));
    text_append(path, sizeof path, name);
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    long got = sys_read(fd, text, bytes);
    sys_close(fd);
    return got > 0 ? (size_t)got : 0;
}

static uint64_t text_hash(uint64_t hash, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
    return hash;
}

/* The last word but one, "0x7ffd5e8f3a48"; 0 when it is not there. */
static uint64_t stack_pointer_of(const char *text, size_t bytes)
{
    const char *end = text + bytes;
    uint64_t value = 0;
    for (int words = 0; end > text; end--) {
        if (end[-1] == ' ' && ++words == 2)
            break;
    }
    if (text + bytes - end < 3 || end[0] != '0' || end[1] != 'x')
        return 0;
    for (const char *p = end + 2; p < text + bytes && *p != ' '; p++)
        value = value << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
    return value;
}

/* Look at a thread: where its stack pointer is, 0 when it runs; and a hash of this and of how long it has run. */
static void thread_look(struct image_thread *thread)
{
    char text[TEXT_BYTES];
    size_t bytes = task_read(thread->tid, "/syscall", text, sizeof text);
    thread->stack_pointer = bytes > 0 && text[0] != 'r' /* "running" */ ? stack_pointer_of(text, bytes) : 0;
    thread->look = text_hash(0xcbf29ce484222325u, text, bytes);
    if (thread->stack_pointer != 0) {
        bytes = task_read(thread->tid, "/schedstat", text, sizeof text);
        thread->look = text_hash(thread->look, text, bytes);
    }
}

void bystanders_look(struct image_request *request)
{
    uint8_t *entries = request->stack; /* of which nobody has need yet: the program's may be small */
    int fd = (int)sys_openat(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    long got;
    while (fd >= 0 && (got = tracert__sys(SYS_getdents64, fd, (long)entries, ENTRIES_BYTES, 0, 0, 0)) > 0) {
        for (long at = 0; at < got;) {
            const struct entry *entry = (const struct entry *)(const void *)(entries + at);
            uint32_t tid = number_parse(entry->name);
            at += entry->bytes;
            if (tid != 0 && tid != request->tid && request->nr_threads < IMAGE_THREADS_MAX)
                request->threads[request->nr_threads++].tid = tid;
        }
    }
    if (fd >= 0)
        sys_close(fd);
    for (uint32_t i = 0; i < request->nr_threads; i++)
        thread_look(&request->threads[i]);
}

void bystanders_look_again(struct image_request *request)
{
    for (uint32_t i = 0; i < request->nr_threads; i++) {
        struct image_thread now = request->threads[i];
        thread_look(&now);
        if (now.look != request->threads[i].look || now.stack_pointer != request->threads[i].stack_pointer)
            request->threads[i].stack_pointer = 0;
    }
}
