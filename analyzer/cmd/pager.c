#include "cmd/pager.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127 /* what a shell says */

bool pager_is_needed(const char *text)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
        return false;
    unsigned lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines >= size.ws_row;
}

static const char *pager_command(void)
{
    static const char *const variables[] = {"TRACEAN_PAGER", "PAGER"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *command = getenv(variables[i]);
        if (command && command[0] != '\0')
            return command;
    }
    return "command -v less >/dev/null || exit 127; exec less -FRX";
}

bool pager_show(const char *text, size_t bytes)
{
    FILE *pager = popen(pager_command(), "w");
    if (!pager)
        return false;
    /* A pager that is left early closes the pipe: no error. */
    (void)fwrite(text, 1, bytes, pager);
    int status = pclose(pager);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND);
}
