#include "region.h"

#include "bytes.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int region_map(int fd, uint64_t bytes, struct region **region)
{
    long address = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (address < 0 && address > -4096)
        return (int)address;
    *region = (struct region *)address;
    return 0;
}

/* Growing a file beyond RLIMIT_FSIZE would not only fail but kill the program with SIGXFSZ. */
static int file_size_allowed(uint64_t bytes)
{
    struct rlimit limit;
    if (sys_rlimit(RLIMIT_FSIZE, &limit) != 0)
        return 0;
    return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes ? 0 : -EFBIG;
}

enum { DESCRIPTOR_PATH_BYTES = 32 };

/* "/proc/self/fd/N" */
static void descriptor_path(char *path, int fd)
{
    char digits[TEXT_NUMBER_BYTES];
    bytes_copy(path, "/proc/self/fd/", sizeof "/proc/self/fd/");
    text_append(path, DESCRIPTOR_PATH_BYTES, text_number(digits, (uint32_t)fd));
}

/* An empty file in the directory of `path`, with a name only if it cannot be given one later. -errno: none. */
static int file_make(const char *path, bool *named)
{
    char text[PATH_MAX];
    struct stat status;
    size_t length = (size_t)(text_last(path, '/') - path) + 1;
    bytes_copy(text, path, length);
    text[length] = '\0';
    int fd = (int)sys_openat(AT_FDCWD, text, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    descriptor_path(text, fd);
    *named = fd < 0 || sys_fstatat(AT_FDCWD, text, &status, 0) != 0;
    if (!*named)
        return fd;
    if (fd >= 0)
        sys_close(fd);
    return (int)sys_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

void region_publish(const char *path, int fd)
{
    char text[DESCRIPTOR_PATH_BYTES];
    if (fd < 0)
        return;
    descriptor_path(text, fd);
    sys_linkat(AT_FDCWD, text, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    sys_close(fd);
}

int region_create(const char *path, uint32_t big_bytes, struct region **region, int *nameless)
{
    uint64_t bytes = region_total_bytes(big_bytes);
    bool named;
    if (file_size_allowed(bytes) != 0)
        return -EFBIG;
    int fd = file_make(path, &named);
    if (fd < 0)
        return fd;
    int result = (int)sys_ftruncate(fd, bytes);
    if (result == 0)
        result = (int)sys_fallocate(fd, 0, 0, offsetof(struct region, slots[REGION_SLOTS_STEP]));
    if (result == 0)
        result = region_map(fd, bytes, region);
    *nameless = named || result < 0 ? -1 : fd;
    if (*nameless < 0)
        sys_close(fd);
    if (result < 0) {
        if (named)
            sys_unlinkat(AT_FDCWD, path);
        return result;
    }
    (*region)->layout = REGION_LAYOUT;
    (*region)->big_bytes = big_bytes;
    (*region)->total_bytes = bytes;
    (*region)->nr_slots_reserved = REGION_SLOTS_STEP;
    (*region)->uid = (uint32_t)sys_getuid();
    return 0;
}

/* 0 when the open file is a region that may be trusted. */
static int region_check(int fd, uint64_t *bytes)
{
    struct stat status;
    int result = (int)sys_fstatat(fd, "", &status, AT_EMPTY_PATH);
    if (result < 0)
        return result;
    if (!S_ISREG(status.st_mode) || status.st_uid != (uid_t)sys_getuid() || (status.st_mode & 077) != 0)
        return -EPERM;
    uint32_t head[2], step;
    if (sys_pread(fd, head, sizeof head, 0) != (long)sizeof head || head[0] != REGION_LAYOUT)
        return -EINVAL;
    if (head[1] < REGION_BIG_MIN || head[1] > REGION_BIG_MAX || (head[1] & (head[1] - 1)) != 0)
        return -EINVAL;
    if (sys_pread(fd, &step, sizeof step, offsetof(struct region, clock_step)) != (long)sizeof step || step == 0)
        return -EINVAL;
    *bytes = region_total_bytes(head[1]);
    return (uint64_t)status.st_size == *bytes ? 0 : -EINVAL;
}

int region_open(const char *path, struct region **region)
{
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    uint64_t bytes;
    int result = region_check(fd, &bytes);
    if (result == 0)
        result = region_map(fd, bytes, region);
    sys_close(fd);
    return result;
}

void region_unmap(struct region *region)
{
    sys_munmap(region, region->total_bytes);
}

/* Before Linux 5.14: reserve through a descriptor, opened for the moment. */
static int region_reserve_by_file(struct region *region, const char *path, const void *part, size_t bytes)
{
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int result = (int)sys_fallocate(fd, 0, (uint64_t)((const uint8_t *)part - (const uint8_t *)region), bytes);
    sys_close(fd);
    return result;
}

int region_reserve(struct region *region, const char *path, const void *part, size_t bytes)
{
    const uintptr_t page = 4095;
    bool whole = (((uintptr_t)part | bytes) & page) == 0; /* no page is shared with anything else */
    bytes += (uintptr_t)part & page;
    part = (const void *)((uintptr_t)part & ~page);
    long result = sys_madvise((void *)(uintptr_t)part, (bytes + page) & ~page, MADV_POPULATE_WRITE);
    if (result == -EINVAL)
        return region_reserve_by_file(region, path, part, bytes);
    if (result != 0 && whole) /* what could be had is no use: give it back */
        sys_madvise((void *)(uintptr_t)part, (bytes + page) & ~page, MADV_REMOVE);
    return result == -EFAULT ? -ENOSPC : (int)result; /* -EFAULT: a write would have been SIGBUS */
}

int region_drain_is_dead(struct region *region)
{
    return (__atomic_load_n(&region->drain_alive, __ATOMIC_RELAXED) & FUTEX_OWNER_DIED) != 0;
}

void region_ring_bell(struct region *region)
{
    __atomic_fetch_add(&region->doorbell, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&region->drain_asleep, __ATOMIC_SEQ_CST))
        sys_futex(&region->doorbell, FUTEX_WAKE, 1, NULL);
}

void region_call_drain(struct region *region)
{
    __atomic_fetch_add(&region->doorbell, 1, __ATOMIC_SEQ_CST);
    sys_futex(&region->doorbell, FUTEX_WAKE, 1, NULL);
}
