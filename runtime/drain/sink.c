#define ZSTD_STATIC_LINKING_ONLY /* a compressor in memory of ours: no malloc in the drain */
#include "drain/sink.h"

#include "bytes.h"
#include "clock.h"
#include "drain/lock.h"
#include "drain/memory.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>

enum { INTERRUPTED_MAX = 100, NAME_TRIES = 100, REPLACE_TRIES = 20, LOCK_TRIES = 200, LOCK_NAP_NS = 2 * 1000 * 1000 };

enum { PART_OVERHEAD = 128 }; /* of a frame, above what the bytes in it take */

/* ---- The file ---------------------------------------------------------------------------------- */

static int text_put(char *path, size_t *used, const char *text, size_t bytes)
{
    if (*used + bytes >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(path + *used, text, bytes);
    *used += bytes;
    path[*used] = '\0';
    return 0;
}

static int number_put(char *path, size_t *used, unsigned number)
{
    char digits[TEXT_NUMBER_BYTES];
    const char *text = text_number(digits, number);
    return text_put(path, used, text, strlen(text));
}

/* output with ".PID" (and "-N" from the second on) before its last suffix. */
static int name_variant(char *path, const char *output, int pid, unsigned n)
{
    const char *slash = strrchr(output, '/');
    const char *base = slash == NULL ? output : slash + 1;
    const char *dot = strrchr(base, '.');
    size_t stem = dot == NULL || dot == base ? strlen(output) : (size_t)(dot - output);
    size_t used = 0;
    int result = text_put(path, &used, output, stem);
    if (result == 0)
        result = text_put(path, &used, ".", 1);
    if (result == 0)
        result = number_put(path, &used, (unsigned)pid);
    if (result == 0 && n > 0 && (result = text_put(path, &used, "-", 1)) == 0)
        result = number_put(path, &used, n);
    return result != 0 ? result : text_put(path, &used, output + stem, strlen(output + stem));
}

/* Make a file of that name, if there is none: a new one, or `nameless`, which has no name yet. fd or -errno. */
static int file_make_at(const char *path, int nameless)
{
    char link[32] = "/proc/self/fd/";
    size_t used = strlen(link);
    if (nameless < 0)
        return (int)sys_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    number_put(link, &used, (unsigned)nameless);
    int result = (int)sys_linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    return result == 0 ? nameless : result;
}

/* The same under a name that nobody else uses, and locked. */
static int file_make(char *path, const char *output, int pid, int nameless)
{
    for (unsigned n = 0; n < NAME_TRIES; n++) {
        int result = name_variant(path, output, pid, n);
        size_t used = strlen(path);
        if (result == 0)
            result = text_put(path, &used, ".new", 4);
        if (result != 0)
            return result;
        int fd = file_make_at(path, nameless);
        if (fd >= 0)
            sys_flock(fd,
                      LOCK_EX | LOCK_NB); /* nobody else knows it; a file system without locks is no reason to fail */
        if (fd != -EEXIST)
            return fd;
    }
    return -EEXIST;
}

/* A file in the folder of `output` that has no name, and so is gone should we be killed. fd or -errno. */
static int file_make_nameless(const char *output)
{
    char folder[PATH_MAX];
    strcpy(folder, output);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return -EOPNOTSUPP;
    slash[slash == folder] = '\0';
    return (int)sys_openat(AT_FDCWD, folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

/* True when the file ends with an END block: a trace that nobody can add to any more. */
static bool file_is_finished(int fd, uint64_t bytes)
{
    uint8_t tail[1024]; /* an END block is far smaller */
    struct tf_header header;
    size_t length = bytes < sizeof tail ? (size_t)bytes : sizeof tail;
    if (sys_pread(fd, tail, length, bytes - length) != (long)length)
        return false;
    for (size_t at = length; at-- > 0;) {
        if (length - at >= TF_HEADER_BYTES && tf_header_load(tail + at, &header) == 0)
            return header.type == TF_BLOCK_END && at + TF_HEADER_BYTES + header.payload_bytes == length;
    }
    return false;
}

/* Lock it. The drain of a program that has just ended holds a trace that is finished for some milliseconds more. */
static bool file_lock(int fd, bool finished)
{
    const struct timespec nap = {0, LOCK_NAP_NS};
    uint32_t nobody = 0;
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (sys_flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (!finished)
            return false;
        sys_futex(&nobody, FUTEX_WAIT, nobody, &nap);
    }
    return false;
}

/* True when the file is a finished trace, or an empty file, of this user's; its lock is held then. */
static bool file_is_replaceable(int fd)
{
    struct stat status;
    if (sys_fstatat(fd, "", &status, AT_EMPTY_PATH) != 0 || !S_ISREG(status.st_mode) ||
        status.st_uid != (uid_t)sys_getuid())
        return false;
    bool finished = file_is_finished(fd, (uint64_t)status.st_size);
    return file_lock(fd, finished) && (finished || status.st_size == 0) &&
           sys_fstatat(fd, "", &status, AT_EMPTY_PATH) == 0 &&
           (status.st_size == 0 || file_is_finished(fd, (uint64_t)status.st_size));
}

static bool file_is_still_at(int fd, const char *path)
{
    struct stat opened;
    struct stat named;
    return sys_fstatat(fd, "", &opened, AT_EMPTY_PATH) == 0 &&
           sys_fstatat(AT_FDCWD, path, &named, AT_SYMLINK_NOFOLLOW) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* Put the new file in the place of an old trace. 0; -EAGAIN: look again; another -errno: the old one stays. */
static int file_replace(const char *path_new, const char *path)
{
    int old = (int)sys_openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (old < 0)
        return old == -ENOENT ? -EAGAIN : -EEXIST;
    int result = -EEXIST;
    if (file_is_replaceable(old)) /* with its lock held nobody else replaces it */
        result = file_is_still_at(old, path) ? (int)sys_renameat2(AT_FDCWD, path_new, AT_FDCWD, path, 0) : -EAGAIN;
    sys_close(old);
    return result;
}

/* Give the new file its name. 0, or -errno: the name is taken by something that must stay. */
static int file_publish(const char *path_new, const char *path, bool keep)
{
    for (int i = 0; i < REPLACE_TRIES; i++) {
        int result = (int)sys_linkat(AT_FDCWD, path_new, AT_FDCWD, path, 0);
        if (result == 0) {
            sys_unlinkat(AT_FDCWD, path_new);
            return 0;
        }
        if (result != -EEXIST) /* no hard links here: a rename that does not replace */
            result = (int)sys_renameat2(AT_FDCWD, path_new, AT_FDCWD, path, 1 /* RENAME_NOREPLACE */);
        if (result == -EEXIST && !keep)
            result = file_replace(path_new, path);
        if (result != -EAGAIN)
            return result;
    }
    return -EEXIST;
}

/* A device or a FIFO is no place for a trace, nor is the folder it lies in. */
static bool file_is_device(const char *path)
{
    struct stat status;
    return sys_fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

static int output_check(const char *output)
{
    if (strlen(output) >= PATH_MAX)
        return -ENAMETOOLONG;
    return file_is_device(output) ? -EINVAL : 0;
}

/* Errors of file systems and kernels that know of no such file. */
static bool nameless_is_unknown(int error)
{
    return error == -EOPNOTSUPP || error == -EISDIR || error == -EINVAL || error == -ENOENT;
}

int sink_create(struct sink *sink, const char *output, int pid, char *path_new)
{
    int result = output_check(output);
    if (result != 0)
        return result;
    path_new[0] = '\0';
    sink->fd = file_make_nameless(output);
    if (nameless_is_unknown(sink->fd))
        sink->fd = file_make(path_new, output, pid, -1);
    return sink->fd < 0 ? sink->fd : 0;
}

int sink_publish(struct sink *sink, const char *output, int pid, enum sink_keep keep, char *path_new, char *path)
{
    int result = path_new[0] != '\0' ? 0 : file_make(path_new, output, pid, sink->fd);
    if (result < 0) {
        sys_close(sink->fd);
        return result;
    }
    strcpy(path, output);
    result = file_publish(path_new, path, keep == SINK_KEEP_ALL);
    for (unsigned n = 0; result == -EEXIST && n < NAME_TRIES; n++) {
        result = name_variant(path, output, pid, n);
        if (result == 0)
            result = file_publish(path_new, path, keep != SINK_KEEP_NONE);
    }
    if (result != 0) {
        sys_unlinkat(AT_FDCWD, path_new);
        sys_close(sink->fd);
    }
    return result;
}

int sink_open(struct sink *sink, const char *output, int pid, bool keep, char *path)
{
    char path_new[PATH_MAX];
    int result = output_check(output);
    if (result != 0)
        return result;
    sink->fd = file_make(path_new, output, pid, -1);
    return sink->fd < 0 ? sink->fd
                        : sink_publish(sink, output, pid, keep ? SINK_KEEP_ALL : SINK_KEEP_OTHERS, path_new, path);
}

/* ---- Blocks --------------------------------------------------------------------------------------- */

/*
 * The parameters zstd would take for input without end. For payloads of 100 KB it chooses others by their size, and
 * those compress the columns to twice the bytes.
 */
static ZSTD_compressionParameters level_parameters(int level)
{
    return ZSTD_getCParams(level, ZSTD_CONTENTSIZE_UNKNOWN, 0);
}

/* Entropy coding alone: as good as a search for what is not there, in half the time. */
static ZSTD_compressionParameters noise_parameters(void)
{
    ZSTD_compressionParameters tuned = level_parameters(1);
    tuned.hashLog = ZSTD_HASHLOG_MIN;
    tuned.targetLength = ZSTD_TARGETLENGTH_MAX;
    tuned.strategy = ZSTD_fast;
    return tuned;
}

static bool zstd_tune(ZSTD_CCtx *zstd, int level, const ZSTD_compressionParameters *tuned)
{
    const struct {
        ZSTD_cParameter parameter;
        int value;
    } settings[] = {
        {ZSTD_c_compressionLevel, level},
        {ZSTD_c_contentSizeFlag, 1}, /* a compressor in static memory begins with all flags off */
        {ZSTD_c_checksumFlag, 1},
        {ZSTD_c_windowLog, (int)tuned->windowLog},
        {ZSTD_c_hashLog, (int)tuned->hashLog},
        {ZSTD_c_chainLog, (int)tuned->chainLog},
        {ZSTD_c_searchLog, (int)tuned->searchLog},
        {ZSTD_c_minMatch, (int)tuned->minMatch},
        {ZSTD_c_targetLength, (int)tuned->targetLength},
        {ZSTD_c_strategy, (int)tuned->strategy},
    };

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, settings[i].parameter, settings[i].value)))
            return false;
    }
    return true;
}

/* A compressor in memory of ours. NULL: no memory, or this zstd knows one of the parameters not. */
static ZSTD_CCtx *zstd_make(int level, const ZSTD_compressionParameters *tuned)
{
    size_t bytes = ZSTD_estimateCCtxSize(level);
    void *workspace = memory_map(bytes);
    ZSTD_CCtx *zstd = workspace == NULL ? NULL : ZSTD_initStaticCCtx(workspace, bytes);
    return zstd != NULL && zstd_tune(zstd, level, tuned) ? zstd : NULL;
}

/* From this level on a trace is to be small, whatever it takes. */
enum { LEVEL_THOROUGH = 4, LITERALS_ENTROPY_CODED = 1 };

static int sink_map(struct sink *sink, int level)
{
    const ZSTD_compressionParameters tuned = level_parameters(level);
    const ZSTD_compressionParameters noise = noise_parameters();
    sink->raw = memory_map(TF_RAW_MAX);
    sink->packed_bytes = TF_HEADER_BYTES + ZSTD_compressBound(TF_RAW_MAX) + PARTS_MAX * PART_OVERHEAD;
    sink->packed = memory_map(sink->packed_bytes);
    sink->zstd = zstd_make(level, &tuned);
    if (sink->raw == NULL || sink->packed == NULL || sink->zstd == NULL)
        return -ENOMEM;
    sink->noise_zstd = level < LEVEL_THOROUGH ? zstd_make(1, &noise) : NULL;
    if (sink->noise_zstd == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(sink->noise_zstd, ZSTD_c_literalCompressionMode, LITERALS_ENTROPY_CODED)))
        sink->noise_zstd = sink->zstd;
    return 0;
}

int sink_init(struct sink *sink, int level, enum tf_clock clock, uint64_t session)
{
    sink->bytes = 0;
    sink->end_offset = UINT64_MAX;
    sink->sequence = 0;
    sink->session = session;
    sink->nr_events = 0;
    sink->clock = clock;
    sink->failure = TF_FAILURE_NONE;
    sink->error = 0;
    sink->level = level;
    sink->lock = LOCK_FREE;
    sink->file = sink;
    return sink_map(sink, level);
}

int sink_share(struct sink *sink, struct sink *file)
{
    sink->file = file;
    return sink_map(sink, file->level);
}

/* Write all of it, or say why not. */
static int file_write(int fd, const uint8_t *data, size_t bytes, uint64_t offset)
{
    int interrupted = 0;
    while (bytes > 0) {
        long written = sys_pwrite(fd, data, bytes, offset);
        if (written == -EINTR && interrupted++ < INTERRUPTED_MAX)
            continue;
        if (written <= 0)
            return written == 0 ? -EIO : (int)written;
        data += written;
        offset += (uint64_t)written;
        bytes -= (size_t)written;
    }
    return 0;
}

int sink_fail(struct sink *sink, enum tf_failure failure, int error)
{
    if (sink->failure == TF_FAILURE_NONE) {
        sink->failure = failure;
        sink->error = error;
    }
    sys_ftruncate(sink->fd, sink->bytes);
    return -1;
}

static void sink_take_back_end(struct sink *sink)
{
    if (sink->end_offset == UINT64_MAX)
        return;
    sys_ftruncate(sink->fd, sink->end_offset);
    sink->bytes = sink->end_offset;
    sink->end_offset = UINT64_MAX;
    sink->sequence--;
}

/* Compress the parts behind the header. The size, or 0 on failure. */
static size_t sink_compress(struct sink *sink, const struct part *parts, unsigned nr_parts)
{
    size_t at = TF_HEADER_BYTES;
    for (unsigned i = 0; i < nr_parts; i++) {
        if (parts[i].bytes == 0 && nr_parts > 1)
            continue;
        size_t bytes = ZSTD_compress2(parts[i].is_noise ? sink->noise_zstd : sink->zstd, sink->packed + at,
                                      sink->packed_bytes - at, parts[i].data, parts[i].bytes);
        if (ZSTD_isError(bytes)) /* packed is large enough for anything */
            return 0;
        at += bytes;
    }
    return at - TF_HEADER_BYTES;
}

/* Append a block whose payload lies compressed in `packed`, behind room for the header. */
static int sink_append(struct sink *file, struct tf_header *header, uint8_t *packed, size_t packed_bytes)
{
    if (file->failure != TF_FAILURE_NONE && header->type != TF_BLOCK_END)
        return -1; /* another thread's block has failed meanwhile */
    sink_take_back_end(file);
    struct clock_anchor anchor = clock_anchor(file->clock);
    header->version = TF_VERSION;
    header->sequence = file->sequence;
    header->session = file->session;
    header->payload_bytes = (uint32_t)packed_bytes;
    header->anchor_ticks = anchor.ticks;
    header->anchor_ns = anchor.ns;
    tf_header_store(packed, header);
    int result = file_write(file->fd, packed, TF_HEADER_BYTES + packed_bytes, file->bytes);
    if (result != 0)
        return sink_fail(file, TF_FAILURE_WRITE, -result);
    if (header->type == TF_BLOCK_END)
        file->end_offset = file->bytes;
    file->bytes += TF_HEADER_BYTES + packed_bytes;
    file->sequence++;
    file->nr_events += header->nr_events;
    return 0;
}

int sink_write_parts(struct sink *sink, struct tf_header *header, const struct part *parts, unsigned nr_parts)
{
    if (sink->file->failure != TF_FAILURE_NONE && header->type != TF_BLOCK_END)
        return -1;
    size_t packed_bytes = sink_compress(sink, parts, nr_parts);
    header->raw_bytes = 0;
    for (unsigned i = 0; i < nr_parts; i++)
        header->raw_bytes += parts[i].bytes;
    lock_take(&sink->file->lock);
    int result = packed_bytes == 0 ? sink_fail(sink->file, TF_FAILURE_MEMORY, ENOMEM)
                                   : sink_append(sink->file, header, sink->packed, packed_bytes);
    lock_give(&sink->file->lock);
    return result;
}

int sink_write(struct sink *sink, struct tf_header *header, size_t raw_bytes)
{
    const struct part whole = {.data = sink->raw, .bytes = (uint32_t)raw_bytes};
    return sink_write_parts(sink, header, &whole, 1);
}
