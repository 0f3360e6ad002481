#include "view/sheet.h"

#include "view/views.h"

static const struct table_column columns[] = {
    {"TRACE", "trace", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"PID", "pid", TABLE_ID, 1},
    {"TID", "tid", TABLE_ID, 0},
    {"CALLS", "calls", TABLE_COUNT, 0},
    {"EVENTS", "events", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"BEGIN", "start_ns", TABLE_TIME, 3},
    {"END", "end_ns", TABLE_TIME, 2},
    {"WAITED", "stalled_ns", TABLE_TIME, 0},
    {"LOST", "dropped_events", TABLE_COUNT, 0},
    {"ORPHANS", "orphan_exits", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"NAME", "name", TABLE_TEXT, 0},
};

int threads_sheet(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    struct sheet sheet;
    struct table table;
    uint32_t nr = options->top == 0 || options->top > profile->nr_threads ? profile->nr_threads : options->top;
    sheet_begin(&sheet, profile, options, "threads", out);
    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    for (uint32_t i = 0; i < nr; i++) {
        const struct profile_thread *thread = &profile->threads[i];
        const uint64_t numbers[] = {
            thread->trace,       thread->pid,        thread->tid,
            thread->nr_calls,    thread->nr_events,  thread->start_ns,
            thread->end_ns,      thread->stalled_ns, thread->dropped_events + thread->torn_events,
            thread->orphan_exits};
        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
            table_number(&table, numbers[n]);
        table_text(&table, thread->name, TABLE_PLAIN);
    }
    int result = sheet_table(&sheet, "threads", &table, err);
    if (nr < profile->nr_threads) {
        sheet_format(&sheet, "… and %u more (--top 0 shows all)", profile->nr_threads - nr);
        sheet_break(&sheet);
    }
    sheet_end(&sheet);
    table_release(&table);
    return result;
}
