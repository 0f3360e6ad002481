#include "expect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text after `key` when the line, without its " * ", begins with it; else NULL. */
static char *line_value(char *line, const char *key)
{
    line += strspn(line, " */");
    size_t bytes = strlen(key);
    if (strncmp(line, key, bytes) != 0)
        return NULL;
    line += bytes;
    line[strcspn(line, "\n")] = '\0';
    return line + strspn(line, " ");
}

static uint64_t number_parse(const char *text, const char *path)
{
    char *end = NULL;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || end[strspn(end, " ")] != '\0')
        ck_abort_msg("%s: \"%s\" is not a number", path, text);
    return number;
}

static void function_add(struct expectations *expectations, char *value, const char *path)
{
    char *space = strrchr(value, ' ');
    if (space == NULL || expectations->nr_functions == EXPECT_MAX)
        ck_abort_msg("%s: cannot read \"expect: %s\"", path, value);
    *space = '\0';
    struct expectation *entry = &expectations->functions[expectations->nr_functions++];
    entry->calls = number_parse(space + 1, path);
    while (space > value && space[-1] == ' ')
        *--space = '\0';
    entry->function = strdup(value);
}

static void line_parse(struct expectations *expectations, char *line, const char *path)
{
    char *value = NULL;
    if ((value = line_value(line, "expect:")) != NULL)
        function_add(expectations, value, path);
    else if ((value = line_value(line, "expect-open:")) != NULL)
        expectations->open_frames = number_parse(value, path);
    else if ((value = line_value(line, "expect-unwound:")) != NULL)
        expectations->unwound_frames[0] = expectations->unwound_frames[1] = number_parse(value, path);
    else if ((value = line_value(line, "expect-unwound-gcc:")) != NULL)
        expectations->unwound_frames[0] = number_parse(value, path);
    else if ((value = line_value(line, "expect-unwound-clang:")) != NULL)
        expectations->unwound_frames[1] = number_parse(value, path);
}

void expectations_read(struct expectations *expectations, const char *path)
{
    *expectations = (struct expectations){.nr_functions = 0};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        ck_abort_msg("%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        bool ends = strstr(line, "*/") != NULL;
        line_parse(expectations, line, path);
        if (ends)
            break;
    }
    free(line);
    fclose(file);
}

void expectations_check(const struct expectations *expectations, const json_t *report, bool is_clang)
{
    for (unsigned i = 0; i < expectations->nr_functions; i++) {
        const struct expectation *entry = &expectations->functions[i];
        uint64_t calls = report_calls(report, entry->function);
        ck_assert_msg(calls == entry->calls, "%s: %llu calls instead of %llu", entry->function,
                      (unsigned long long)calls, (unsigned long long)entry->calls);
    }
    ck_assert_uint_eq(report_fact(report, "open_frames"), expectations->open_frames);
    ck_assert_uint_eq(report_fact(report, "unwound_frames"), expectations->unwound_frames[is_clang]);
    ck_assert_uint_eq(report_fact(report, "dropped_events"), 0);
    ck_assert(report_complete(report));
}
