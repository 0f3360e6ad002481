#include "cmd/within.h"

#include "base/number.h"
#include "profile/by_thread.h"

#include <stdlib.h>

#define LEAST_PERCENT 0.0001 /* frames below it are the first to be merged … */
#define STEP          3.0
#define MOST_PERCENT  5.0 /* … and above it none */

struct attempt {
    char *text;
    size_t bytes;
};

static int attempt_make(struct attempt *attempt, const struct view *view, const struct profile *profile,
                        const struct view_options *options, struct err *err)
{
    free(attempt->text);
    attempt->text = NULL;
    struct out *out = out_open_memory(&attempt->text, &attempt->bytes);
    if (out == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    int result = view->write(profile, options, out, err);
    return out_close(out, err) == 0 ? result : -1;
}

/* The next smaller one. False: there is none. */
static bool options_narrow(struct view_options *options, struct by_thread *threads)
{
    double percent = options->min_width > 0 ? options->min_width * STEP : LEAST_PERCENT;
    if (percent <= MOST_PERCENT) {
        options->min_width = percent;
        return true;
    }
    if (threads->nr == 0)
        return false;
    threads->nr--;
    threads->nr_others++;
    return true;
}

int within_write(const struct view *view, const struct profile *profile, const struct view_options *options,
                 uint64_t most, struct out *out, struct err *err)
{
    struct attempt attempt = {0};
    struct by_thread threads = {0};
    struct view_options narrower = *options;
    if (options->threads != NULL)
        threads = *options->threads;
    narrower.threads = options->threads != NULL ? &threads : NULL;
    int result = attempt_make(&attempt, view, profile, &narrower, err);
    while (result == 0 && attempt.bytes > most && options_narrow(&narrower, &threads))
        result = attempt_make(&attempt, view, profile, &narrower, err);
    if (result == 0 && attempt.bytes > most) {
        char text[2][NUMBER_BYTES];
        result = err_set(err, ERR_USAGE, "--max-size: %s is too small: what cannot be left out takes %s",
                         number_bytes(text[0], most), number_bytes(text[1], attempt.bytes));
    }
    if (result == 0)
        out_bytes(out, attempt.text, attempt.bytes);
    free(attempt.text);
    return result;
}
