/*
 * The calls in order. The trace is replayed twice: first for the functions, so that their names are there when the
 * calls come; then in order of time, writing as it goes, so that memory does not grow with calls.
 */
#include "cmd/input.h"

#include "base/escape.h"
#include "base/number.h"
#include "profile/function_names.h"

#include <stdlib.h>
#include <string.h>

static const char about[] =
    "The calls in the order in which they began, indented by depth. TIME is from the start of the trace; a call that\n"
    "calls nothing is one line, others close with their duration. [unwound]: left by an exception, longjmp or thread\n"
    "exit; [open]: never left; [inherited]: entered by the parent before fork; [from earlier]: entered before what is\n"
    "shown. --function shows the calls of these functions and all below, --call one that tracean outliers has listed; "
    "-n\n"
    "ends after N calls. csv and json have one row a call, in the order in which the calls ended. Formats: text, csv, "
    "json.";

static const char examples[] = "  tracean calls -n 100\n"
                               "  tracean calls --function '^parse' --time 1s..1.5s trace.zst\n"
                               "  tracean calls --format csv -o calls.csv";

#define SHOWN_NONE UINT32_MAX
#define INDENT_MAX 100u

struct printer;

struct format {
    const char *name;
    void (*begin)(struct printer *printer);
    int (*enter)(void *context, const struct replay_call *call);
    int (*leave)(void *context, const struct replay_call *call);
    int (*note)(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext);
    void (*end)(struct printer *printer);
};

struct printer {
    struct out *out;
    const struct trace *trace;
    const struct replay *replay;
    const struct profile_function *functions;
    const bool *wanted; /* by function: begins what is shown */
    uint32_t nr_functions;
    uint32_t *shown_from; /* by thread: depth of the frame that began what is shown; SHOWN_NONE */
    uint64_t nr_calls, nr_max;
    const struct call_id *call; /* the only one that is shown, if its thread is not 0 */
    bool is_done;               /* it was */
};

/* ---- What is shown -------------------------------------------------------------------------------- */

static const char *function_name(const struct printer *printer, uint32_t function)
{
    return function < printer->nr_functions ? printer->functions[function].name : "?";
}

/* True when what is shown begins with this call. */
static bool shown_begins(const struct printer *printer, const struct replay_call *call)
{
    if (printer->call->thread != 0)
        return call->depth == printer->call->depth &&
               clock_ns(&printer->trace->clock, call->start_ticks) == printer->call->start_ns;
    return call->function < printer->nr_functions && printer->wanted[call->function];
}

/* True when the call that is entered is to be shown. */
static bool shown_enter(struct printer *printer, const struct replay_call *call)
{
    uint32_t *from = &printer->shown_from[call->thread];
    if (*from == SHOWN_NONE && shown_begins(printer, call))
        *from = call->depth;
    return *from != SHOWN_NONE;
}

/* True when the call that is left is shown; then its indentation. */
static bool shown_leave(struct printer *printer, const struct replay_call *call, uint32_t *indent)
{
    uint32_t *from = &printer->shown_from[call->thread];
    if (*from == SHOWN_NONE || call->depth < *from)
        return false;
    *indent = call->depth - *from;
    if (*indent == 0) {
        *from = SHOWN_NONE;
        printer->is_done = printer->call->thread != 0;
    }
    return true;
}

/* Count a call. Nonzero: enough. */
static int call_count(struct printer *printer)
{
    printer->nr_calls++;
    return printer->is_done || (printer->nr_max > 0 && printer->nr_calls >= printer->nr_max);
}

static uint64_t duration_ns(const struct printer *printer, const struct replay_call *call)
{
    return clock_ns(&printer->trace->clock, call->end_ticks) - clock_ns(&printer->trace->clock, call->start_ticks);
}

/* ---- Text ----------------------------------------------------------------------------------------- */

static void text_begin(struct printer *printer)
{
    out_format(printer->out, "%13s %8s %10s  %s\n", "TIME", "THREAD", "DURATION", "FUNCTION");
}

/* The columns on the left, and the indentation. */
static void text_line(struct printer *printer, uint32_t thread, uint64_t ticks, const char *duration, uint32_t indent)
{
    struct out *out = printer->out;
    uint64_t time_ns = clock_ns(&printer->trace->clock, ticks);
    out_format(out, "%3llu.%09llu %8u %10s  ", (unsigned long long)(time_ns / 1000000000),
               (unsigned long long)(time_ns % 1000000000), printer->trace->threads[thread].tid, duration);
    /* A deep recursion must not fill the disk with spaces. */
    out_repeat(out, "  ", indent < INDENT_MAX ? indent : INDENT_MAX);
    if (indent > INDENT_MAX)
        out_format(out, "[%u] ", indent);
}

static void text_name(struct printer *printer, const struct replay_call *call)
{
    const char *name = function_name(printer, call->function);
    escape_terminal(printer->out, name, strlen(name));
    /* C++ names have their arguments already; a region takes none. */
    if (!(call->flags & REPLAY_REGION) && strchr(name, '(') == NULL)
        out_text(printer->out, "()");
}

static int text_enter(void *context, const struct replay_call *call)
{
    struct printer *printer = context;
    char duration[NUMBER_BYTES] = "";
    if (!shown_enter(printer, call))
        return 0;
    if (call->flags & REPLAY_LEAF)
        number_time(duration, duration_ns(printer, call));
    text_line(printer, call->thread, call->start_ticks, duration, call->depth - printer->shown_from[call->thread]);
    text_name(printer, call);
    out_text(printer->out, call->flags & REPLAY_LEAF ? ";" : " {");
    if (call->flags & REPLAY_INHERITED)
        out_text(printer->out, " [inherited]");
    else if (call->flags & REPLAY_EARLIER)
        out_text(printer->out, " [from earlier]");
    out_char(printer->out, '\n');
    return call_count(printer);
}

static int text_leave(void *context, const struct replay_call *call)
{
    struct printer *printer = context;
    char duration[NUMBER_BYTES];
    uint32_t indent;
    if (!shown_leave(printer, call, &indent) || (call->flags & REPLAY_LEAF))
        return printer->is_done;
    text_line(printer, call->thread, call->end_ticks, number_time(duration, duration_ns(printer, call)), indent);
    out_text(printer->out, "} /* ");
    const char *name = function_name(printer, call->function);
    escape_terminal(printer->out, name, strlen(name));
    out_text(printer->out, " */");
    if (call->flags & REPLAY_UNWOUND)
        out_text(printer->out, " [unwound]");
    else if (call->flags & REPLAY_OPEN)
        out_text(printer->out, " [open]");
    out_char(printer->out, '\n');
    return printer->is_done;
}

/* Notes stand as comments where they happened. */
static int text_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    struct printer *printer = context;
    char text[NUMBER_BYTES];
    uint32_t depth = printer->replay->threads[thread].depth, from = printer->shown_from[thread];
    if (from == SHOWN_NONE && printer->wanted[printer->nr_functions])
        from = 0;
    if (from == SHOWN_NONE || (ext->kind != TF_EXT_MARK && ext->kind != TF_EXT_COUNTER && ext->kind != TF_EXT_STALL &&
                               ext->kind != TF_EXT_DROPPED))
        return 0;
    text_line(printer, thread, ticks, "", depth - from);
    out_text(printer->out, "/* ");
    if (ext->kind == TF_EXT_STALL)
        out_format(printer->out, "waited %s for the recorder",
                   number_time(text, clock_duration_ns(&printer->trace->clock, ext->number)));
    else if (ext->kind == TF_EXT_DROPPED)
        out_format(printer->out, "%llu events are lost here", (unsigned long long)ext->number);
    else
        escape_terminal(printer->out, ext->text, ext->text_bytes);
    if (ext->kind == TF_EXT_COUNTER)
        out_format(printer->out, " = %lld", (long long)tf_unzigzag(ext->number));
    out_text(printer->out, " */\n");
    return 0;
}

/* ---- Rows ----------------------------------------------------------------------------------------- */

static int row_enter(void *context, const struct replay_call *call)
{
    (void)shown_enter(context, call);
    return 0;
}

static int row_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    (void)context;
    (void)thread;
    (void)ticks;
    (void)ext;
    return 0;
}

static const char *call_ending(const struct replay_call *call)
{
    return call->flags & REPLAY_UNWOUND ? "unwound" : call->flags & REPLAY_OPEN ? "open" : "returned";
}

static const char *call_beginning(const struct replay_call *call)
{
    return call->flags & REPLAY_INHERITED ? "inherited" : call->flags & REPLAY_EARLIER ? "earlier" : "entered";
}

static uint32_t call_pid(const struct printer *printer, const struct replay_call *call)
{
    const struct trace_process *process =
        trace_process_find(printer->trace, printer->replay->threads[call->thread].process);
    return process == NULL ? 0 : process->pid;
}

static void csv_begin(struct printer *printer)
{
    out_text(printer->out, "start_ns,duration_ns,pid,tid,depth,function,module,beginning,ending\n");
}

static int csv_leave(void *context, const struct replay_call *call)
{
    struct printer *printer = context;
    uint32_t indent;
    if (!shown_leave(printer, call, &indent))
        return 0;
    out_format(printer->out, "%llu,%llu,%u,%u,%u,",
               (unsigned long long)clock_ns(&printer->trace->clock, call->start_ticks),
               (unsigned long long)duration_ns(printer, call), call_pid(printer, call),
               printer->trace->threads[call->thread].tid, call->depth);
    escape_csv(printer->out, function_name(printer, call->function));
    out_char(printer->out, ',');
    escape_csv(printer->out, call->function < printer->nr_functions ? printer->functions[call->function].module : "");
    out_format(printer->out, ",%s,%s\n", call_beginning(call), call_ending(call));
    return call_count(printer);
}

static void json_begin(struct printer *printer)
{
    out_text(printer->out, "{\"calls\":[");
}

static int json_leave(void *context, const struct replay_call *call)
{
    struct printer *printer = context;
    uint32_t indent;
    if (!shown_leave(printer, call, &indent))
        return 0;
    out_format(
        printer->out, "%s\n{\"start_ns\":%llu,\"duration_ns\":%llu,\"pid\":%u,\"tid\":%u,\"depth\":%u,\"function\":",
        printer->nr_calls > 0 ? "," : "", (unsigned long long)clock_ns(&printer->trace->clock, call->start_ticks),
        (unsigned long long)duration_ns(printer, call), call_pid(printer, call),
        printer->trace->threads[call->thread].tid, call->depth);
    escape_json(printer->out, function_name(printer, call->function));
    out_text(printer->out, ",\"module\":");
    escape_json(printer->out, call->function < printer->nr_functions ? printer->functions[call->function].module : "");
    out_format(printer->out, ",\"beginning\":\"%s\",\"ending\":\"%s\"}", call_beginning(call), call_ending(call));
    return call_count(printer);
}

static void json_end(struct printer *printer)
{
    out_text(printer->out, "\n]}\n");
}

static void nothing(struct printer *printer)
{
    (void)printer;
}

static const struct format formats[] = {
    {"text", text_begin, text_enter, text_leave, text_note, nothing},
    {"csv", csv_begin, row_enter, csv_leave, row_note, nothing},
    {"json", json_begin, row_enter, json_leave, row_note, json_end},
};

/* ---- The verb ------------------------------------------------------------------------------------- */

static const struct format *format_find(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (options->format == NULL || strcmp(options->format, formats[i].name) == 0)
            return &formats[i];
    }
    err_set(err, ERR_USAGE, "calls cannot write the format \"%s\", only: text, csv, json", options->format);
    return NULL;
}

static int calls_write(const struct options *options, const struct format *format, struct printer *printer,
                       struct replay *replay, struct err *err)
{
    const struct replay_observer observer = {printer, format->enter, format->leave, format->note, NULL};
    printer->out = out_open(options->output, err);
    if (printer->out == NULL)
        return -1;
    format->begin(printer);
    if (replay_watch(replay, &observer, err) != 0) {
        out_discard(printer->out);
        return -1;
    }
    if (printer->call->thread != 0 && printer->nr_calls == 0) {
        out_discard(printer->out);
        return err_set(err, ERR_USAGE, "--call: no call of thread %u begins there", printer->call->thread);
    }
    format->end(printer);
    return out_close(printer->out, err);
}

/* Everything that is needed before the first line, then the lines. */
static int calls_show(const struct options *options, const struct format *format, struct trace *trace,
                      struct replay *replay, uint64_t *nr_dropped, struct err *err)
{
    struct arena names;
    struct notices notices = {0};
    struct symbol_options symbols = input_symbols(options);
    struct function_names_request request = {trace, &replay->functions, &symbols, notices_add, &notices};
    struct printer printer = {.trace = trace,
                              .replay = replay,
                              .nr_max = options->top == UINT32_MAX ? 0 : options->top,
                              .call = &options->call};
    bool *wanted = NULL;
    int result = -1;
    arena_init(&names, 0);
    if (replay_run(replay, err) != 0 || (printer.functions = function_names(&request, &names, err)) == NULL)
        goto out;
    *nr_dropped = replay_dropped(replay); /* now: the second replay may end early */
    printer.nr_functions = replay->functions.nr;
    printer.wanted = wanted = input_match(options, printer.functions, printer.nr_functions, err);
    if (wanted == NULL)
        goto out;
    wanted[printer.nr_functions] =
        options->function == NULL && options->call.thread == 0; /* everything is shown, notes outside of calls too */
    printer.shown_from = malloc(((size_t)trace->nr_threads + 1) * sizeof(*printer.shown_from));
    if (printer.shown_from == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    for (uint32_t i = 0; i < trace->nr_threads; i++)
        printer.shown_from[i] = SHOWN_NONE;
    result = calls_write(options, format, &printer, replay, err);
    for (size_t i = 0; i < notices.nr; i++)
        command_notice(options, notices.texts[i]);
out:
    free(printer.shown_from);
    free(wanted);
    notices_release(&notices);
    arena_release(&names);
    return result;
}

int cmd_calls(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    struct replay replay = {0};
    unsigned set = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FUNCTION | OPTIONS_WINDOW | OPTIONS_TOP | OPTIONS_SYMBOLS |
                   OPTIONS_CALL;
    if (options_parse(&options, argc, argv, set, "[TRACE]", about, examples, &err) != 0)
        return command_fail(&err);
    const struct format *format = format_find(&options, &err);
    struct trace *trace = format == NULL ? NULL : input_open_single(&options, &err);
    if (trace == NULL)
        return command_fail(&err);
    struct replay_filter filter = input_filter(&options);
    if (options.call.thread != 0) {
        /* What lies before it need not be read; a microsecond more, since ticks are not ns. */
        filter.thread = options.call.thread;
        filter.from_ns = options.call.start_ns > 1000 ? options.call.start_ns - 1000 : 0;
    }
    uint64_t nr_dropped = 0;
    int status;
    if (replay_init(&replay, trace, &filter, &err) != 0 ||
        calls_show(&options, format, trace, &replay, &nr_dropped, &err) != 0)
        status = command_fail(&err);
    else
        status = input_status(&options, trace, nr_dropped);
    replay_release(&replay);
    trace_close(trace);
    return status;
}
