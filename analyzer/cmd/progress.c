#include "cmd/progress.h"

#include "base/escape.h"
#include "base/path.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000u

enum { BAR_COLUMNS = 30, NAME_COLUMNS = 24 };

static volatile sig_atomic_t is_asked; /* a signal handler can reach nothing else */

static void ask(int signal)
{
    (void)signal;
    is_asked = 1;
}

void progress_listen(void)
{
    struct sigaction action = {.sa_handler = ask, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

struct progress progress_begin(const struct options *options, const char *name)
{
    return (struct progress){
        .name = path_last(name), .start_ns = now_ns(), .enabled = !options->quiet && isatty(STDERR_FILENO) == 1};
}

/* The name as a terminal may see it, not too long; "" when there is no memory for it. */
static void name_put(char *to, size_t room, const char *name)
{
    struct err err = {0};
    char *text = NULL;
    size_t bytes;
    struct out *out = out_open_memory(&text, &bytes);
    *to = '\0';
    if (out == NULL)
        return;
    escape_terminal_elided(out, name, NAME_COLUMNS);
    if (out_close(out, &err) == 0)
        snprintf(to, room, "%s", text);
    free(text);
}

void progress_line(char line[PROGRESS_BYTES], const char *name, uint64_t done, uint64_t all, uint64_t passed_ns)
{
    char label[PROGRESS_BYTES / 2], bar[BAR_COLUMNS + 1] = "";
    double share = all > 0 && done < all ? (double)done / (double)all : 1;
    double left_s = share > 0 ? (double)passed_ns * (1 - share) / share / SECOND_NS : 0;
    name_put(label, sizeof(label), name);
    memset(bar, ' ', BAR_COLUMNS);
    memset(bar, '#', (size_t)(share * BAR_COLUMNS));
    if (left_s < 90)
        snprintf(line, PROGRESS_BYTES, "%s  [%s] %3.0f %%  %.0f s left", label, bar, 100 * share, left_s);
    else
        snprintf(line, PROGRESS_BYTES, "%s  [%s] %3.0f %%  %.0f min left", label, bar, 100 * share, left_s / 60);
}

/* On a terminal over the bar, which goes on below. */
static void line_show(struct progress *progress, uint64_t done, uint64_t all, uint64_t now, bool stays)
{
    char line[PROGRESS_BYTES];
    progress_line(line, progress->name, done, all, now - progress->start_ns);
    fprintf(stderr, progress->enabled ? "\r%s\x1b[K%s" : "%s%s", line, stays ? "\n" : "");
    fflush(stderr);
    progress->shown_ns = stays ? 0 : now;
}

void progress_show(void *context, uint64_t done, uint64_t all)
{
    struct progress *progress = context;
    bool asked = is_asked != 0;
    if (!progress->enabled && !asked)
        return;
    is_asked = 0;
    uint64_t now = now_ns();
    bool late = now - progress->start_ns >= SECOND_NS && now - progress->shown_ns >= SECOND_NS / 10;
    if (asked || late)
        line_show(progress, done, all, now, asked);
}

void progress_end(struct progress *progress)
{
    if (progress->shown_ns != 0)
        fputs("\r\x1b[K", stderr);
    progress->shown_ns = 0;
}
