/*
 * Every system call of the runtime and of the drain goes through one gate, tracert__sys(), so that a test can put
 * another gate in its place (tests link their own sys.c) and make any call fail. Calls are raw: no errno, no
 * cancellation point, no libc lock.
 *
 * All return what the kernel returns: a result, or -errno. Signal-safe.
 */
#ifndef SYS_H
#define SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

long tracert__sys(long number, long a, long b, long c, long d, long e, long f);

static inline long sys_openat(int dir, const char *path, int flags, unsigned mode)
{
    return tracert__sys(SYS_openat, dir, (long)path, flags, (long)mode, 0, 0);
}

static inline long sys_close(int fd)
{
    return tracert__sys(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long sys_read(int fd, void *data, size_t bytes)
{
    return tracert__sys(SYS_read, fd, (long)data, (long)bytes, 0, 0, 0);
}

static inline long sys_write(int fd, const void *data, size_t bytes)
{
    return tracert__sys(SYS_write, fd, (long)data, (long)bytes, 0, 0, 0);
}

static inline long sys_pwrite(int fd, const void *data, size_t bytes, uint64_t offset)
{
    return tracert__sys(SYS_pwrite64, fd, (long)data, (long)bytes, (long)offset, 0, 0);
}

static inline long sys_pread(int fd, void *data, size_t bytes, uint64_t offset)
{
    return tracert__sys(SYS_pread64, fd, (long)data, (long)bytes, (long)offset, 0, 0);
}

static inline long sys_ftruncate(int fd, uint64_t bytes)
{
    return tracert__sys(SYS_ftruncate, fd, (long)bytes, 0, 0, 0, 0);
}

static inline long sys_fallocate(int fd, int mode, uint64_t offset, uint64_t bytes)
{
    return tracert__sys(SYS_fallocate, fd, mode, (long)offset, (long)bytes, 0, 0);
}

static inline long sys_flock(int fd, int operation)
{
    return tracert__sys(SYS_flock, fd, operation, 0, 0, 0, 0);
}

/* Through statx's older sibling newfstatat; fills glibc's struct stat, whose layout is the kernel's on 64-bit machines.
 */
static inline long sys_fstatat(int dir, const char *path, struct stat *status, int flags)
{
    return tracert__sys(SYS_newfstatat, dir, (long)path, (long)status, flags, 0, 0);
}

static inline long sys_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return tracert__sys(SYS_linkat, from_dir, (long)from, to_dir, (long)to, flags, 0);
}

static inline long sys_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return tracert__sys(SYS_renameat2, from_dir, (long)from, to_dir, (long)to, (long)flags, 0);
}

static inline long sys_unlinkat(int dir, const char *path)
{
    return tracert__sys(SYS_unlinkat, dir, (long)path, 0, 0, 0, 0);
}

static inline long sys_readlinkat(int dir, const char *path, char *target, size_t bytes)
{
    return tracert__sys(SYS_readlinkat, dir, (long)path, (long)target, (long)bytes, 0, 0);
}

static inline long sys_getcwd(char *path, size_t bytes)
{
    return tracert__sys(SYS_getcwd, (long)path, (long)bytes, 0, 0, 0, 0);
}

static inline long sys_mmap(void *address, size_t bytes, int protection, int flags, int fd, uint64_t offset)
{
    return tracert__sys(SYS_mmap, (long)address, (long)bytes, protection, flags, fd, (long)offset);
}

static inline long sys_munmap(void *address, size_t bytes)
{
    return tracert__sys(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0);
}

static inline long sys_mremap(void *address, size_t old_bytes, size_t new_bytes, int flags)
{
    return tracert__sys(SYS_mremap, (long)address, (long)old_bytes, (long)new_bytes, flags, 0, 0);
}

static inline long sys_madvise(void *address, size_t bytes, int advice)
{
    return tracert__sys(SYS_madvise, (long)address, (long)bytes, advice, 0, 0, 0);
}

static inline long sys_getpid(void)
{
    return tracert__sys(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline long sys_gettid(void)
{
    return tracert__sys(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static inline long sys_getuid(void)
{
    return tracert__sys(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

static inline long sys_kill_thread(int pid, int tid)
{
    return tracert__sys(SYS_tgkill, pid, tid, 0, 0, 0, 0);
}

static inline long sys_futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
    return tracert__sys(SYS_futex, (long)word, operation, (long)value, (long)timeout, 0, 0);
}

static inline long sys_sigprocmask(int how, const uint64_t *set, uint64_t *old)
{
    return tracert__sys(SYS_rt_sigprocmask, how, (long)set, (long)old, sizeof *set, 0, 0);
}

/* Asks only. */
static inline long sys_sigaltstack(void *old)
{
    return tracert__sys(SYS_sigaltstack, 0, (long)old, 0, 0, 0, 0);
}

static inline long sys_getrandom(void *data, size_t bytes)
{
    return tracert__sys(SYS_getrandom, (long)data, (long)bytes, 1 /* GRND_NONBLOCK */, 0, 0, 0);
}

static inline long sys_sched_yield(void)
{
    return tracert__sys(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static inline long sys_pidfd_open(int pid)
{
    return tracert__sys(SYS_pidfd_open, pid, 0, 0, 0, 0, 0);
}

static inline long sys_close_range(unsigned first, unsigned last)
{
    return tracert__sys(SYS_close_range, first, last, 0, 0, 0, 0);
}

/* ppoll without a signal mask. */
static inline long sys_poll(void *fds, unsigned nr, const struct timespec *timeout)
{
    return tracert__sys(SYS_ppoll, (long)fds, nr, (long)timeout, 0, 0, 0);
}

/*
 * A bare fork: no handlers, no exit signal, so that no wait() of the caller sees the child. qemu, which runs programs
 * of other processors, refuses that: there it is a fork as all others.
 */
static inline long sys_fork(void)
{
    long pid = tracert__sys(SYS_clone, 0x00800000 /* CLONE_UNTRACED */, 0, 0, 0, 0, 0);
    return pid == -22 /* EINVAL */ ? tracert__sys(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0, 0, 0) : pid;
}

static inline long sys_set_robust_list(const void *head, size_t bytes)
{
    return tracert__sys(SYS_set_robust_list, (long)head, (long)bytes, 0, 0, 0, 0);
}

static inline long sys_rlimit(int resource, void *limit)
{
    return tracert__sys(SYS_prlimit64, 0, resource, 0, (long)limit, 0, 0);
}

static inline _Noreturn void sys_exit(int status)
{
    for (;;)
        tracert__sys(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

#endif
