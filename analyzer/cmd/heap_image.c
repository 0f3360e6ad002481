#include "cmd/heap_image.h"

#include "cmd/snapshot_load.h"
#include "export/heap_files.h"
#include "view/snapshot.h"

#include <string.h>

static const char about[] =
    "What a snapshot of the heap holds (tracert_heap_snapshot, TRACERT_SNAPSHOT): live blocks that nothing points to\n"
    "any more, by the call path that allocated them; what variables and stacks keep alive; which blocks retain "
    "others;\n"
    "and how the largest are held. IMAGE is TRACE.NUMBER-NAME.heap; TRACE is looked for beside it. Every aligned word\n"
    "that could be a pointer counts as one. Formats: text, json, and for the Memory panel of Chrome's developer tools\n"
    "heapsnapshot and heapprofile.";

static const char examples[] = "  tracean heap trace.1-exit.heap\n"
                               "  tracean heap --diff trace.1-before.heap trace.2-after.heap\n"
                               "  tracean heap -o first.heapsnapshot trace.1-first.heap\n"
                               "  tracean heap --format json trace.1-exit.heap | jq .lost";

typedef int snapshot_writer(const struct snapshot *snapshot, const struct view_options *view, struct out *out,
                            struct err *err);

static const struct format {
    const char *name;
    snapshot_writer *write;
} formats[] = {{"text", snapshot_text},
               {"json", snapshot_json},
               {"heapsnapshot", heapsnapshot_write},
               {"heapprofile", heapprofile_write}};

struct answer {
    const struct snapshot *snapshot;
    snapshot_writer *write;
};

static int answer_write(const void *context, const struct view_options *view, struct out *out, struct err *err)
{
    const struct answer *answer = context;
    return answer->write(answer->snapshot, view, out, err);
}

static snapshot_writer *writer_find(const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (name == NULL || strcmp(name, formats[i].name) == 0)
            return formats[i].write;
    err_set(err, ERR_USAGE, "heap cannot write the format \"%s\", only: text, json, heapsnapshot, heapprofile", name);
    return NULL;
}

static void notices_tell(const struct options *options, struct notices *notices)
{
    for (size_t i = 0; i < notices->nr; i++)
        command_notice(options, notices->texts[i]);
    notices_release(notices);
}

static bool is_complete(const struct snapshot *snapshot)
{
    return snapshot->why_incomplete == NULL && snapshot->heap->run->facts.complete &&
           snapshot->heap->totals.dropped == 0;
}

/* ---- Two of them ---------------------------------------------------------------------------------- */

typedef int diff_writer(const struct snapshot_diff *diff, const struct view_options *view, struct out *out,
                        struct err *err);

struct diff_answer {
    struct snapshot_diff diff;
    diff_writer *write;
};

static int diff_answer_write(const void *context, const struct view_options *view, struct out *out, struct err *err)
{
    const struct diff_answer *answer = context;
    return answer->write(&answer->diff, view, out, err);
}

int heap_images_diff(const struct options *options, const char *verb)
{
    struct err err = {0};
    struct diff_answer answer = {.write = snapshot_diff_text};
    bool is_json = options->format != NULL && strcmp(options->format, "json") == 0;
    if (is_json)
        answer.write = snapshot_diff_json;
    else if (options->format != NULL && strcmp(options->format, "text") != 0)
        err_set(&err, ERR_USAGE, "%s of heaps cannot write the format \"%s\", only: text, json", verb, options->format);
    if (options->nr_inputs != 2)
        err_set(&err, ERR_USAGE, "%s: name two images, the earlier one first", verb);
    if (options->redact)
        err_set(&err, ERR_USAGE, "--redact: not of the heap");
    struct notices notices = {0};
    struct options same = *options; /* the call paths of both are to be the same: a use may be seen in one alone */
    same.wrappers = options->wrappers == WRAPPERS_AUTO ? WRAPPERS_NAMES : options->wrappers;
    struct snapshot *before =
        err.code != ERR_NONE ? NULL : snapshot_load(&same, options->inputs[0], NULL, &notices, &err);
    struct snapshot *after = before == NULL ? NULL : snapshot_load(&same, options->inputs[1], NULL, &notices, &err);
    notices_tell(options, &notices);
    struct view_options view = {.top = options->top};
    int status = ERR_NONE;
    if (after == NULL || snapshot_diff_make(&answer.diff, before, after, &err) != 0 ||
        command_output(options, diff_answer_write, &answer, &view, !is_json, &err) != 0)
        status = command_fail(&err);
    else if (!is_complete(before) || !is_complete(after))
        status = ERR_INCOMPLETE;
    snapshot_diff_release(&answer.diff);
    snapshot_unload(after);
    snapshot_unload(before);
    return status;
}

/* ---- One ------------------------------------------------------------------------------------------ */

int cmd_heap(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_SYMBOLS | OPTIONS_WRAPPERS |
                   OPTIONS_DIFF;
    if (options_parse(&options, argc, argv, set, "IMAGE [TRACE] | --diff IMAGE IMAGE", about, examples, &err) != 0)
        return command_fail(&err);
    if (options.diff)
        return heap_images_diff(&options, "heap --diff");
    if (options.default_input || options.nr_inputs > 2)
        err_set(&err, ERR_USAGE,
                "heap: name an image, and its trace where that is not beside it (see tracean heap --help)");
    struct answer answer = {.write = writer_find(options.format, &err)};
    struct snapshot *snapshot = NULL;
    struct notices notices = {0};
    if (err.code == ERR_NONE)
        snapshot = snapshot_load(&options, options.inputs[0], options.nr_inputs == 2 ? options.inputs[1] : NULL,
                                 &notices, &err);
    notices_tell(&options, &notices);
    if (snapshot == NULL)
        return command_fail(&err);
    struct view_options view = {.top = options.top};
    answer.snapshot = snapshot;
    int status = command_output(&options, answer_write, &answer, &view, answer.write == snapshot_text, &err) != 0
                     ? command_fail(&err)
                 : is_complete(snapshot) ? ERR_NONE
                                         : ERR_INCOMPLETE;
    snapshot_unload(snapshot);
    return status;
}
