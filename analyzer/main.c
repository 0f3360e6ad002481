/*
 * tracean: the verbs, and what concerns the whole program.
 */
#include "cmd/command.h"
#include "cmd/near_word.h"
#include "cmd/progress.h"

#include "tracert/format.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

static const struct command commands[] = {
    {"report", "where the time went: the hot path, the functions that make up most of it", cmd_report},
    {"tree", "the call tree", cmd_tree},
    {"peek", "a function between its callers and callees", cmd_peek},
    {"hist", "how long the calls of a function took", cmd_hist},
    {"list", "a function's source, with what its lines call", cmd_list},
    {"outliers", "what the slowest calls of a function do that typical ones do not", cmd_outliers},
    {"threads", "the threads: their calls, their times, what they lost", cmd_threads},
    {"modules", "the time of each object file's functions", cmd_modules},
    {"diff", "what changed from one run to another: calls, times; from one heap to another", cmd_diff},
    {"flamegraph", "the call tree as an interactive SVG; also from folded stacks", cmd_flamegraph},
    {"html", "everything on one page for a browser; also from folded stacks", cmd_html},
    {"export", "the profile for other tools: folded stacks, pprof, massif", cmd_export},
    {"profile", "a trace's call tree as a small file, for every verb and for merge", cmd_profile},
    {"merge", "many profiles as one", cmd_merge},
    {"heap", "a snapshot of the heap: what is lost, and who retains the rest", cmd_heap},
    {"snapshot", "ask a running program for an image of its heap", cmd_snapshot},
    {"calls", "the calls in the order in which they happened", cmd_calls},
    {"info", "the facts of a trace: processes, threads, modules, losses", cmd_info},
    {"dump", "the events as they are in the file", cmd_dump},
    {"verify", "check every byte of a trace", cmd_verify},
    {"repair", "a clean trace of what is left of a damaged one", cmd_repair},
    {"pack", "the names of the functions into the trace, to read it elsewhere", cmd_pack},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < NR_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void usage_print(FILE *file)
{
    fputs("Usage: tracean VERB [OPTION…] [TRACE…]\n\nReads what libtracert recorded; without a TRACE, ./trace.zst; - "
          "is standard input.\n\n"
          "Verbs:\n",
          file);
    for (size_t i = 0; i < NR_COMMANDS; i++)
        fprintf(file, "  %-11s %s\n", commands[i].name, commands[i].summary);
    fputs("\ntracean VERB --help tells the rest; so does tracean(1). Options in TRACEAN_OPTIONS come first.\n", file);
}

static int verb_unknown(const char *name)
{
    const char *names[NR_COMMANDS];
    struct err err = {0};
    for (size_t i = 0; i < NR_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *meant = near_word(name, names, NR_COMMANDS);
    if (meant)
        err_set(&err, ERR_USAGE, "\"%s\" is not a verb; did you mean \"%s\"?", name, meant);
    else
        err_set(&err, ERR_USAGE, "\"%s\" is not a verb (see tracean --help)", name);
    return command_fail(&err);
}

static int text_done(void)
{
    struct err err = {0};
    if (fflush(stdout) == 0)
        return ERR_NONE;
    err_set(&err, ERR_OUTPUT, "cannot write standard output");
    return command_fail(&err);
}

static int version_print(void)
{
    printf("tracean %s (trace format %u, zstd %s)\n", TRACERT_VERSION, TF_VERSION, ZSTD_versionString());
    return text_done();
}

static int help_print(const char *verb)
{
    if (!verb) {
        usage_print(stdout);
        return text_done();
    }
    const struct command *command = command_find(verb);
    char name[32], flag[] = "--help", *words[] = {name, flag, NULL};
    if (!command)
        return verb_unknown(verb);
    snprintf(name, sizeof(name), "%s", command->name);
    return command->run(2, words);
}

/* A closed standard descriptor would be given to the next file that is opened, and messages would end up in it. */
static void descriptors_hold(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", O_RDONLY); /* writing to it fails, as it would have */
}

int main(int argc, char **argv)
{
    descriptors_hold();
    signal(SIGPIPE, SIG_IGN);
    progress_listen();
    if (argc < 2) {
        usage_print(stderr);
        return ERR_USAGE;
    }
    const char *verb = argv[1];
    if (strcmp(verb, "--version") == 0 || strcmp(verb, "-V") == 0)
        return version_print();
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return help_print(NULL);
    if (strcmp(verb, "help") == 0)
        return help_print(argv[2]);
    const struct command *command = command_find(verb);
    return command ? command->run(argc - 1, argv + 1) : verb_unknown(verb);
}
