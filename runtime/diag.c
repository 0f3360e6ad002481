#include "diag.h"

#include "bytes.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

static struct {
    bool known;
    dev_t device;
    ino_t inode;
} diag_stderr;

void diag_remember(void)
{
    struct stat status;
    if (sys_fstatat(2, "", &status, AT_EMPTY_PATH) == 0) {
        diag_stderr.device = status.st_dev;
        diag_stderr.inode = status.st_ino;
    }
    diag_stderr.known = true;
}

static bool diag_is_same(void)
{
    struct stat status;
    return !diag_stderr.known || (sys_fstatat(2, "", &status, AT_EMPTY_PATH) == 0 &&
                                  status.st_dev == diag_stderr.device && status.st_ino == diag_stderr.inode);
}

void diag_line(const char *piece, ...)
{
    char line[1024] = "tracert: ";
    size_t used = text_length(line, TEXT_MAX);
    va_list pieces;
    va_start(pieces, piece);
    for (; piece != NULL; piece = va_arg(pieces, const char *)) {
        for (const char *c = piece; *c != '\0' && used < sizeof line - 1; c++)
            line[used++] = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c; /* paths are not to move the cursor */
    }
    va_end(pieces);
    line[used++] = '\n';
    if (diag_is_same())
        sys_write(2, line, used);
}

const char *diag_errno(int error)
{
    const char *text = strerrordesc_np(error);
    return text == NULL ? "unknown error" : text;
}
