#include "diag.h"

#include "sys.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void diag_line(const char *piece, ...)
{
    char line[1024] = "tracert: ";
    size_t used = strlen(line);
    va_list pieces;
    va_start(pieces, piece);
    for (; piece != NULL; piece = va_arg(pieces, const char *)) {
        for (const char *c = piece; *c != '\0' && used < sizeof line - 1; c++)
            line[used++] = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c; /* paths are not to move the cursor */
    }
    va_end(pieces);
    line[used++] = '\n';
    sys_write(2, line, used);
}

const char *diag_errno(int error)
{
    const char *text = strerrordesc_np(error);
    return text == NULL ? "unknown error" : text;
}
