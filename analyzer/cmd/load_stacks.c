#include "cmd/load_stacks.h"

#include "base/standard_input.h"
#include "cmd/heap.h"
#include "cmd/input.h"
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
    FILE *file = fopen(standard_input_place(path), "rb");
    size_t bytes = file ? fread(head, 1, sizeof(head), file) : 0;
    if (file)
        fclose(file);
    bool is_trace = bytes >= 4 && tf_load32(head) == TF_FRAME_MAGIC;
    return bytes > 0 && !is_trace && !memchr(head, 0, bytes);
}

/* `base`: folded.h; NULL: not wanted. */
static struct profile *folded_load(const struct options *options, const char *path, struct profile **base,
                                   struct err *err)
{
    const struct folded_request request = {.name = standard_input_name(path),
                                           .unit = options->unit ? options->unit : "samples",
                                           .factor = options->factor,
                                           .base = options->time_order ? NULL : base,
                                           .chart = options->time_order ? options->chart : NULL};
    FILE *file = fopen(standard_input_place(path), "r");
    if (!file) {
        err_set_errno(err, ERR_INPUT, errno, "%s: cannot open", request.name);
        return NULL;
    }
    struct profile *profile = folded_read(file, &request, err);
    fclose(file);
    return profile;
}

static struct profile *stacks_or_profile(const struct options *options, struct profile **base, struct err *err)
{
    if (options->weight != WEIGHT_TIME)
        return heap_load_weighed(options, err);
    char standard[] = "-", *piped[] = {standard};
    struct options inputs = *options;
    if (input_is_missing(options)) {
        if (isatty(STDIN_FILENO) == 1) {
            err_set(err, ERR_USAGE, "no trace is named, there is no ./trace.zst, and nothing comes from a pipe");
            return NULL;
        }
        inputs.inputs = piped;
        inputs.default_input = false;
    }
    for (int i = 0; i < inputs.nr_inputs; i++) {
        const char *path = inputs.inputs[i];
        if (standard_input_keep(path, err) != 0)
            return NULL;
        bool folded = is_folded(path);
        if (folded && inputs.nr_inputs == 1)
            return folded_load(options, path, base, err);
        if (folded) {
            err_set(err, ERR_USAGE, "%s: not a trace; folded stacks are read one file at a time (cat them together)",
                    standard_input_name(path));
            return NULL;
        }
    }
    return load_profile(&inputs, err);
}

struct profile *load_stacks_or_profile(const struct options *options, struct err *err)
{
    return stacks_or_profile(options, NULL, err);
}

/* ---- Two of them ---------------------------------------------------------------------------------- */

/* Takes both profiles over. */
static struct profile *pair_show(const struct options *options, struct pair *pair, struct profile *base,
                                 struct profile *now, struct err *err)
{
    int result = options->negate ? pair_make(pair, now, base, err) : pair_make(pair, base, now, err);
    profile_free(base);
    profile_free(now);
    return result == 0 ? pair->both : NULL;
}

struct profile *load_shown(const struct options *options, struct pair *pair, struct err *err)
{
    struct profile *profiles[2] = {NULL, NULL};
    *pair = (struct pair){0};
    if (options->nr_inputs == 1) {
        profiles[1] = stacks_or_profile(options, &profiles[0], err);
        if (profiles[0] != NULL)
            return pair_show(options, pair, profiles[0], profiles[1], err);
        if (!options->diff || profiles[1] == NULL)
            return profiles[1];
        profile_free(profiles[1]);
    } else if (!options->diff) {
        return load_stacks_or_profile(options, err);
    }
    if (options->nr_inputs != 2) {
        err_set(err, ERR_USAGE, "--diff wants two inputs, the base and then the new one: %d are named",
                options->default_input ? 0 : options->nr_inputs);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        struct options one = *options;
        one.inputs = options->inputs + i;
        one.nr_inputs = 1;
        profiles[i] = load_stacks_or_profile(&one, err);
        if (profiles[i] == NULL) {
            profile_free(profiles[0]);
            return NULL;
        }
    }
    return pair_show(options, pair, profiles[0], profiles[1], err);
}
