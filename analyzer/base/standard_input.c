#include "base/standard_input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 16 };

static const char name[] = "standard input";

bool standard_input_is(const char *path)
{
    return strcmp(path, "-") == 0;
}

const char *standard_input_place(const char *path)
{
    return standard_input_is(path) ? "/dev/fd/0" : path;
}

const char *standard_input_name(const char *path)
{
    return standard_input_is(path) ? name : path;
}

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

/* A file without a name, also where the file system knows no such thing. The descriptor, or -1 with errno set. */
static int nameless_open(const char *folder)
{
    char path[PATH_MAX];
    int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd >= 0 || snprintf(path, sizeof(path), "%s/tracean.XXXXXX", folder) >= (int)sizeof(path))
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

/* 0, or an errno. */
static int piece_write(int fd, const char *piece, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(fd, piece, bytes);
        if (written < 0 && errno != EINTR)
            return errno;
        piece += written > 0 ? written : 0;
        bytes -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static int pipe_copy(int fd, const char *folder, struct err *err)
{
    char piece[PIECE_BYTES];
    for (;;) {
        ssize_t bytes = read(STDIN_FILENO, piece, sizeof(piece));
        if (bytes == 0)
            return 0;
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            return err_set_errno(err, ERR_INPUT, errno, "%s", name);
        int error = piece_write(fd, piece, (size_t)bytes);
        if (error != 0)
            return err_set_errno(err, ERR_INPUT, error, "%s: cannot be kept in %s (TMPDIR names another folder)", name,
                                 folder);
    }
}

static int pipe_keep(struct err *err)
{
    const char *folder = temporary_folder();
    int fd = nameless_open(folder);
    if (fd < 0)
        return err_set_errno(err, ERR_INPUT, errno, "%s: cannot be kept in %s (TMPDIR names another folder)", name,
                             folder);
    int result = pipe_copy(fd, folder, err);
    if (result == 0 && (lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0))
        result = err_set_errno(err, ERR_INPUT, errno, "%s", name);
    close(fd);
    return result;
}

int standard_input_keep(const char *path, struct err *err)
{
    struct stat status;
    if (!standard_input_is(path))
        return 0;
    if (isatty(STDIN_FILENO) == 1)
        return err_set(err, ERR_USAGE, "%s is a terminal: name a file, or let something come from a pipe", name);
    if (fstat(STDIN_FILENO, &status) != 0)
        return err_set_errno(err, ERR_INPUT, errno, "%s", name);
    bool is_whole = S_ISREG(status.st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) == 0; /* nobody has read of it */
    return is_whole ? 0 : pipe_keep(err);
}
