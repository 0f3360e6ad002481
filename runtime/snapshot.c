#include "snapshot.h"

#include "bystanders.h"
#include "bytes.h"
#include "diag.h"
#include "drain/image.h"
#include "drain/stack_switch.h"

#include "session.h"
#include "sys.h"
#include "thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
    AT_ONCE = 4,                /* images that are being written: each holds on to the memory of its time */
    PEAK_MIN_BYTES = 64 * 1024, /* of a heap whose peak is worth an image … */
    PEAK_GROWTH = 8             /* … and the next one when it has grown by this part */
};

static uint32_t image_pids[AT_ONCE]; /* the children; atomic */

/* ---- The children --------------------------------------------------------------------------------- */

void tracert__snapshot_none(enum tf_no_image why)
{
    struct region *region = tracert__session.region;
    if (region != NULL)
        __atomic_fetch_or(&region->no_image, (uint32_t)why, __ATOMIC_RELAXED);
}

/* How a child has ended. In one line, once: the same is likely to come again with the next one. */
static void child_tell(int status)
{
    static bool told; /* atomic */
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (status != 0)
        tracert__snapshot_none(TF_NO_IMAGE_FAILED);
    if (status == 0 || code == IMAGE_SAID || __atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
        return;
    diag_line("an image of the heap could not be written whole: ",
              WIFEXITED(status) ? diag_errno(code) : "its process was killed", NULL);
}

/* Take leave of a child: true when it is gone, or nobody's. */
static bool child_reap(uint32_t *place, bool wait)
{
    uint32_t pid = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    long result = 0;
    int status = 0;
    if (pid == 0)
        return true;
    do {
        result =
            tracert__sys(SYS_wait4, pid, (long)&status, (long)(__WCLONE | (wait ? 0u : (unsigned)WNOHANG)), 0, 0, 0);
    } while (result == -EINTR);
    if (result == 0)
        return false;
    if (result == (long)pid)
        child_tell(status);
    __atomic_compare_exchange_n(place, &pid, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    return true;
}

/* A free place for a child, claimed by UINT32_MAX; waits for the first one when all are taken. */
static uint32_t *child_place(void)
{
    for (int i = 0;; i++) {
        uint32_t *place = &image_pids[i % AT_ONCE];
        uint32_t nobody = 0;
        if (__atomic_load_n(place, __ATOMIC_ACQUIRE) == UINT32_MAX) /* another thread is about to fork */
            sys_sched_yield();
        else if (child_reap(place, i >= AT_ONCE) &&
                 __atomic_compare_exchange_n(place, &nobody, UINT32_MAX, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return place;
    }
}

/* ---- The request ---------------------------------------------------------------------------------- */

static bool path_make(char *path, const struct region *region)
{
    size_t directory = region->output[0] == '/' ? 0 : text_length(region->directory, PATH_MAX);
    size_t bytes = text_length(region->output, PATH_MAX);
    size_t used = 0;
    if (directory + bytes + 2 > PATH_MAX || (directory == 0 && region->output[0] != '/'))
        return false;
    if (directory > 0) {
        bytes_copy(path, region->directory, directory);
        path[directory] = '/';
        used = directory + 1;
    }
    bytes_copy(path + used, region->output, bytes);
    path[used + bytes] = '\0';
    return true;
}

/* `file_number`: that the file's name is to have; 0: the snapshot's own. */
static struct image_request *request_make(const char *name, uint32_t bytes, const struct snapshot_registers *registers,
                                          uint32_t file_number)
{
    struct session *session = &tracert__session;
    long address = sys_mmap(NULL, sizeof(struct image_request), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -4096)
        return NULL;
    struct image_request *request = (struct image_request *)address;
    request->number = __atomic_add_fetch(&session->region->next_snapshot, 1, __ATOMIC_RELAXED);
    request->file_number = file_number != 0 ? file_number : request->number;
    request->process = session->serial;
    request->pid = (uint32_t)sys_getpid();
    request->clock = (uint32_t)session->clock;
    request->level = session->config.level;
    request->session = session->region->session;
    request->ours[0] = (struct image_range){(uint64_t)address, (uint64_t)address + sizeof *request};
    uint64_t threads = (uint64_t)(uintptr_t)session->threads;
    request->ours[1] = (struct image_range){threads, threads + REGION_NR_SLOTS * sizeof(struct tracert__thread) + 4096};
    request->stack_pointer = registers->stack_pointer;
    request->thread_pointer = registers->thread_pointer;
    request->nr_registers = registers->nr;
    bytes_copy(request->registers, registers->values, sizeof request->registers);
    request->tid = (uint32_t)sys_gettid();
    bytes_copy(request->name, name, bytes < SNAPSHOT_NAME_MAX ? bytes : SNAPSHOT_NAME_MAX);
    if (path_make(request->trace, session->region))
        return request;
    sys_munmap(request, sizeof *request);
    return NULL;
}

/* ---- Fork ----------------------------------------------------------------------------------------- */

/* The child's pid, or -errno. Everything that the child needs is in `request`. */
static long image_fork(struct image_request *request)
{
    long pid = sys_fork();
    if (pid == 0) {
        tracert__session.state = SESSION_OFF; /* should zstd or libc be instrumented: not in here */
        tracert__session.full = TF_FULL_DROP;
        tracert__thread_forget();
        stack_switch(image_main, request, request->stack + sizeof request->stack);
    }
    return pid;
}

/* The instant is over: say in the trace when it was, and have everything written that led to it. */
static void image_mark(const struct image_request *request, uint64_t since_ticks)
{
    struct region *region = tracert__session.region;
    uint8_t data[sizeof since_ticks + SNAPSHOT_NAME_MAX];
    uint32_t bytes = (uint32_t)text_length(request->name, SNAPSHOT_NAME_MAX);
    bytes_copy(data, &since_ticks, sizeof since_ticks);
    bytes_copy(data + sizeof since_ticks, request->name, bytes);
    tracert__note(NOTE_SNAPSHOT, request->number, data, (uint32_t)sizeof since_ticks + bytes);
    __atomic_fetch_add(&region->flushes, 1, __ATOMIC_SEQ_CST);
    region_call_drain(region);
}

static bool image_begin(struct image_request *request)
{
    uint32_t *place = child_place();
    bystanders_look(request);
    uint64_t since_ticks = clock_now(tracert__session.clock);
    long pid = image_fork(request);
    __atomic_store_n(place, pid > 0 ? (uint32_t)pid : 0, __ATOMIC_RELEASE);
    if (pid < 0) {
        diag_line("no image of the heap: ", diag_errno((int)-pid), NULL);
        tracert__snapshot_none(TF_NO_IMAGE_FAILED);
        return false;
    }
    image_mark(request, since_ticks);
    bystanders_look_again(request);
    __atomic_store_n(&request->ready, 1, __ATOMIC_RELEASE);
    sys_futex(&request->ready, FUTEX_WAKE, 1, NULL);
    return true;
}

/* As tracert__snapshot_take(); *file_number is that of the image whose file this one is to replace, or 0, and then its
 * own. */
static bool snapshot_take(const char *name, uint32_t bytes, const struct snapshot_registers *registers,
                          uint32_t *file_number)
{
    const struct session *session = &tracert__session;
    int error = errno;
    uint64_t all = ~0ull;
    uint64_t old;
    bool begun = false;
    if (!tracert__session_is_on() || session->refused || session->memory == TF_MEMORY_OFF ||
        tracert__thread_own() == NULL)
        return false;
    sys_sigprocmask(SIG_BLOCK, &all, &old); /* a handler must not run in the child */
    struct image_request *request = request_make(name, bytes, registers, *file_number);
    if (request != NULL) {
        begun = image_begin(request);
        *file_number = request->file_number;
        sys_munmap(request, sizeof *request);
    } else {
        diag_line("no image of the heap: no memory, or no folder for it", NULL);
        tracert__snapshot_none(TF_NO_IMAGE_FAILED);
    }
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
    errno = error;
    return begun;
}

bool tracert__snapshot_take(const char *name, uint32_t bytes, const struct snapshot_registers *registers)
{
    uint32_t file_number = 0;
    return snapshot_take(name, bytes, registers, &file_number);
}

/* ---- Who asks ------------------------------------------------------------------------------------- */

void tracert__snapshot_look(void)
{
    struct snapshot_registers registers;
    struct session *session = &tracert__session;
    struct region_process *process = &session->region->processes[session->process];
    uint32_t asked = __atomic_load_n(&process->snapshots_asked, __ATOMIC_ACQUIRE);
    uint32_t begun = __atomic_load_n(&process->snapshots_begun, __ATOMIC_ACQUIRE);
    snapshot_registers(&registers);
    if (begun != asked && process->serial == session->serial &&
        __atomic_compare_exchange_n(&process->snapshots_begun, &begun, asked, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        tracert__snapshot_take("asked", 5, &registers);
}

static bool image_is_being_written(void)
{
    for (int i = 0; i < AT_ONCE; i++)
        if (__atomic_load_n(&image_pids[i], __ATOMIC_ACQUIRE) == UINT32_MAX || !child_reap(&image_pids[i], false))
            return true;
    return false;
}

void tracert__snapshot_peak(uint64_t bytes)
{
    static uint32_t process, file_number; /* serial of the process that the others are of; all are atomic */
    static uint64_t peak;                 /* bytes at its last image */
    struct snapshot_registers registers;
    struct session *session = &tracert__session;
    snapshot_registers(&registers);
    if (__atomic_exchange_n(&process, session->serial, __ATOMIC_RELAXED) != session->serial) {
        __atomic_store_n(&peak, 0, __ATOMIC_RELAXED); /* forked: the images so far are the parent's */
        __atomic_store_n(&file_number, 0, __ATOMIC_RELAXED);
    }
    uint64_t before = __atomic_load_n(&peak, __ATOMIC_RELAXED);
    uint32_t number = __atomic_load_n(&file_number, __ATOMIC_RELAXED);
    if (bytes < PEAK_MIN_BYTES || bytes < before + before / PEAK_GROWTH || image_is_being_written() ||
        !snapshot_take("peak", 4, &registers, &number))
        return;
    __atomic_store_n(&file_number, number, __ATOMIC_RELAXED);
    __atomic_store_n(&peak, bytes, __ATOMIC_RELAXED);
}

void tracert__snapshots_finish(void)
{
    struct snapshot_registers registers;
    snapshot_registers(&registers);
    if (tracert__session.config.snapshot == CONFIG_SNAPSHOT_EXIT)
        tracert__snapshot_take("exit", 4, &registers);
    for (int i = 0; i < AT_ONCE; i++)
        if (__atomic_load_n(&image_pids[i], __ATOMIC_ACQUIRE) != UINT32_MAX)
            child_reap(&image_pids[i], true);
}
