#include "profile/run.h"

#include "base/number.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A fact that is added has to be kept here as well, and in PROFILE.md. */
_Static_assert(sizeof(struct profile_facts) == 160, "keep the new fact of a run in its bytes");
_Static_assert(sizeof(struct profile_thread) == 96, "keep the new fact of a thread in its bytes");

enum { FLAG_COMPLETE = 1, FLAG_HAS_CALLS = 2, FLAG_CORRECTED = 4, FLAGS = 7 };

/* The facts that are 64-bit numbers, in their order in the bytes. */
static const size_t facts_numbers[] = {
    offsetof(struct profile_facts, wall_ns),         offsetof(struct profile_facts, clock_step_ps),
    offsetof(struct profile_facts, nr_events),       offsetof(struct profile_facts, nr_calls),
    offsetof(struct profile_facts, open_frames),     offsetof(struct profile_facts, unwound_frames),
    offsetof(struct profile_facts, inherited_exits), offsetof(struct profile_facts, orphan_exits),
    offsetof(struct profile_facts, dropped_events),  offsetof(struct profile_facts, trace_bytes),
    offsetof(struct profile_facts, hook_inside_ps),  offsetof(struct profile_facts, hook_outside_ps)};

static const size_t thread_numbers[] = {
    offsetof(struct profile_thread, nr_events),   offsetof(struct profile_thread, nr_calls),
    offsetof(struct profile_thread, hook_calls),  offsetof(struct profile_thread, dropped_events),
    offsetof(struct profile_thread, torn_events), offsetof(struct profile_thread, orphan_exits),
    offsetof(struct profile_thread, stalled_ns),  offsetof(struct profile_thread, start_ns),
    offsetof(struct profile_thread, end_ns)};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void numbers_put(struct wire *wire, const void *facts, const size_t *offsets, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        uint64_t number;
        memcpy(&number, (const char *)facts + offsets[i], sizeof(number));
        wire_number(wire, number);
    }
}

static void numbers_get(struct cursor *cursor, void *facts, const size_t *offsets, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        uint64_t number = cursor_number(cursor);
        memcpy((char *)facts + offsets[i], &number, sizeof(number));
    }
}

/* ---- Writing -------------------------------------------------------------------------------------- */

uint32_t run_count(const struct profile *profile)
{
    return profile->nr_runs > 0 ? profile->nr_runs : 1;
}

static void thread_put(struct wire *wire, const struct profile_thread *thread)
{
    wire_number(wire, thread->pid);
    wire_number(wire, thread->tid);
    wire_text(wire, thread->name);
    numbers_put(wire, thread, thread_numbers, NR(thread_numbers));
}

void run_put(struct wire *wire, const struct profile *profile, uint32_t run, uint32_t *thread)
{
    const struct profile_facts *facts = profile->nr_runs > 0 ? &profile->runs[run] : &profile->facts;
    uint32_t end = *thread;
    while (end < profile->nr_threads && (profile->nr_runs == 0 || profile->threads[end].trace == run))
        end++;
    for (unsigned shift = 64; shift > 0; shift -= 8)
        wire_bytes(wire, &(uint8_t){(uint8_t)(facts->realtime_ns >> (shift - 8))}, 1);
    wire_text(wire, facts->source);
    wire_text(wire, facts->command);
    wire_text(wire, facts->host);
    wire_text(wire, facts->unit);
    wire_number(wire, (facts->complete ? FLAG_COMPLETE : 0) | (facts->has_calls ? FLAG_HAS_CALLS : 0) |
                          (facts->is_corrected ? FLAG_CORRECTED : 0));
    wire_number(wire, facts->nr_processes);
    wire_number(wire, facts->max_depth);
    numbers_put(wire, facts, facts_numbers, NR(facts_numbers));
    wire_number(wire, end - *thread);
    for (; *thread < end; ++*thread)
        thread_put(wire, &profile->threads[*thread]);
}

/* ---- Reading -------------------------------------------------------------------------------------- */

static void thread_get(struct cursor *cursor, struct profile *profile)
{
    struct profile_thread *thread = &profile->threads[profile->nr_threads++];
    *thread = (struct profile_thread){.trace = profile->nr_runs - 1};
    thread->pid = (uint32_t)cursor_number_to(cursor, UINT32_MAX);
    thread->tid = (uint32_t)cursor_number_to(cursor, UINT32_MAX);
    thread->name = cursor_text(cursor, &profile->arena);
    numbers_get(cursor, thread, thread_numbers, NR(thread_numbers));
}

void run_get(struct cursor *cursor, struct profile *profile, uint32_t nr_threads_max)
{
    struct profile_facts *facts = &profile->runs[profile->nr_runs++];
    *facts = (struct profile_facts){.nr_traces = 1};
    const uint8_t *realtime = cursor_bytes(cursor, sizeof(facts->realtime_ns));
    for (size_t i = 0; realtime != NULL && i < sizeof(facts->realtime_ns); i++)
        facts->realtime_ns = facts->realtime_ns << 8 | realtime[i];
    facts->source = cursor_text(cursor, &profile->arena);
    facts->command = cursor_text(cursor, &profile->arena);
    facts->host = cursor_text(cursor, &profile->arena);
    facts->unit = cursor_text(cursor, &profile->arena);
    uint64_t flags = cursor_number_to(cursor, FLAGS);
    facts->complete = (flags & FLAG_COMPLETE) != 0;
    facts->has_calls = (flags & FLAG_HAS_CALLS) != 0;
    facts->is_corrected = (flags & FLAG_CORRECTED) != 0;
    facts->nr_processes = (uint32_t)cursor_number_to(cursor, UINT32_MAX);
    facts->max_depth = (uint32_t)cursor_number_to(cursor, UINT32_MAX);
    numbers_get(cursor, facts, facts_numbers, NR(facts_numbers));
    facts->nr_threads = cursor_count(cursor, RUN_THREAD_BYTES);
    if (facts->nr_threads > nr_threads_max - profile->nr_threads) {
        cursor->failed = true;
        return;
    }
    for (uint32_t i = 0; i < facts->nr_threads; i++)
        thread_get(cursor, profile);
}

/* ---- All together --------------------------------------------------------------------------------- */

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void facts_add(struct profile_facts *to, const struct profile_facts *from)
{
    if (to->realtime_ns == 0)
        to->realtime_ns = from->realtime_ns;
    to->wall_ns = greater(to->wall_ns, from->wall_ns);
    to->clock_step_ps = greater(to->clock_step_ps, from->clock_step_ps);
    to->hook_inside_ps = greater(to->hook_inside_ps, from->hook_inside_ps);
    to->hook_outside_ps = greater(to->hook_outside_ps, from->hook_outside_ps);
    to->max_depth = from->max_depth > to->max_depth ? from->max_depth : to->max_depth;
    to->nr_traces += from->nr_traces;
    to->nr_processes += from->nr_processes;
    to->nr_threads += from->nr_threads;
    to->nr_events += from->nr_events;
    to->nr_calls += from->nr_calls;
    to->open_frames += from->open_frames;
    to->unwound_frames += from->unwound_frames;
    to->inherited_exits += from->inherited_exits;
    to->orphan_exits += from->orphan_exits;
    to->dropped_events += from->dropped_events;
    to->trace_bytes += from->trace_bytes;
    to->complete = to->complete && from->complete;
    to->has_calls = to->has_calls && from->has_calls;
    to->is_corrected = to->is_corrected && from->is_corrected;
}

#define SOURCES_NAMED 3u

/* "a.zst b.zst c.zst and 9,997 others" */
static const char *sources_join(struct profile *profile)
{
    uint32_t nr_named = profile->nr_runs < SOURCES_NAMED ? profile->nr_runs : SOURCES_NAMED;
    uint32_t nr_others = profile->nr_runs - nr_named;
    char others[NUMBER_BYTES + 16] = "", number[NUMBER_BYTES];
    if (nr_others > 0)
        (void)snprintf(others, sizeof(others), "and %s other%s", number_grouped(number, nr_others),
                       nr_others > 1 ? "s" : "");
    size_t bytes = strlen(others) + 1, used = 0;
    for (uint32_t i = 0; i < nr_named; i++)
        bytes += strlen(profile->runs[i].source) + 1;
    char *joined = arena_alloc(&profile->arena, bytes);
    for (uint32_t i = 0; joined != NULL && i < nr_named; i++)
        used += (size_t)sprintf(joined + used, "%s%s", i > 0 ? " " : "", profile->runs[i].source);
    if (joined != NULL && nr_others > 0)
        (void)sprintf(joined + used, " %s", others);
    return joined;
}

int run_sum(struct profile *profile)
{
    struct profile_facts *facts = &profile->facts;
    *facts = profile->runs[0];
    for (uint32_t i = 1; i < profile->nr_runs; i++)
        facts_add(facts, &profile->runs[i]);
    facts->source = sources_join(profile);
    return facts->source == NULL ? -1 : 0;
}
