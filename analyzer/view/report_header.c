/*
 * The head of every report: what ran, when, how much was recorded, whether it is all there.
 */
#include "view/report.h"

#include "base/number.h"

#include <time.h>

const char *plural(uint64_t number)
{
    return number == 1 ? "" : "s";
}

static void when_line(const struct profile *profile, struct sheet *sheet)
{
    const struct profile_facts *facts = &profile->facts;
    time_t seconds = (time_t)(facts->realtime_ns / 1000000000);
    struct tm when;
    char text[64];
    bool begun = facts->realtime_ns > 0 && localtime_r(&seconds, &when) &&
                 strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &when) > 0;
    if (begun)
        sheet_format(sheet, "%s", text);
    if (facts->host[0] != '\0') {
        sheet_format(sheet, "%shost ", begun ? ", " : "");
        sheet_name(sheet, facts->host, 0);
        begun = true;
    }
    if (profile->nr_threads > 0 && facts->nr_processes == 1)
        sheet_format(sheet, "%spid %u", begun ? ", " : "", profile->threads[0].pid);
    sheet_break(sheet);
}

static void counts_line(const struct profile *profile, struct sheet *sheet)
{
    const struct profile_facts *facts = &profile->facts;
    char number[NUMBER_BYTES];
    sheet_format(sheet, "%s wall", number_time(number, facts->wall_ns));
    sheet_format(sheet, ", %s call%s of", number_grouped(number, facts->nr_calls), plural(facts->nr_calls));
    sheet_format(sheet, " %s function%s", number_grouped(number, profile->nr_functions), plural(profile->nr_functions));
    sheet_format(sheet, ", %s thread%s", number_grouped(number, facts->nr_threads), plural(facts->nr_threads));
    if (facts->nr_processes != 1)
        sheet_format(sheet, " of %u processes", facts->nr_processes);
    sheet_format(sheet, ", max depth %u", facts->max_depth);
    sheet_break(sheet);
}

/* What folded stacks say of themselves. */
static void stacks_line(const struct profile *profile, struct sheet *sheet)
{
    char number[NUMBER_BYTES];
    sheet_format(sheet, "%s ", number_grouped(number, profile->nodes[0].inclusive_ns));
    sheet_name(sheet, profile->facts.unit, 0);
    sheet_format(sheet, " in %s function%s, max depth %u", number_grouped(number, profile->nr_functions),
                 plural(profile->nr_functions), profile->facts.max_depth);
    sheet_break(sheet);
}

static uint64_t stalled_ns(const struct profile *profile)
{
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < profile->nr_threads; i++)
        sum_ns += profile->threads[i].stalled_ns;
    return sum_ns;
}

static void trace_line(const struct profile *profile, struct sheet *sheet)
{
    const struct profile_facts *facts = &profile->facts;
    char number[NUMBER_BYTES];
    unsigned columns = sheet->look.columns;
    sheet_name(sheet, facts->source, columns > 50 ? columns - 50 : columns);
    sheet_format(sheet, ", %s", number_bytes(number, facts->trace_bytes));
    if (facts->nr_calls > 0)
        sheet_format(sheet, " (%.2f B/call)", (double)facts->trace_bytes / (double)facts->nr_calls);
    bool loud = sheet->look.color && sheet->format == VIEW_TEXT;
    sheet_format(sheet, facts->complete ? ", complete" : loud ? ", \033[1;31mINCOMPLETE\033[0m" : ", INCOMPLETE");
    sheet_break(sheet);
}

/* How much of the time is that of functions too short to be timed, and how far it can be from the truth in the mean. */
static void estimate_line(const struct profile *profile, struct sheet *sheet)
{
    uint64_t estimated_ns = 0;
    double low_ns = 0, high_ns = 0;
    char number[NUMBER_BYTES];
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *function = &profile->functions[i];
        if (function_is_timed(function))
            continue;
        estimated_ns += function->exclusive_ns;
        low_ns += (double)function_low_ns(function);
        high_ns += (double)function_high_ns(function);
    }
    if (estimated_ns == 0)
        return;
    double whole_ns = (double)estimated_ns;
    sheet_format(sheet, "  %s %% of the rest is in functions too short to be timed: estimated (%+.0f to %+.0f %%)",
                 number_percent(number, estimated_ns, profile->nodes[0].inclusive_ns), (low_ns / whole_ns - 1) * 100,
                 (high_ns / whole_ns - 1) * 100);
    sheet_break(sheet);
}

/* What tracing has cost, and how far what is left can be trusted. */
static void cost_lines(const struct profile *profile, struct sheet *sheet)
{
    const struct profile_facts *facts = &profile->facts;
    uint64_t raw_ns = profile->nodes[0].raw_inclusive_ns, left_ns = profile->nodes[0].inclusive_ns;
    char number[NUMBER_BYTES];
    if (!facts->is_corrected) {
        sheet_format(sheet, "  times contain the tracer's own cost, but for the waiting");
        sheet_break(sheet);
        return;
    }
    sheet_format(sheet, "  tracing's cost is taken out of the times, but not of P50 to MAX: %s",
                 number_time(number, raw_ns > left_ns ? raw_ns - left_ns : 0));
    sheet_break(sheet);
    sheet_format(sheet, "    %.1f ns in a call, %.1f around it", (double)facts->hook_inside_ps / 1000,
                 (double)facts->hook_outside_ps / 1000);
    sheet_break(sheet);
    estimate_line(profile, sheet);
}

/* What is not as in an undisturbed run that ended by itself. */
static void caveat_lines(const struct profile *profile, struct sheet *sheet)
{
    const struct profile_facts *facts = &profile->facts;

    const struct {
        const char *text;
        uint64_t value;
        bool always; /* also when it is 0 and the trace is incomplete */
    } lines[] = {
        {"events known to be lost", facts->dropped_events, true},
        {"frames still open at the end", facts->open_frames, false},
        {"frames unwound (exceptions, longjmp, thread exit)", facts->unwound_frames, false},
        {"exits without an enter", facts->orphan_exits, false},
    };

    char number[NUMBER_BYTES];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (lines[i].value == 0 && !(lines[i].always && !facts->complete))
            continue;
        sheet_format(sheet, "  %s: %s", lines[i].text, number_grouped(number, lines[i].value));
        sheet_break(sheet);
    }
    if (stalled_ns(profile) > 0) {
        sheet_format(sheet, "  threads waited for the tracer, taken out of the times below: %s",
                     number_time(number, stalled_ns(profile)));
        sheet_break(sheet);
    }
    if (facts->has_calls)
        cost_lines(profile, sheet);
    for (uint32_t i = 0; i < profile->nr_notices; i++) {
        sheet_format(sheet, "  note: ");
        sheet_name(sheet, profile->notices[i], 0);
        sheet_break(sheet);
    }
}

void report_header(const struct profile *profile, struct sheet *sheet)
{
    const struct profile_facts *facts = &profile->facts;
    sheet_name(sheet, facts->command[0] != '\0' ? facts->command : facts->source, sheet->look.columns);
    sheet_break(sheet);
    if (!facts->has_calls) {
        stacks_line(profile, sheet);
    } else {
        when_line(profile, sheet);
        counts_line(profile, sheet);
        trace_line(profile, sheet);
    }
    caveat_lines(profile, sheet);
}

void report_place(const struct profile *profile, uint32_t function, struct sheet *sheet)
{
    const struct profile_function *f = &profile->functions[function];
    if (out_count(sheet->out) > 0)
        sheet_gap(sheet);
    sheet_name(sheet, f->label, sheet->look.columns);
    if (f->file[0] != '\0') {
        sheet_format(sheet, "  ");
        sheet_name(sheet, f->file, 0);
        sheet_format(sheet, ":%u", f->line);
    }
    sheet_break(sheet);
}
