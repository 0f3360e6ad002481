/*
 * A library to preload: makes one call of the program's fail. FAIL_CALL names it (memory, read, write), FAIL_AT says
 * which one, from 1, FAIL_MARK a file that is made when it has happened: once, though a child may count too. Written
 * without anything that allocates.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t nr, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

static long calls_left; /* 0: not yet known; negative: nothing fails (any more) */
static const char *what;

static int fails(const char *call, int error)
{
    if (calls_left == 0) {
        const char *at = getenv("FAIL_AT");
        what = getenv("FAIL_CALL");
        calls_left = at != NULL && what != NULL ? atol(at) : -1;
    }
    if (calls_left < 0 || strcmp(call, what) != 0 || --calls_left > 0)
        return 0;
    calls_left = -1;
    const char *mark = getenv("FAIL_MARK");
    long fd = mark != NULL ? syscall(SYS_open, mark, O_WRONLY | O_CREAT | O_EXCL, 0600) : -1;
    if (fd < 0)
        return 0;
    syscall(SYS_close, fd);
    errno = error;
    return 1;
}

void *malloc(size_t bytes)
{
    return fails("memory", ENOMEM) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t nr, size_t bytes)
{
    return fails("memory", ENOMEM) ? NULL : __libc_calloc(nr, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return fails("memory", ENOMEM) ? NULL : __libc_realloc(old, bytes);
}

ssize_t read(int fd, void *to, size_t bytes)
{
    return fails("read", EIO) ? -1 : syscall(SYS_read, fd, to, bytes);
}

ssize_t pread(int fd, void *to, size_t bytes, off_t offset)
{
    return fails("read", EIO) ? -1 : syscall(SYS_pread64, fd, to, bytes, offset);
}

ssize_t pread64(int fd, void *to, size_t bytes, off64_t offset)
{
    return pread(fd, to, bytes, offset);
}

ssize_t write(int fd, const void *from, size_t bytes)
{
    return fails("write", ENOSPC) ? -1 : syscall(SYS_write, fd, from, bytes);
}
