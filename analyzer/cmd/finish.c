#include "cmd/finish.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool finish_is_needed(const struct trace *trace)
{
    return trace->ending == TRACE_UNFINISHED && !trace->being_written && trace->region[0] == '/' &&
           access(trace->region, R_OK | W_OK) == 0;
}

/* tracert-drain lies where it was installed together with this program, or built. */
static bool drain_find(char *path, size_t bytes)
{
    static const char *const places[] = {TRACERT_LIBEXEC, "../runtime"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0)
        return false;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        int used = snprintf(path, bytes, "%s/%s/tracert-drain", self, places[i]);
        if (used > 0 && (size_t)used < bytes && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* Run it to its end, with two or three words. Its exit status; -1 when it could not be started. Its own line on stderr
 * says what went wrong. */
static int drain_run(const char *program, const char *first, const char *second, const char *third)
{
    char name[] = "tracert-drain";
    char copies[3][PATH_MAX];
    const char *words[] = {first, second, third == NULL ? "" : third};
    for (size_t i = 0; i < 3; i++)
        if (snprintf(copies[i], sizeof(copies[i]), "%s", words[i]) >= (int)sizeof(copies[i]))
            return -1;
    char *arguments[] = {name, copies[0], copies[1], third == NULL ? NULL : copies[2], NULL};
    pid_t pid;
    int status;
    if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool finish_run(struct trace *trace)
{
    char program[PATH_MAX];
    if (!drain_find(program, sizeof(program))) {
        trace_notice(trace, "%s holds more of this trace, but tracert-drain, which could save it, is not installed",
                     trace->region);
        return false;
    }
    if (drain_run(program, trace->region, trace->path, NULL) == 0)
        return true;
    trace_notice(trace, "%s holds more of this trace, but it could not be saved", trace->region);
    return false;
}

int finish_snapshot(const char *region, const char *pid)
{
    char program[PATH_MAX];
    return drain_find(program, sizeof(program)) ? drain_run(program, "snapshot", region, pid) : -1;
}
