#include "drain/session_facts.h"

#include "bytes.h"
#include "clock.h"
#include "sys.h"
#include "tracert/tracert.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

enum { FILE_BYTES_MAX = 1 << 20 };

/* The start of a small file, straight into the payload. Returns the bytes read; 0 when there is no such file. */
static size_t file_read(const char *path, uint8_t *data, size_t bytes)
{
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    size_t used = 0;
    long got = fd < 0 ? -1 : 1;
    while (got > 0 && used < bytes) {
        got = sys_read(fd, data + used, bytes - used);
        used += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        sys_close(fd);
    return used;
}

static uint8_t *text_field(uint8_t *p, uint32_t key, const char *text)
{
    return tf_put_field(p, key, text, strlen(text));
}

/* "/proc/PID/NAME" */
static void proc_path(char *path, uint32_t pid, const char *name)
{
    char digits[TEXT_NUMBER_BYTES];
    strcpy(path, "/proc/");
    strcat(path, text_number(digits, pid));
    strcat(path, "/");
    strcat(path, name);
}

static uint8_t *link_field(uint8_t *p, uint32_t key, uint32_t pid, const char *name)
{
    char path[64];
    char target[PATH_MAX];
    proc_path(path, pid, name);
    long length = sys_readlinkat(AT_FDCWD, path, target, sizeof target);
    return length > 0 ? tf_put_field(p, key, target, (size_t)length) : p;
}

static int facts_write(struct sink *sink, enum tf_block_type type, uint32_t thread, const uint8_t *end)
{
    struct tf_header header = {.type = (uint8_t)type, .thread = thread};
    return sink_write(sink, &header, (size_t)(end - sink->raw));
}

int facts_write_session(struct sink *sink, const struct region *region, const char *region_path)
{
    uint8_t *p = sink->raw;
    p = text_field(p, TF_FIELD_RUNTIME_VERSION, tracert_version());
    p = tf_put_field_number(p, TF_FIELD_CLOCK, region->clock);
    p = tf_put_field_number(p, TF_FIELD_CLOCK_REASON, region->clock_reason);
    p = tf_put_field_number(p, TF_FIELD_CLOCK_STEP, region->clock_step);
    p = tf_put_field_number(p, TF_FIELD_REALTIME_NS, clock_realtime_ns());
    p = text_field(p, TF_FIELD_REGION, region_path);
    p = tf_put_field_number(p, TF_FIELD_FULL_POLICY, region->full_policy);
    p = tf_put_field_number(p, TF_FIELD_MEMORY, region->memory);
    struct utsname system;
    if (uname(&system) == 0) {
        p = text_field(p, TF_FIELD_HOST, system.nodename);
        p = text_field(p, TF_FIELD_KERNEL, system.release);
    }
    uint8_t boot_id[64];
    size_t bytes = file_read("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
    while (bytes > 0 && boot_id[bytes - 1] == '\n')
        bytes--;
    p = tf_put_field(p, TF_FIELD_BOOT_ID, boot_id, bytes);
    return facts_write(sink, TF_BLOCK_SESSION, 0, p);
}

int facts_write_process(struct sink *sink, const struct region_process *process)
{
    uint8_t *p = sink->raw;
    p = tf_put_field_number(p, TF_FIELD_PROCESS, process->serial);
    p = tf_put_field_number(p, TF_FIELD_PID, process->pid);
    p = tf_put_field_number(p, TF_FIELD_PARENT_PROCESS, process->parent);
    p = tf_put_field_number(p, TF_FIELD_START_TICKS, process->start_ticks);
    p = tf_put_field_number(p, TF_FIELD_ORIGIN, process->origin & ~PROCESS_REPLACED);
    p = link_field(p, TF_FIELD_EXECUTABLE, process->pid, "exe");
    p = link_field(p, TF_FIELD_DIRECTORY, process->pid, "cwd");
    char path[64];
    proc_path(path, process->pid, "cmdline");
    uint8_t *command = sink->raw + TF_RAW_MAX / 2; /* out of the way of what is being written */
    size_t bytes = file_read(path, command, FILE_BYTES_MAX);
    p = tf_put_field(p, TF_FIELD_COMMAND, command, bytes);
    return facts_write(sink, TF_BLOCK_PROCESS, 0, p);
}

int facts_write_thread(struct sink *sink, uint32_t process_serial, uint32_t thread_serial, uint32_t tid,
                       uint64_t start_ticks)
{
    uint8_t *p = sink->raw;
    p = tf_put_field_number(p, TF_FIELD_PROCESS, process_serial);
    p = tf_put_field_number(p, TF_FIELD_THREAD, thread_serial);
    p = tf_put_field_number(p, TF_FIELD_TID, tid);
    p = tf_put_field_number(p, TF_FIELD_START_TICKS, start_ticks);
    return facts_write(sink, TF_BLOCK_THREAD, thread_serial, p);
}

int facts_write_module(struct sink *sink, uint32_t process_serial, enum tf_field key, const void *fields, size_t bytes)
{
    uint8_t *p = sink->raw;
    p = tf_put_field_number(p, TF_FIELD_PROCESS, process_serial);
    p = tf_put_field(p, (uint32_t)key, fields, bytes);
    return facts_write(sink, TF_BLOCK_MODULE, 0, p);
}

int facts_write_hooks(struct sink *sink, const struct hook_sample *samples, uint32_t nr)
{
    struct tf_header header = {.type = TF_BLOCK_HOOKS, .flags = TF_BLOCK_MAY_SKIP};
    uint8_t *p = sink->raw;
    for (uint32_t i = 0; i < nr; i++) {
        uint8_t value[4 * TF_VARINT_MAX];
        uint8_t *end = tf_put_varint(value, (uint64_t)samples[i].work);
        end = tf_put_varint(end, samples[i].length);
        end = tf_put_varint(end, tf_zigzag((uint64_t)samples[i].inside));
        end = tf_put_varint(end, tf_zigzag((uint64_t)samples[i].outside));
        p = tf_put_field(p, TF_FIELD_HOOK_COST, value, (size_t)(end - value));
    }
    return sink_write(sink, &header, (size_t)(p - sink->raw));
}

int facts_write_end(struct sink *sink, const struct region *region, enum tf_failure failure, int recovered)
{
    uint8_t *p = sink->raw;
    uint32_t nr_blocks = sink->sequence - (sink->end_offset != UINT64_MAX);
    p = tf_put_field_number(p, TF_FIELD_NR_BLOCKS, nr_blocks);
    p = tf_put_field_number(p, TF_FIELD_NR_EVENTS, sink->nr_events);
    p = tf_put_field_number(p, TF_FIELD_DROPPED_NO_RING, __atomic_load_n(&region->no_ring, __ATOMIC_RELAXED));
    p = tf_put_field_number(p, TF_FIELD_MEMORY_NO_RING, __atomic_load_n(&region->memory_no_ring, __ATOMIC_RELAXED));
    uint32_t no_image = __atomic_load_n(&region->no_image, __ATOMIC_RELAXED);
    if (no_image != 0)
        p = tf_put_field_number(p, TF_FIELD_NO_IMAGE, no_image);
    if (failure == TF_FAILURE_NONE)
        failure = sink->failure;
    if (failure != TF_FAILURE_NONE) {
        p = tf_put_field_number(p, TF_FIELD_FAILURE, (uint64_t)failure);
        p = tf_put_field_number(p, TF_FIELD_FAILURE_ERRNO, (uint64_t)sink->error);
    }
    if (recovered)
        p = tf_put_field_number(p, TF_FIELD_RECOVERED, 1);
    return facts_write(sink, TF_BLOCK_END, 0, p);
}
