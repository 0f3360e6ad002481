#include "base/out.h"

#include "base/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES    ((size_t)64 * 1024)
#define MEMORY_BYTES    ((size_t)4 * 1024) /* at first: many texts are short */
#define TEMPORARY_TRIES 100u

struct out {
    int fd; /* -1: memory */
    bool close_fd, terminal;
    int error;       /* errno of the first failure; later output is thrown away */
    char *name;      /* for messages */
    char *target;    /* NULL: written in place */
    char *temporary; /* renamed to target in the end */
    char *buffer;
    size_t used, capacity;
    uint64_t count;
    char **memory_text;
    size_t *memory_bytes;
};

static void out_free(struct out *out)
{
    if (out->temporary)
        temporary_forget(out->temporary);
    free(out->name);
    free(out->target);
    free(out->temporary);
    free(out->buffer);
    free(out);
}

static struct out *out_new(int fd, const char *name)
{
    struct out *out = calloc(1, sizeof(*out));
    if (!out)
        return NULL;
    out->fd = fd;
    out->capacity = fd < 0 ? MEMORY_BYTES : BUFFER_BYTES;
    out->buffer = malloc(out->capacity);
    out->name = strdup(name);
    if (!out->buffer || !out->name) {
        out_free(out);
        return NULL;
    }
    return out;
}

/* ---- Opening ------------------------------------------------------------------------------------ */

/* The temporary lies beside the target, so that the rename stays within one file system. */
static int temporary_open(struct out *out)
{
    const char *slash = strrchr(out->target, '/');
    int directory_bytes = slash ? (int)(slash - out->target) + 1 : 0;
    for (unsigned try = 0; try < TEMPORARY_TRIES; try++) {
        char *path;
        if (asprintf(&path, "%.*s.tracean-%ld-%u.tmp", directory_bytes, out->target, (long)getpid(), try) < 0)
            return ENOMEM;
        out->fd = temporary_make(path);
        if (out->fd >= 0) {
            out->temporary = path;
            out->close_fd = true;
            return 0;
        }
        free(path);
        if (errno != EEXIST)
            return errno;
    }
    return EEXIST;
}

/* A device, a FIFO or a socket is written as it is: there is nothing to rename over. */
static int special_open(struct out *out, const char *path)
{
    out->fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    out->close_fd = true;
    return out->fd < 0 ? errno : 0;
}

static bool is_standard_output(const struct stat *st)
{
    struct stat own;
    return fstat(STDOUT_FILENO, &own) == 0 && own.st_dev == st->st_dev && own.st_ino == st->st_ino;
}

static int path_open(struct out *out, const char *path)
{
    struct stat st;
    if (path[0] == '\0')
        return ENOENT;
    bool exists = stat(path, &st) == 0;
    if (exists && is_standard_output(&st)) { /* /dev/stdout, wherever it leads */
        out->fd = STDOUT_FILENO;
        return 0;
    }
    if (exists && !S_ISREG(st.st_mode))
        return special_open(out, path);
    if (exists && access(path, W_OK) != 0)
        return errno;
    out->target = exists ? realpath(path, NULL) : strdup(path); /* a symbolic link stays one */
    if (!out->target)
        return errno;
    int error = temporary_open(out);
    if (error == 0 && exists && fchmod(out->fd, st.st_mode & 0777) != 0)
        return errno;
    return error;
}

struct out *out_open(const char *path, struct err *err)
{
    bool standard = !path || strcmp(path, "-") == 0;
    struct out *out = out_new(STDOUT_FILENO, standard ? "standard output" : path);
    if (!out) {
        err_set(err, ERR_OUTPUT, "out of memory");
        return NULL;
    }
    int error = standard ? 0 : path_open(out, path);
    if (error != 0) {
        err_set_errno(err, ERR_OUTPUT, error, "cannot write %s", path);
        out_free(out);
        return NULL;
    }
    out->terminal = isatty(out->fd) == 1;
    return out;
}

struct out *out_open_memory(char **text, size_t *bytes)
{
    struct out *out = out_new(-1, "memory");
    if (!out)
        return NULL;
    out->memory_text = text;
    out->memory_bytes = bytes;
    return out;
}

/* ---- Writing ------------------------------------------------------------------------------------ */

static void out_flush(struct out *out)
{
    size_t done = 0;
    while (done < out->used && out->error == 0) {
        ssize_t n = write(out->fd, out->buffer + done, out->used - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            out->error = errno;
    }
    out->used = 0;
}

static bool memory_reserve(struct out *out, size_t bytes)
{
    if (bytes >= SIZE_MAX / 2 - out->used)
        return false;
    size_t capacity = out->capacity;
    while (capacity - out->used <= bytes)
        capacity *= 2;
    char *buffer = realloc(out->buffer, capacity);
    if (!buffer)
        return false;
    out->buffer = buffer;
    out->capacity = capacity;
    return true;
}

void out_bytes(struct out *out, const char *text, size_t bytes)
{
    if (out->error != 0)
        return;
    out->count += bytes;
    if (out->fd < 0 && out->capacity - out->used <= bytes && !memory_reserve(out, bytes)) {
        out->error = ENOMEM;
        return;
    }
    while (bytes > 0) {
        size_t room = out->capacity - out->used;
        size_t part = bytes < room ? bytes : room;
        memcpy(out->buffer + out->used, text, part);
        out->used += part;
        text += part;
        bytes -= part;
        if (out->fd >= 0 && out->used == out->capacity)
            out_flush(out);
    }
}

void out_text(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

void out_char(struct out *out, char c)
{
    out_bytes(out, &c, 1);
}

void out_format(struct out *out, const char *format, ...)
{
    char small[256], *text = small;
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (bytes >= (int)sizeof(small)) {
        va_start(arguments, format);
        bytes = vasprintf(&text, format, arguments);
        va_end(arguments);
    }
    if (bytes < 0) {
        if (out->error == 0)
            out->error = ENOMEM;
        return;
    }
    out_bytes(out, text, (size_t)bytes);
    if (text != small)
        free(text);
}

void out_repeat(struct out *out, const char *text, unsigned times)
{
    size_t bytes = strlen(text);
    for (unsigned i = 0; i < times; i++)
        out_bytes(out, text, bytes);
}

/* ---- Closing ------------------------------------------------------------------------------------ */

static void memory_finish(struct out *out)
{
    *out->memory_text = NULL;
    *out->memory_bytes = 0;
    if (out->error != 0)
        return;
    out->buffer[out->used] = '\0'; /* memory_reserve keeps room for it */
    *out->memory_text = out->buffer;
    *out->memory_bytes = out->used;
    out->buffer = NULL;
}

int out_close(struct out *out, struct err *err)
{
    if (out->fd < 0)
        memory_finish(out);
    else
        out_flush(out);
    if (out->close_fd && close(out->fd) != 0 && errno != EINTR && out->error == 0)
        out->error = errno;
    out->close_fd = false;
    if (out->temporary && out->error == 0 && rename(out->temporary, out->target) != 0)
        out->error = errno;
    if (out->temporary && out->error != 0)
        unlink(out->temporary);
    /* The reader of a pipe that has seen enough is no failure of ours. */
    bool failed = out->error != 0 && !(out->error == EPIPE && !out->target);
    if (failed)
        err_set_errno(err, ERR_OUTPUT, out->error, "cannot write %s", out->name);
    out_free(out);
    return failed ? -1 : 0;
}

void out_discard(struct out *out)
{
    if (out->memory_text) {
        *out->memory_text = NULL;
        *out->memory_bytes = 0;
    }
    if (out->close_fd)
        close(out->fd);
    if (out->temporary)
        unlink(out->temporary);
    out_free(out);
}

/* ---- Facts -------------------------------------------------------------------------------------- */

bool out_is_terminal(const struct out *out)
{
    return out->terminal;
}

unsigned out_columns(const struct out *out)
{
    struct winsize size;
    if (out->terminal && ioctl(out->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    char *end;
    unsigned long value = columns ? strtoul(columns, &end, 10) : 0;
    return value > 0 && value < USHRT_MAX && *end == '\0' ? (unsigned)value : 80;
}

uint64_t out_count(const struct out *out)
{
    return out->count;
}
