/*
 * The whole program in this process: a verb and its options by the first byte, a trace by the others. What it prints
 * goes nowhere. Names come from here, as hostile as they get; no other process is started.
 */
#include "fuzz.h"

#include "cmd/command.h"
#include "cmd/finish.h"
#include "symbols/symbols.h"

#include <string.h>

#define WORDS_MAX 8

static const struct {
    int (*run)(int argc, char **argv);
    const char *words[WORDS_MAX];
} verbs[] = {
    {cmd_report, {"report"}},
    {cmd_report, {"report", "--format", "json"}},
    {cmd_report, {"report", "--format", "csv", "--function", "a"}},
    {cmd_report, {"report", "--time", "1us..2us"}},
    {cmd_flamegraph, {"flamegraph"}},
    {cmd_flamegraph, {"flamegraph", "--inverted"}},
    {cmd_export, {"export"}},
    {cmd_calls, {"calls"}},
    {cmd_calls, {"calls", "--format", "json", "--function", "a"}},
    {cmd_calls, {"calls", "--format", "csv"}},
    {cmd_dump, {"dump"}},
    {cmd_info, {"info"}},
    {cmd_info, {"info", "--format", "json"}},
    {cmd_verify, {"verify"}},
    {cmd_html, {"html"}},
    {cmd_pack, {"pack", "-o", "/dev/null"}},
    {cmd_profile, {"profile", "-o", "/dev/null"}},
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* In the place of symbols/, which is for fuzz_symbols. */
int symbols_resolve(const struct symbol_module *modules, size_t nr_modules, const struct symbol_query *queries,
                    size_t nr_queries, const struct symbol_options *options, struct symbol *answers,
                    struct arena *arena, void (*notice)(void *context, const char *text), void *context,
                    struct err *err)
{
    static const char *const names[] = {"main", "a", "a", "<b>\"'&", "\033[31m", ";\n", "\xff\xfe", "=1+1", NULL};
    (void)modules, (void)nr_modules, (void)options, (void)arena, (void)err;
    for (size_t i = 0; i < nr_queries; i++) {
        const char *name = names[queries[i].address / 16 % (sizeof(names) / sizeof(names[0]))];
        answers[i] = (struct symbol){.name = name, .linkage = name, .file = name};
    }
    notice(context, "\033]0;notice\007");
    return 0;
}

bool finish_is_needed(const struct trace *trace)
{
    (void)trace;
    return false;
}

bool finish_run(struct trace *trace)
{
    (void)trace;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char words[WORDS_MAX + 1][64], *argv[WORDS_MAX + 2];
    int argc = 0;
    if (bytes < 1)
        return 0;
    const char *path = fuzz_trace(data + 1, bytes - 1);
    const size_t verb = data[0] % NR_VERBS;
    for (; argc < WORDS_MAX && verbs[verb].words[argc] != NULL; argc++)
        argv[argc] = strcpy(words[argc], verbs[verb].words[argc]);
    argv[argc] = strcpy(words[argc], path);
    argv[++argc] = NULL;
    int status = verbs[verb].run(argc, argv);
    /* ERR_USAGE: it is a profile, and the verb wants single events. */
    fuzz_require(status == ERR_NONE || status == ERR_USAGE || status == ERR_INPUT || status == ERR_INCOMPLETE ||
                 status == ERR_OUTPUT);
    return 0;
}
