#include "profile/sources.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (8u << 20)
#define LINE_BYTES_MAX 400u
#define LINES_BEFORE   3u
#define LINES_MAX      80u

static bool is_source(const char *path)
{
    static const char *const endings[] = {"c",   "h",   "cc",  "cpp", "cxx", "c++", "C",  "hh", "hpp",
                                          "hxx", "inl", "ipp", "tcc", "m",   "mm",  "rs", "d",  "inc"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(endings) / sizeof(endings[0]); i++)
        if (strcmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

/* NULL when it is no file that is read. */
static FILE *source_open(const char *path)
{
    struct stat facts;
    int fd = is_source(path) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (fd < 0)
        return NULL;
    FILE *file = NULL;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size <= (off_t)FILE_BYTES_MAX)
        file = fdopen(fd, "r");
    if (file == NULL)
        close(fd);
    return file;
}

/* The line before which the next function of the same file begins; the function's own last line is not known. */
static uint32_t line_end(const struct profile *profile, const struct profile_function *function)
{
    uint32_t end = function->line + LINES_MAX;
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *other = &profile->functions[i];
        if (other->line > function->line && other->line < end && strcmp(other->file, function->file) == 0)
            end = other->line;
    }
    return end;
}

/* Lines `first` up to `end`, not included, each cut at LINE_BYTES_MAX; NULL when there are none or memory ran out. */
static const char *lines_read(struct arena *arena, FILE *file, uint32_t first, uint32_t end)
{
    static const size_t bytes_max = (LINES_MAX + LINES_BEFORE) * (LINE_BYTES_MAX + 1) + 1;
    char *text = arena_alloc(arena, bytes_max);
    size_t used = 0, column = 0;
    uint32_t line = 1;
    for (int c; text != NULL && line < end && (c = getc(file)) != EOF;) {
        bool shown = line >= first && (c == '\n' || column < LINE_BYTES_MAX);
        if (shown && used + 1 < bytes_max)
            text[used++] = c == '\0' ? ' ' : (char)c;
        column = c == '\n' ? 0 : column + 1;
        line += c == '\n';
    }
    return used > 0 ? text : NULL;
}

int sources_read(struct sources *sources, const struct profile *profile, uint32_t nr_max, struct err *err)
{
    *sources = (struct sources){0};
    arena_init(&sources->arena, 0);
    sources->list = arena_array(&sources->arena, (size_t)nr_max + 1, sizeof(*sources->list));
    if (sources->list == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < profile->nr_functions && sources->nr < nr_max; i++) {
        const struct profile_function *function = &profile->functions[i];
        FILE *file = function->line > 0 ? source_open(function->file) : NULL;
        if (file == NULL)
            continue;
        uint32_t first = function->line > LINES_BEFORE ? function->line - LINES_BEFORE : 1;
        const char *text = lines_read(&sources->arena, file, first, line_end(profile, function));
        if (text != NULL)
            sources->list[sources->nr++] = (struct source){i, first, text};
        fclose(file);
    }
    return 0;
}

void sources_release(struct sources *sources)
{
    arena_release(&sources->arena);
    *sources = (struct sources){0};
}
