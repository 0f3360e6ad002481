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
    if (strcmp(text, "any") == 0)
        return EXPECT_ANY;
    if (strcmp(text, "printed") == 0)
        return EXPECT_PRINTED;
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
    entry->caller = NULL;
    entry->function = strdup(value);
}

static void call_add(struct expectations *expectations, char *value, const char *path)
{
    char *arrow = strstr(value, " > ");
    if (arrow == NULL)
        ck_abort_msg("%s: cannot read \"expect-call: %s\"", path, value);
    function_add(expectations, arrow + 3, path);
    *arrow = '\0';
    expectations->functions[expectations->nr_functions - 1].caller = strdup(value);
}

/* The lines that hold one number. */
static bool number_line_parse(struct expectations *expectations, char *line, const char *path)
{
    uint64_t status = EXPECT_ANY;

    const struct {
        const char *key;
        uint64_t *number;
    } rows[] = {{"expect-total:", &expectations->calls},
                {"expect-open:", &expectations->open_frames},
                {"expect-unwound-gcc:", &expectations->unwound_frames[false]},
                {"expect-unwound-clang:", &expectations->unwound_frames[true]},
                {"expect-lost:", &expectations->lost},
                {"expect-status:", &status}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = line_value(line, rows[i].key);
        if (value == NULL)
            continue;
        *rows[i].number = number_parse(value, path);
        if (status != EXPECT_ANY)
            expectations->status = (int)status;
        return true;
    }
    return false;
}

static void line_parse(struct expectations *expectations, char *line, const char *path)
{
    char *value = NULL;
    if ((value = line_value(line, "expect:")) != NULL)
        function_add(expectations, value, path);
    else if ((value = line_value(line, "expect-call:")) != NULL)
        call_add(expectations, value, path);
    else if ((value = line_value(line, "expect-unwound:")) != NULL)
        expectations->unwound_frames[0] = expectations->unwound_frames[1] = number_parse(value, path);
    else if ((value = line_value(line, "expect-environment:")) != NULL)
        expectations->environment = strdup(value);
    else if ((value = line_value(line, "expect-without:")) != NULL)
        expectations->without = strdup(value);
    else if (line_value(line, "expect-output: varies") != NULL)
        expectations->varies = true;
    else if (line_value(line, "expect-link: dynamic") != NULL)
        expectations->needs_dynamic = true;
    else if (line_value(line, "expect-link: library") != NULL)
        expectations->needs_library = true;
    else if (line_value(line, "expect-slow: yes") != NULL)
        expectations->is_slow = true;
    else if (line_value(line, "expect-lto: no") != NULL)
        expectations->no_lto = true;
    else if (line_value(line, "expect-compiler: clang") != NULL)
        expectations->needs_clang = true;
    else if (line_value(line, "expect-sanitizers: no") != NULL)
        expectations->no_sanitizers = true;
    else if (!number_line_parse(expectations, line, path) && line_value(line, "expect-") != NULL)
        ck_abort_msg("%s: what is \"%s\"?", path, line);
}

void expectations_read(struct expectations *expectations, const char *path)
{
    char nothing[] = "";
    *expectations =
        (struct expectations){.calls = EXPECT_ANY, .environment = strdup(nothing), .without = strdup(nothing)};
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

/* The number that the program printed after `name` at the beginning of a line. */
static uint64_t printed_number(const char *output, const char *name)
{
    size_t bytes = strlen(name);
    for (const char *line = output; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, bytes) == 0 && line[bytes] == ' ')
            return strtoull(line + bytes, NULL, 10);
    }
    ck_abort_msg("the program did not print \"%s N\"", name);
    return 0;
}

static void check_number(const char *what, uint64_t number, uint64_t expected)
{
    ck_assert_msg(expected == EXPECT_ANY || number == expected, "%s: %llu instead of %llu", what,
                  (unsigned long long)number, (unsigned long long)expected);
}

void expectations_check(const struct expectations *expectations, const json_t *report, const char *output,
                        bool is_clang)
{
    for (unsigned i = 0; i < expectations->nr_functions; i++) {
        const struct expectation *entry = &expectations->functions[i];
        uint64_t expected = entry->calls == EXPECT_PRINTED ? printed_number(output, entry->function) : entry->calls;
        uint64_t calls = entry->caller == NULL ? report_calls(report, entry->function)
                                               : report_calls_between(report, entry->caller, entry->function);
        check_number(entry->function, calls, expected);
    }
    uint64_t lost = report_fact(report, "dropped_events");
    uint64_t recorded = report_fact(report, "events") + report_fact(report, "orphan_exits");
    if (expectations->lost == EXPECT_PRINTED)
        check_number("hook calls", recorded + lost, printed_number(output, "hook-calls"));
    else
        check_number("lost", lost, expectations->lost);
    if (lost == 0) { /* else nobody knows what was open where something is missing */
        check_number("calls", report_fact(report, "calls"), expectations->calls);
        check_number("open frames", report_fact(report, "open_frames"), expectations->open_frames);
        check_number("unwound frames", report_fact(report, "unwound_frames"), expectations->unwound_frames[is_clang]);
        check_number("orphan exits", report_fact(report, "orphan_exits"), 0);
    }
    ck_assert(report_complete(report) == (lost == 0));
}
