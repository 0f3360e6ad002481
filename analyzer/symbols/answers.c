#include "symbols/answers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUDGET_BASE_BYTES  (64ull << 20)
#define BUDGET_QUERY_BYTES 1024u /* of text for each query, on average */
#define NOTICE_BYTES       4608u /* a path of PATH_MAX and some words */

/* How far the answers have come. */
struct collection {
    const struct answers_job *job;
    const struct answers_sink *sink;
    size_t range;          /* that is being answered */
    bool any;              /* something of this range has arrived */
    uint64_t budget_bytes; /* of text that may still arrive */
};

enum verdict { VERDICT_FINE, VERDICT_HOSTILE, VERDICT_NO_MEMORY };

static const char *range_path(const struct collection *collection)
{
    const struct answers_job *job = collection->job;
    return job->modules[job->ranges[collection->range].module].path;
}

static void notice_give(const struct collection *collection, const char *before, const char *after)
{
    char text[NOTICE_BYTES];
    (void)snprintf(text, sizeof(text), "%s%.*s%s", before, (int)(NOTICE_BYTES - 512), range_path(collection), after);
    collection->sink->notice(collection->sink->context, text);
}

static void notice_status(const struct collection *collection, uint32_t status, int errnum)
{
    static const char *const texts[NR_STATUSES] = {
        [STATUS_READ] = NULL,
        [STATUS_GONE] = " is gone: its functions are shown as addresses",
        [STATUS_UNREADABLE] = " cannot be read: ",
        [STATUS_NOT_A_FILE] = " is not a regular file: its functions are shown as addresses",
        [STATUS_NOT_AN_OBJECT] = " is not a readable ELF file: its functions are shown as addresses",
        [STATUS_REBUILT] = " was rebuilt since the run (build-id differs): its functions are shown as addresses; "
                           "--force-symbols uses it anyway",
        [STATUS_STRIPPED] = " is stripped and its debug file was not found: "
                            "functions without a name are shown as addresses",
        [STATUS_NO_LINES] = " has debug information that cannot be read: functions are shown without lines",
    };
    char after[384];
    if (!texts[status])
        return;
    (void)snprintf(after, sizeof(after), "%s%s", texts[status], status == STATUS_UNREADABLE ? strerror(errnum) : "");
    notice_give(collection, "", after);
}

static void notice_lost(const struct collection *collection, const char *reason)
{
    char after[128];
    (void)snprintf(after, sizeof(after), " are %s: the reader %s", collection->any ? "incomplete" : "missing", reason);
    notice_give(collection, "symbols of ", after);
}

/* Where the text belongs; NULL when the message may not say that, or has said it already. */
static const char **message_place(const struct collection *collection, const struct child_message *message)
{
    const struct answers_job *job = collection->job;
    const struct answers_range *range = &job->ranges[collection->range];
    if (message->index < range->first || message->index - range->first >= range->nr_queries || message->bytes == 0)
        return NULL;
    struct symbol *symbol = &collection->sink->answers[job->queries[message->index].index];
    const char **place = NULL;
    if (message->kind == ANSWERS_LINKAGE)
        place = &symbol->linkage;
    else if (message->kind == ANSWERS_NAME)
        place = &symbol->name;
    else if (message->kind == ANSWERS_FILE)
        place = &symbol->file;
    return place && !*place ? place : NULL;
}

/* The text of the query before, if it is the same: neighbours tend to lie in the same file. */
static const char *text_shared(const struct collection *collection, const struct child_message *message,
                               const char *text)
{
    const struct answers_job *job = collection->job;
    if (message->kind != ANSWERS_FILE || message->index == job->ranges[collection->range].first)
        return NULL;
    const char *before = collection->sink->answers[job->queries[message->index - 1].index].file;
    return before && strncmp(before, text, message->bytes) == 0 && before[message->bytes] == '\0' ? before : NULL;
}

static enum verdict message_take(struct collection *collection, const struct child_message *message, const char *text)
{
    const char **place = message_place(collection, message);
    if (!place || message->bytes > collection->budget_bytes || memchr(text, '\0', message->bytes))
        return VERDICT_HOSTILE;
    const char *shared = text_shared(collection, message, text);
    *place = shared ? shared : arena_copy(collection->sink->arena, text, message->bytes);
    if (!*place)
        return VERDICT_NO_MEMORY;
    if (message->kind == ANSWERS_FILE)
        collection->sink->answers[collection->job->queries[message->index].index].line = message->number;
    collection->budget_bytes -= message->bytes;
    collection->any = true;
    return VERDICT_FINE;
}

static enum verdict message_done(struct collection *collection, const struct child_message *message)
{
    uint32_t status = message->number & 0xff;
    if (message->index != collection->range || message->bytes != 0 || status >= NR_STATUSES)
        return VERDICT_HOSTILE;
    notice_status(collection, status, (int)(message->number >> 8));
    collection->range++;
    collection->any = false;
    return VERDICT_FINE;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Take answers from one child until all ranges are done (NULL) or it fails (why). */
static const char *child_collect(struct collection *collection, struct child *child,
                                 const struct answers_limits *limits, uint64_t end_ns, enum verdict *verdict)
{
    uint64_t deadline_ns = earlier(child_clock_ns() + limits->module_ns, end_ns);
    *verdict = VERDICT_FINE;
    while (collection->range < collection->job->nr_ranges) {
        struct child_message message;
        const char *text;
        switch (child_receive(child, deadline_ns, &message, &text)) {
        case CHILD_MESSAGE:
            break;
        case CHILD_CLOSED:
            return "crashed";
        case CHILD_TOO_LATE:
            return "took too long";
        case CHILD_GARBAGE:
        default:
            return "gave invalid answers";
        }
        if (message.kind == ANSWERS_DONE) {
            *verdict = message_done(collection, &message);
            deadline_ns = earlier(child_clock_ns() + limits->module_ns, end_ns);
        } else {
            *verdict = message_take(collection, &message, text);
        }
        if (*verdict != VERDICT_FINE)
            return "gave invalid answers";
    }
    return NULL;
}

int answers_collect(const struct answers_job *job, const struct answers_limits *limits,
                    void (*work)(struct child_sender *sender, const void *job), const struct answers_sink *sink,
                    struct err *err)
{
    struct collection collection = {
        .job = job, .sink = sink, .budget_bytes = BUDGET_BASE_BYTES + job->nr_queries * BUDGET_QUERY_BYTES};
    uint64_t end_ns = child_clock_ns() + limits->total_ns;

    while (collection.range < job->nr_ranges) {
        struct answers_job rest = *job;
        struct child child;
        enum verdict verdict = VERDICT_FINE;
        rest.first_range = collection.range;
        int error = child_start(&child, &limits->child, work, &rest);
        const char *reason =
            error ? "could not be started" : child_collect(&collection, &child, limits, end_ns, &verdict);
        child_stop(&child);
        if (verdict == VERDICT_NO_MEMORY || error == -ENOMEM)
            return err_set(err, ERR_INPUT, "out of memory for symbols");
        if (reason) {
            notice_lost(&collection, reason);
            collection.range++;
            collection.any = false;
        }
    }
    return 0;
}
