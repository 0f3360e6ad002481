/*
 * The events as they are in the file: no stack is kept, no name is looked up, nothing is left out.
 */
#include "cmd/input.h"

#include "base/escape.h"
#include "trace/timeline.h"

#include <inttypes.h>
#include <stdlib.h>

static const char about[] =
    "The events of a trace as they are in the file, one a line, in order of time: seconds from the start, thread, "
    "what\n"
    "happened; for an enter the address of the function and the address to which the call returns. A chunk line says\n"
    "where a chunk begins: its number, its open frames, the thread's counts so far. -n ends after N events.";

static const char examples[] = "  tracean dump -n 50\n"
                               "  tracean dump --thread 4242 --time 1ms..2ms trace.zst";

static const char *const ext_names[] = {[TF_EXT_STALL] = "stall",
                                        [TF_EXT_DROPPED] = "dropped",
                                        [TF_EXT_TORN] = "torn",
                                        [TF_EXT_ORPHAN_EXIT] = "orphan-exit",
                                        [TF_EXT_MARK] = "mark",
                                        [TF_EXT_COUNTER] = "counter",
                                        [TF_EXT_THREAD_NAME] = "thread-name",
                                        [TF_EXT_FORK] = "fork",
                                        [TF_EXT_EXEC] = "exec",
                                        [TF_EXT_SWITCH_OUT] = "switch-out",
                                        [TF_EXT_SWITCH_IN] = "switch-in",
                                        [TF_EXT_MUTE] = "mute",
                                        [TF_EXT_UNMUTE] = "unmute",
                                        [TF_EXT_STACK_SWITCH] = "stack-switch",
                                        [TF_EXT_MODULES] = "modules",
                                        [TF_EXT_MAPPED] = "mapped",
                                        [TF_EXT_UNMAPPED] = "unmapped",
                                        [TF_EXT_ALLOCATOR] = "allocator",
                                        [TF_EXT_SNAPSHOT] = "snapshot"};

static void ext_write(struct out *out, const struct chunk_ext *ext)
{
    const char *name = ext->kind < sizeof(ext_names) / sizeof(ext_names[0]) ? ext_names[ext->kind] : NULL;
    if (name == NULL) {
        out_format(out, "ext %" PRIu64, ext->kind);
        return;
    }
    out_text(out, name);
    switch (ext->kind) {
    case TF_EXT_STALL:
        out_format(out, " %" PRIu64 " ticks", ext->number);
        break;
    case TF_EXT_DROPPED:
        out_format(out, " %" PRIu64 " in %" PRIu64 " ticks", ext->number, ext->second);
        break;
    case TF_EXT_SNAPSHOT:
        out_format(out, " %" PRIu64 " in %" PRIu64 " ticks", ext->number, ext->second);
        break;
    case TF_EXT_TORN:
        out_format(out, " %" PRIu64, ext->number);
        break;
    case TF_EXT_ORPHAN_EXIT:
    case TF_EXT_MUTE:
    case TF_EXT_UNMUTE:
        out_format(out, " 0x%" PRIx64, ext->number);
        break;
    case TF_EXT_MAPPED:
    case TF_EXT_UNMAPPED:
        out_format(out, " 0x%" PRIx64 " %" PRIu64 " bytes", ext->number, ext->second);
        break;
    case TF_EXT_ALLOCATOR:
        out_format(out, " %" PRIu64 " in use %" PRIu64 " free %" PRIu64 " mapped", ext->number, ext->second,
                   ext->third);
        break;
    case TF_EXT_COUNTER:
        out_format(out, " %" PRId64, (int64_t)tf_unzigzag(ext->number));
        break;
    default:
        break;
    }
    if (ext->text_bytes > 0)
        out_char(out, ' ');
    escape_terminal(out, ext->text, ext->text_bytes);
}

static void entry_write(struct out *out, const struct chunk_entry *entry)
{
    if (entry->region != NULL) {
        out_text(out, "begin ");
        escape_terminal(out, entry->region, entry->region_bytes);
        return;
    }
    out_format(out, "enter 0x%" PRIx64 " from 0x%" PRIx64 "%s", entry->fn, entry->site,
               entry->inlined ? " inlined" : "");
}

static void chunk_write(struct out *out, const struct chunk *chunk)
{
    const struct tf_chunk_head *head = &chunk->head;
    out_format(out,
               "chunk %" PRIu32 " depth %" PRIu32 " symbols %" PRIu32 " hook-calls %" PRIu64 " recorded %" PRIu64
               " dropped %" PRIu64 " torn %" PRIu64 "%s%s%s",
               head->number, head->depth, head->nr_symbols, head->hook_calls, head->recorded, head->dropped_full,
               head->torn, head->flags & TF_CHUNK_GAP ? " gap" : "", head->flags & TF_CHUNK_FENCED ? " fenced" : "",
               head->flags & TF_CHUNK_LAST ? " last" : "");
}

static void memory_write(struct out *out, const struct chunk *chunk, uint32_t symbol, const struct memory_block *block)
{
    static const char *const apis[TF_API_NR] = {
        [TF_API_POOL] = "pool",        [TF_API_MALLOC] = "malloc",   [TF_API_CALLOC] = "calloc",
        [TF_API_REALLOC] = "realloc",  [TF_API_ALIGNED] = "aligned", [TF_API_NEW] = "new",
        [TF_API_RESTORED] = "restored"};
    if (symbol != TF_SYM_ALLOC) {
        out_format(out, "%s 0x%" PRIx64, symbol == TF_SYM_FREE ? "free" : "realloc", block->address);
        return;
    }
    const struct memory_caller *caller = &chunk->memory.callers[block->caller];
    out_format(out, "alloc 0x%" PRIx64 " %" PRIu64 " bytes by %s from 0x%" PRIx64, block->address, block->bytes,
               apis[caller->api], caller->address);
}

static void event_write(struct out *out, const struct trace *trace, const struct timeline_event *event)
{
    out_seconds(out, clock_ns(&trace->clock, event->ticks));
    out_format(out, " %8" PRIu32 "  ", trace->threads[event->thread].tid);
    if (event->kind == TIMELINE_DAMAGED)
        out_format(out, "damaged chunk: %s", event->why);
    else if (event->kind == TIMELINE_CHUNK)
        chunk_write(out, event->chunk);
    else if (event->symbol == TF_SYM_EXT)
        ext_write(out, &event->ext);
    else if (symbol_is_memory(event->symbol))
        memory_write(out, event->chunk, event->symbol, &event->memory);
    else if (event->symbol >= TF_SYM_ENTER)
        entry_write(out, &event->chunk->dict[event->symbol - TF_SYM_ENTER]);
    else
        out_text(out, event->symbol == TF_SYM_EXIT ? "exit" : "unwind");
    out_char(out, '\n');
}

/* The threads that the options let through; the caller frees it. */
static bool *threads_select(const struct options *options, const struct trace *trace)
{
    bool *threads = calloc((size_t)trace->nr_threads + 1, sizeof(*threads));
    for (uint32_t i = 0; threads != NULL && i < trace->nr_threads; i++) {
        const struct trace_process *process = trace_process_find(trace, trace->threads[i].process);
        threads[i] = (options->thread == 0 || options->thread == trace->threads[i].tid) &&
                     (options->process == 0 || (process != NULL && process->pid == options->process));
    }
    return threads;
}

static int events_write(const struct options *options, struct trace *trace, struct timeline *timeline, struct out *out,
                        struct err *err)
{
    struct timeline_event event;
    uint64_t nr_events = 0, nr_max = options->top == UINT32_MAX || options->top == 0 ? UINT64_MAX : options->top;
    int result = 1;
    while (nr_events < nr_max && (result = timeline_next(timeline, &event, err)) > 0) {
        uint64_t time_ns = clock_ns(&trace->clock, event.ticks);
        if (time_ns > options->to_ns)
            break;
        if (event.kind == TIMELINE_END)
            continue;
        if (event.kind == TIMELINE_DAMAGED)
            trace_damaged(trace, event.block, event.why);
        if (event.kind == TIMELINE_SYMBOL && time_ns < options->from_ns)
            continue;
        event_write(out, trace, &event);
        nr_events += event.kind == TIMELINE_SYMBOL;
    }
    return result < 0 ? -1 : 0;
}

static int trace_dump(const struct options *options, struct trace *trace, struct err *err)
{
    int result = -1;
    struct timeline *timeline = NULL;
    struct out *out = NULL;
    uint64_t from_ticks = options->from_ns == 0 ? 0 : clock_ticks(&trace->clock, options->from_ns);
    bool *threads = threads_select(options, trace);
    if (threads == NULL) {
        err_set(err, ERR_INPUT, "out of memory");
        goto out;
    }
    timeline = timeline_new(trace, threads, from_ticks, err);
    out = timeline == NULL ? NULL : out_open(options->output, err);
    if (out == NULL)
        goto out;
    result = events_write(options, trace, timeline, out, err);
    if (result == 0)
        result = out_close(out, err);
    else
        out_discard(out);
out:
    timeline_free(timeline);
    free(threads);
    return result;
}

int cmd_dump(int argc, char **argv)
{
    struct options options;
    struct err err = {0};
    if (options_parse(&options, argc, argv, OPTIONS_OUTPUT | OPTIONS_WINDOW | OPTIONS_TOP, "[TRACE]", about, examples,
                      &err) != 0)
        return command_fail(&err);
    struct trace *trace = input_open_single(&options, &err);
    if (trace == NULL)
        return command_fail(&err);
    int status = trace_dump(&options, trace, &err) != 0 ? command_fail(&err) : input_status(&options, trace, 0);
    trace_close(trace);
    return status;
}
