#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const struct toolchain toolchains[] = {
    {"gcc-O0", "\"$GCC\"", "\"$GXX\"", "-O0", false},
    {"gcc-O2", "\"$GCC\"", "\"$GXX\"", "-O2", false},
    {"clang-O0", "\"$CLANG\"", "\"$CLANGXX\"", "-O0", true},
    {"clang-O2", "\"$CLANG\"", "\"$CLANGXX\"", "-O2", true},
};
const struct toolchain foreign_toolchain = {"foreign", "\"$FOREIGN_CC\"", "\"$FOREIGN_CXX\"", "-O2", false};
const int nr_toolchains = (int)(sizeof toolchains / sizeof *toolchains);

__attribute__((format(printf, 1, 0))) static char *text_format(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        ck_abort_msg("out of memory");
    return text;
}

const char *scratch_folder(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *name = text_format(format, arguments);
    va_end(arguments);
    char *folder = NULL;
    if (asprintf(&folder, "%s/%s", E2E_SCRATCH, name) < 0)
        ck_abort_msg("out of memory");
    free(name);
    run_ok("/", "rm -rf '%s' && mkdir -p '%s'", folder, folder);
    return folder;
}

/* Tests must not depend on what the person who runs them has set. */
static void set_environment(void)
{
    for (char **entry = environ; *entry != NULL;) {
        if (strncmp(*entry, "TRACERT_", 8) != 0) {
            entry++;
            continue;
        }
        char *name = strndup(*entry, strcspn(*entry, "="));
        unsetenv(name);
        free(name);
        entry = environ;
    }
    static const char *const variables[][2] = {{"SOURCE", E2E_SOURCE},
                                               {"PROGRAMS", E2E_SOURCE "/tests/programs"},
                                               {"PREFIX", E2E_PREFIX},
                                               {"LIB", E2E_LIB},
                                               {"TRACEAN", E2E_PREFIX "/bin/tracean"},
                                               {"GCC", E2E_GCC},
                                               {"GXX", E2E_GXX},
                                               {"CLANG", E2E_CLANG},
                                               {"CLANGXX", E2E_CLANGXX},
                                               {"LC_ALL", "C.UTF-8"},
                                               {"COLUMNS", "80"}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        setenv(variables[i][0], variables[i][1], 1);
    if (getenv("FOREIGN_LIB") != NULL)
        setenv("LIB", getenv("FOREIGN_LIB"), 1);
    unsetenv("LD_PRELOAD");
    unsetenv("LD_LIBRARY_PATH");
}

static void redirect(int fd, const char *path, int flags)
{
    int opened = open(path, flags | O_CLOEXEC, 0600);
    if (opened < 0 || dup2(opened, fd) < 0)
        _exit(127);
    close(opened);
}

static char *read_stream(FILE *file)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *copy = open_memstream(&text, &bytes);
    if (copy == NULL)
        ck_abort_msg("out of memory");
    char buffer[65536];
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        fwrite(buffer, 1, got, copy);
    fclose(copy);
    return text;
}

/* The path of an unlinked-after-use file for a command's output: beside the scratch folders, so never in the way. */
static char *capture_path(const char *what)
{
    char *path = NULL;
    if (asprintf(&path, "%s/.%s.%d", E2E_SCRATCH, what, (int)getpid()) < 0)
        ck_abort_msg("out of memory");
    return path;
}

static char *capture_take(char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        ck_abort_msg("%s: %s", path, strerror(errno));
    char *text = read_stream(file);
    fclose(file);
    unlink(path);
    free(path);
    return text;
}

static struct run run_line(const char *folder, const char *line)
{
    mkdir(E2E_SCRATCH, 0755);
    char *out = capture_path("out");
    char *err = capture_path("err");
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        ck_abort_msg("fork: %s", strerror(errno));
    if (child == 0) {
        if (chdir(folder) != 0)
            _exit(127);
        set_environment();
        redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
        redirect(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC);
        redirect(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_TRUNC);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            ck_abort_msg("waitpid: %s", strerror(errno));
    return (struct run){.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
                        .out = capture_take(out),
                        .err = capture_take(err)};
}

struct run run_shell(const char *folder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *line = text_format(format, arguments);
    va_end(arguments);
    struct run run = run_line(folder, line);
    free(line);
    return run;
}

bool may_mount(const char *folder)
{
    return run_shell(folder, "mkdir small; unshare -rm mount -t tmpfs none small").status == 0;
}

struct run run_ok(const char *folder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *line = text_format(format, arguments);
    va_end(arguments);
    struct run run = run_line(folder, line);
    if (run.status != 0)
        ck_abort_msg("exit %d in %s: %s\n%.2000s%.2000s", run.status, folder, line, run.out, run.err);
    free(line);
    return run;
}

char *file_read(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        ck_abort_msg("%s: %s", path, strerror(errno));
    char *text = read_stream(file);
    fclose(file);
    return text;
}

bool file_exists(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

const char *source_fetch(const char *package)
{
    static char folder[4096];
    snprintf(folder, sizeof folder, "%s/../sources/%s", E2E_SCRATCH, package);
    struct run run =
        run_shell("/", "[ -d '%s' ] || \"$SOURCE\"/cmake/fetch-source.sh %s '%s'", folder, package, folder);
    if (run.status != 0)
        printf("left out, for want of the sources of %s: %s", package, run.err);
    return run.status == 0 ? folder : NULL;
}

unsigned count_lines(const char *text)
{
    unsigned nr = 0;
    for (; *text != '\0'; text++)
        nr += *text == '\n';
    return nr;
}

void build_program(const struct toolchain *toolchain, const char *folder, const char *program, const char *sources,
                   const char *more_flags)
{
    const char *compiler = strstr(sources, ".cpp") != NULL ? toolchain->cxx : toolchain->cc;
    run_ok(folder,
           "%s %s -g -finstrument-functions -I\"$PREFIX/include\" %s %s -o %s -L\"$LIB\" -Wl,-rpath,\"$LIB\" -ltracert "
           "-pthread -ldl -lm",
           compiler, toolchain->level, more_flags, sources, program);
}

int harness_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int nr_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return nr_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
