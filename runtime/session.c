#include "session.h"

#include "bytes.h"
#include "diag.h"
#include "drain/spawn.h"
#include "heap.h"
#include "lazy.h"
#include "modules.h"
#include "record.h"
#include "snapshot.h"
#include "sys.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum {
    START_SECONDS = 10,
    ENVIRONMENT_BYTES = 1 << 20,
    FINISH_LOOK_NS = 20 * 1000 * 1000,
    FINISH_LOOKS = 500 /* 10 s */
};

struct session tracert__session;

static __thread struct {
    bool announced; /* the drain waits for a child of this thread to join */
    bool alone;     /* the process had no other thread */
    const struct frame *frames;
    uint32_t depth;
} session_fork; /* what a child that this thread makes inherits: the memory is copied with it */

/* ---- Processes ----------------------------------------------------------------------------------- */

/* The living entry of a pid; not one whose program has been replaced, which the drain has yet to remove. */
static uint32_t process_find(struct region *region, uint32_t pid)
{
    for (uint32_t i = 0; i < region_nr_processes(region); i++) {
        const struct region_process *process = &region->processes[i];
        if (__atomic_load_n(&process->state, __ATOMIC_ACQUIRE) == PROCESS_LIVE && process->pid == pid &&
            (__atomic_load_n(&process->origin, __ATOMIC_ACQUIRE) & PROCESS_REPLACED) == 0)
            return i;
    }
    return UINT32_MAX;
}

/* The kernel gives each program that it executes 16 random bytes: the same ones mean the same program, in the same
 * process. */
static uint64_t process_image(void)
{
    uint64_t image = 0;
    const void *random = (const void *)getauxval(AT_RANDOM);
    if (random != NULL)
        bytes_copy(&image, random, sizeof image);
    return image;
}

/* Enter this process into the region's table. 0, or -1 when the table is full. */
static int process_join(struct session *session, uint32_t parent_serial, enum tf_origin origin)
{
    struct region *region = session->region;
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        struct region_process *process = &region->processes[i];
        uint32_t expected = PROCESS_FREE;
        if (!__atomic_compare_exchange_n(&process->state, &expected, PROCESS_CLAIMED, 0, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&process->pid, (uint32_t)sys_getpid(), __ATOMIC_SEQ_CST);
        process->serial = __atomic_add_fetch(&region->next_process, 1, __ATOMIC_RELAXED);
        process->parent = parent_serial;
        process->origin = (uint32_t)origin;
        process->finish = FINISH_NONE;
        process->snapshots_asked = process->snapshots_begun = 0;
        process->image = process_image();
        process->start_ticks = clock_now(session->clock);
        region_raise(&region->nr_processes_used, i + 1);
        session->process = i;
        session->serial = process->serial;
        if (__atomic_add_fetch(&region->nr_live, 1, __ATOMIC_SEQ_CST) > REGION_CLOSED) {
            process->pid = 0;
            __atomic_store_n(&process->state, PROCESS_FREE, __ATOMIC_RELEASE);
            return -1; /* the drain has just ended */
        }
        __atomic_store_n(&process->state, PROCESS_LIVE, __ATOMIC_RELEASE);
        region_ring_bell(region);
        return 0;
    }
    return -1;
}

/* The number of the namespace that this process's pid belongs to; 0 when /proc does not tell. */
static uint64_t pid_namespace(void)
{
    struct stat status;
    return sys_fstatat(AT_FDCWD, "/proc/self/ns/pid", &status, 0) == 0 ? status.st_ino : 0;
}

/* The drain could not tell which process a pid of another namespace is. */
static bool session_is_same_namespace(const struct session *session)
{
    uint64_t here = pid_namespace();
    return here == 0 || here == session->region->pid_namespace;
}

/* ---- Making or joining a session ------------------------------------------------------------------- */

/* Private memory for the threads' blocks, wiped in forked children; its last page holds the cookie. */
static int session_map_threads(struct session *session)
{
    size_t bytes = REGION_NR_SLOTS * sizeof(struct tracert__thread);
    long address =
        sys_mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -4096)
        return (int)address;
    sys_madvise((void *)address, bytes + 4096, MADV_WIPEONFORK); /* without it (before 4.14) the fork handler does */
    session->threads = (struct tracert__thread *)address;
    session->cookie = (uint32_t *)(void *)((uint8_t *)address + bytes);
    *session->cookie = 1;
    return 0;
}

/* A name nobody can guess, in `directory`; from the root, so that it is found from anywhere. */
static void session_name_region(struct session *session, const char *directory)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t random = 0;
    if (sys_getrandom(&random, sizeof random) != (long)sizeof random)
        random = clock_counter() ^ (uint64_t)(uintptr_t)session->threads << 16;
    char name[32] = "/tracert-";
    for (int i = 0; i < 16; i++)
        name[9 + i] = digits[random >> 4 * i & 15];
    session->region_path[0] = '\0';
    if (directory[0] != '/') {
        sys_getcwd(session->region_path, sizeof session->region_path);
        text_append(session->region_path, sizeof session->region_path, "/");
    }
    text_append(session->region_path, sizeof session->region_path, directory);
    text_append(session->region_path, sizeof session->region_path, name);
}

/* The directory that the trace will lie in. */
static void output_directory(const char *output, char *directory, size_t bytes)
{
    const char *slash = text_last(output, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - output);
    directory[0] = '\0';
    if (slash == NULL)
        text_append(directory, bytes, ".");
    else if (length < bytes) {
        bytes_copy(directory, output, length);
        directory[length] = '\0';
    }
}

static int session_create_region(struct session *session, int *nameless)
{
    session_name_region(session, session->config.memory_dir);
    int result = region_create(session->region_path, session->config.ring_bytes, &session->region, nameless);
    if (result != 0) { /* no /dev/shm, or no room in it: beside the trace, which costs page-cache writes */
        char directory[PATH_MAX];
        char output[PATH_MAX];
        if (config_expand(output, sizeof output, session->config.output, (int)sys_getpid()) != 0)
            return result;
        output_directory(output, directory, sizeof directory);
        session_name_region(session, directory);
        result = region_create(session->region_path, session->config.ring_bytes, &session->region, nameless);
    }
    return result;
}

static void session_say_untraced(const struct session *session, int error)
{
    diag_line("cannot write ", session->config.output, ": ", diag_errno(error), "; running untraced", NULL);
}

/* Start a session of our own. The drain's pid, or -1 after a line on stderr. */
static int session_create(struct session *session)
{
    int nameless;
    int result = session_create_region(session, &nameless);
    if (result != 0) {
        diag_line("no shared memory in ", session->config.memory_dir, " or beside the trace: ", diag_errno(-result),
                  "; running untraced", NULL);
        return -1;
    }
    struct region *region = session->region;
    struct clock_choice choice = clock_choose(session->config.clock);
    session->clock = choice.clock;
    region->clock = (uint32_t)choice.clock;
    region->clock_reason = (uint32_t)choice.reason;
    region->clock_step = clock_step(session->clock);
    region->full_policy = (uint32_t)session->config.full;
    region->memory = (uint32_t)session->config.memory;
    session->memory = session->config.memory;
    if (session->clock != TF_CLOCK_MONOTONIC && region_records_calls(region))
        region->fence = (uint32_t)session->config.fence;
    region->pid_namespace = pid_namespace();
    sys_getcwd(region->directory, sizeof region->directory);
    sys_getrandom(&region->session, sizeof region->session);
    process_join(session, 0, TF_ORIGIN_START);
    struct drain_start start = {
        .region = region,
        .region_path = session->region_path,
        .output = session->config.output,
        .level = session->config.level,
        .workers = session->config.workers,
        /* a program that outlives the session it was started in leaves that one's trace alone */
        .keep = session->config.session != NULL};
    result = drain_spawn(&start);
    region_publish(session->region_path, nameless);
    if (result > 0)
        return result;
    sys_unlinkat(AT_FDCWD, session->region_path);
    session_say_untraced(session, -result);
    region_unmap(region);
    return -1;
}

/* 0 when the session that was created can begin; -1 after a line on stderr: it is gone. */
static int session_await(struct session *session, int drain_pid)
{
    int result = drain_await(session->region, drain_pid, START_SECONDS);
    if (result == 0)
        return 0;
    tracert__thread_detach();
    sys_unlinkat(AT_FDCWD, session->region_path);
    session_say_untraced(session, -result);
    region_unmap(session->region);
    return -1;
}

enum join { JOIN_DONE, JOIN_NONE, JOIN_REFUSED };

/* Take a place in the mapped region of a session that is alive. */
static enum join session_enter(struct session *session, const char *path)
{
    struct region *region = session->region;
    uint32_t before = process_find(region, (uint32_t)sys_getpid());
    if (__atomic_load_n(&region->drain_state, __ATOMIC_ACQUIRE) != DRAIN_READY || region_drain_is_dead(region))
        return JOIN_NONE;
    if (before != UINT32_MAX && region->processes[before].image == process_image()) {
        diag_line("the library is in this program twice; the second copy records nothing", NULL);
        return JOIN_REFUSED;
    }
    bytes_copy(session->region_path, path, text_length(path, TEXT_MAX) + 1);
    session->clock = (enum tf_clock)region->clock;
    session->memory = (enum tf_memory)region->memory;
    uint32_t parent = before != UINT32_MAX ? before : process_find(region, (uint32_t)getppid());
    uint32_t parent_serial = parent == UINT32_MAX ? 0 : region->processes[parent].serial;
    if (!session_is_same_namespace(session) || process_join(session, parent_serial, TF_ORIGIN_EXEC) != 0)
        return JOIN_REFUSED;
    if (before != UINT32_MAX) /* this process was another program until now: its rings have no owner any more */
        __atomic_fetch_or(&region->processes[before].origin, PROCESS_REPLACED, __ATOMIC_RELEASE);
    return JOIN_DONE;
}

/* Join the session whose region the environment names, if there is one and it is still alive. */
static enum join session_join(struct session *session)
{
    const char *path = session->config.session;
    if (path == NULL || text_length(path, TEXT_MAX) >= sizeof session->region_path ||
        region_open(path, &session->region) != 0)
        return JOIN_NONE;
    enum join result = session_enter(session, path);
    if (result != JOIN_DONE)
        region_unmap(session->region);
    return result;
}

/* Let the programs that this one executes find the session. No malloc: the constructor runs before anybody has changed
 * the environment. */
static void session_export(const struct session *session)
{
    size_t nr = 0;
    while (environ != NULL && environ[nr] != NULL)
        nr++;
    size_t bytes = (nr + 2) * sizeof *environ + sizeof session->region_path + 32;
    if (environ == NULL || bytes > ENVIRONMENT_BYTES || session->region_path[0] != '/')
        return;
    long address = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0 && address > -4096)
        return;
    char **copy = (char **)address;
    char *text = (char *)(copy + nr + 2);
    size_t used = 0;
    for (size_t i = 0; i < nr; i++) {
        if (!text_equal(environ[i], "TRACERT_SESSION=", 16))
            copy[used++] = environ[i];
    }
    bytes_copy(text, "TRACERT_SESSION=", 16);
    bytes_copy(text + 16, session->region_path, text_length(session->region_path, TEXT_MAX) + 1);
    copy[used++] = text;
    copy[used] = NULL;
    environ = copy;
}

/* ---- Fork -------------------------------------------------------------------------------------------- */

/* glibc's, from 2.32 on: not 0 while the process has one thread. */
extern char __libc_single_threaded __attribute__((weak));

static void fork_prepare(void)
{
    struct tracert__thread *thread = thread_current();
    bytes_clear(&session_fork, sizeof session_fork);
    session_fork.alone = &__libc_single_threaded != NULL && __libc_single_threaded;
    if (thread != NULL && thread->slot != NULL) {
        tracert__note(NOTE_FORK, 0, NULL, 0);
        session_fork.announced = true;
        session_fork.depth = tracert__session.memory == TF_MEMORY_LAZY ? lazy_depth(thread) : record_depth(thread);
        session_fork.frames = thread->frames;
        __atomic_fetch_add(&tracert__session.region->forks, 1, __ATOMIC_SEQ_CST);
    }
    tracert__modules_before_fork();
}

static void fork_parent(void)
{
    tracert__modules_after_fork_in_parent();
    bytes_clear(&session_fork, sizeof session_fork);
}

static void fork_child(void)
{
    int error = errno;
    struct session *session = &tracert__session;
    if (__atomic_load_n(&session->state, __ATOMIC_ACQUIRE) == SESSION_ON) {
        *session->cookie = 0;
        tracert__session_follow_fork();
    }
    errno = error;
}

void tracert__session_follow_fork(void)
{
    struct session *session = &tracert__session;
    if (__atomic_load_n(session->cookie, __ATOMIC_ACQUIRE) != 0)
        return;
    tracert__thread_forget();
    tracert__modules_after_fork_in_child(session_fork.alone);
    session->fork_frames = session_fork.frames;
    session->fork_depth = session_fork.depth;
    bool joined = session_is_same_namespace(session) && !region_drain_is_dead(session->region) &&
                  process_join(session, session->serial, TF_ORIGIN_FORK) == 0;
    if (session_fork.announced)
        __atomic_fetch_sub(&session->region->forks, 1, __ATOMIC_SEQ_CST);
    bytes_clear(&session_fork, sizeof session_fork);
    session->refused = !joined;
    if (!joined && region_drain_is_dead(session->region))
        diag_line("a process of ", session->region->output, " began after its end; it runs untraced", NULL);
    __atomic_store_n(session->cookie, 1, __ATOMIC_RELEASE);
}

/* ---- Start and end -------------------------------------------------------------------------------------- */

static bool session_start(struct session *session)
{
    if (getauxval(AT_SECURE) != 0)
        return false;
    config_read(&session->config, environ);
    if (!session->config.start)
        return false;
    if (session->config.bad != NULL)
        diag_line(session->config.bad, " has a value that makes no sense; its default is used", NULL);
    session->full = session->config.full;
    diag_remember();
    if (session_map_threads(session) != 0)
        return false;
    enum join join = session_join(session);
    int drain_pid = join == JOIN_NONE ? session_create(session) : 0;
    if (join == JOIN_REFUSED || drain_pid < 0)
        return false;
    session->has_key = pthread_key_create(&session->key, tracert__thread_farewell) == 0;
    pthread_atfork(fork_prepare, fork_parent, fork_child);
    __atomic_fetch_add(&session->region->no_ring, session->early, __ATOMIC_RELAXED);
    tracert__thread_attach();
    tracert__modules_scan();
    if (drain_pid > 0 && session_await(session, drain_pid) != 0)
        return false;
    session_export(session);
    return true;
}

/* One thread starts the session; the others wait for it. */
static void session_start_once(struct session *session)
{
    uint64_t all = ~0ull;
    uint64_t old;
    uint32_t expected = SESSION_NEW;
    sys_sigprocmask(SIG_BLOCK, &all, &old);
    if (__atomic_compare_exchange_n(&session->state, &expected, SESSION_STARTING, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        bool on = session_start(session);
        __atomic_store_n(&session->state, on ? SESSION_ON : SESSION_OFF, __ATOMIC_RELEASE);
        tracert__heap_start(on);
    } else {
        while (__atomic_load_n(&session->state, __ATOMIC_ACQUIRE) == SESSION_STARTING)
            sys_sched_yield();
    }
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
}

bool tracert__session_is_on(void)
{
    struct session *session = &tracert__session;
    uint32_t state = __atomic_load_n(&session->state, __ATOMIC_ACQUIRE);
    if (state == SESSION_NEW) {
        if (environ == NULL) /* before libc is set up (preinit, IFUNC resolvers): not yet */
            return false;
        session_start_once(session);
        state = __atomic_load_n(&session->state, __ATOMIC_ACQUIRE);
    }
    return state == SESSION_ON;
}

void tracert__session_count_lost(void)
{
    struct session *session = &tracert__session;
    uint32_t state = __atomic_load_n(&session->state, __ATOMIC_ACQUIRE);
    if (state == SESSION_ON)
        __atomic_fetch_add(&session->region->no_ring, 1, __ATOMIC_RELAXED);
    else if (state != SESSION_OFF)
        __atomic_fetch_add(&session->early, 1, __ATOMIC_RELAXED);
}

__attribute__((constructor(101))) static void session_constructor(void)
{
    int error = errno;
    if (tracert__session_is_on())
        tracert__modules_complete();
    errno = error;
}

/* What went wrong behind the program's back is said once, at the end, by its first process. */
static void session_say_failure(const struct session *session)
{
    const struct region *region = session->region;
    if (session->serial != 1)
        return;
    if (region_drain_is_dead(session->region))
        diag_line("the drain was killed: tracean can save what is left in ", session->region_path, NULL);
    else if (__atomic_load_n(&region->drain_failure, __ATOMIC_ACQUIRE) == TF_FAILURE_WRITE)
        diag_line(region->output, " ends early: ", diag_errno(region->drain_error), NULL);
}

/* Wait until the drain has written what there is; not for one that is dead, or has stood still for seconds. */
static void finish_wait(const struct session *session, struct region_process *process)
{
    const struct timespec timeout = {0, FINISH_LOOK_NS};
    struct region *region = session->region;
    uint32_t beats = 0;
    for (int still = 0; still < FINISH_LOOKS; still++) {
        if (__atomic_load_n(&process->finish, __ATOMIC_ACQUIRE) == FINISH_DONE || region_drain_is_dead(region) ||
            process->serial != session->serial)
            return;
        uint32_t now = __atomic_load_n(&region->drain_beats, __ATOMIC_RELAXED);
        if (now != beats)
            still = 0;
        beats = now;
        sys_futex(&process->finish, FUTEX_WAIT, FINISH_ASKED, &timeout);
    }
}

/* The last process of a session waits until its events are in the file; for the others, being in shared memory is safe
 * enough. */
__attribute__((destructor(101))) static void session_destructor(void)
{
    int error = errno;
    struct session *session = &tracert__session;
    if (__atomic_load_n(&session->state, __ATOMIC_ACQUIRE) != SESSION_ON || *session->cookie == 0 || session->refused)
        return;
    tracert__heap_look(true);
    tracert__snapshots_finish();
    struct region *region = session->region;
    struct region_process *process = &region->processes[session->process];
    /* The first process asks in any case: a child that it has waited for may be dead without the drain knowing. */
    if (session->serial == 1 || __atomic_load_n(&region->nr_live, __ATOMIC_SEQ_CST) == 1) {
        __atomic_store_n(&process->finish, FINISH_ASKED, __ATOMIC_SEQ_CST);
        region_call_drain(region);
        finish_wait(session, process);
    }
    session_say_failure(session);
    errno = error;
}
