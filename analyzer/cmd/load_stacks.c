/*
 * What the verbs that draw take beside traces: folded stacks.
 */
#include "cmd/heap.h"
#include "cmd/load.h"
#include "profile/folded.h"

#include "tracert/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Text is folded stacks. A trace begins with its magic, and with a damaged head it still has zero bytes in it; what
 * cannot be read at all is left to the loader's message. */
static bool is_folded(const char *path)
{
    unsigned char head[4096];
    FILE *file = fopen(path, "rb");
    size_t bytes = file ? fread(head, 1, sizeof(head), file) : 0;
    if (file)
        fclose(file);
    bool is_trace = bytes >= 4 && tf_load32(head) == TF_FRAME_MAGIC;
    return bytes > 0 && !is_trace && !memchr(head, 0, bytes);
}

static struct profile *folded_load(const struct options *options, const char *path, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "r");
    if (!file) {
        err_set_errno(err, ERR_INPUT, errno, "%s: cannot open", path);
        return NULL;
    }
    struct profile *profile =
        folded_read(file, standard ? "standard input" : path, options->unit ? options->unit : "samples", err);
    if (!standard)
        fclose(file);
    return profile;
}

struct profile *load_stacks_or_profile(const struct options *options, struct err *err)
{
    if (options->weight != WEIGHT_TIME)
        return heap_load_weighed(options, err);
    if (options->default_input && access(options->inputs[0], F_OK) != 0) {
        if (!isatty(STDIN_FILENO))
            return folded_load(options, "-", err);
        err_set(err, ERR_USAGE, "no trace is named, there is no ./trace.zst, and nothing comes from a pipe");
        return NULL;
    }
    for (int i = 0; i < options->nr_inputs; i++) {
        bool folded = strcmp(options->inputs[i], "-") == 0 || is_folded(options->inputs[i]);
        if (folded && options->nr_inputs == 1)
            return folded_load(options, options->inputs[0], err);
        if (folded) {
            err_set(err, ERR_USAGE, "%s: not a trace; folded stacks are read one file at a time (cat them together)",
                    options->inputs[i]);
            return NULL;
        }
    }
    return load_profile(options, err);
}
