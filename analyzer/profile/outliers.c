/*
 * Two replays: the first for the durations of the calls, the second, which knows then what is slow,
 * for what they do.
 */
#include "profile/outliers.h"

#include "profile/replay.h"

#include <stdlib.h>
#include <string.h>

#define CALLS_MIN     8u
#define PERMILLE_SLOW 990u
#define PERMILLE_LOW  250u
#define PERMILLE_HIGH 750u
#define PATHS_MAX     (1u << 22)

/* A frame below the function, or the function's own. */
struct frame {
    uint32_t node;
    uint64_t callees_ticks;
    uint64_t stalled_before; /* what the thread had waited for the tracer when it was entered */
};

/* What a call does is kept here until it returns: only then it is known whether it was slow. */
struct tracker {
    struct frame *frames;
    size_t capacity;
    uint32_t depth; /* 0: outside */
    uint32_t outer; /* frames around the call */
    uint64_t stalled_ticks;
    uint32_t *touched; /* nodes with something in `sums` */
    size_t nr_touched, touched_capacity;

    struct sum {
        uint64_t calls, exclusive_ticks;
    } * sums; /* by node */

    uint32_t nr_sums;
};

struct seeker {
    struct outliers *outliers;
    struct replay *replay;
    const struct outliers_request *request;
    struct calltree tree;

    struct side_sums {
        struct sum slow, typical;
    } * sides; /* by node of the tree */

    uint32_t nr_sides;
    struct tracker *trackers; /* by thread */
    struct histogram_set durations;
    bool is_counting; /* the first time: durations alone */
    struct err *err;
};

static int no_memory(struct seeker *seeker)
{
    return err_set(seeker->err, ERR_INPUT, "out of memory");
}

static bool is_wanted(const struct seeker *seeker, uint32_t function)
{
    return function < seeker->request->nr_wanted && seeker->request->wanted[function];
}

/* ---- While a call lasts ------------------------------------------------------------------------- */

static int frame_push(struct seeker *seeker, struct tracker *tracker, uint32_t function)
{
    uint32_t parent = tracker->depth > 0 ? tracker->frames[tracker->depth - 1].node : CALLTREE_ROOT;
    struct frame *frames = array_grow(tracker->frames, tracker->depth, &tracker->capacity, sizeof(*frames));
    if (!frames)
        return no_memory(seeker);
    tracker->frames = frames;
    uint32_t node = CALLTREE_ROOT;
    if (!seeker->is_counting) {
        node = calltree_child(&seeker->tree, parent, function, seeker->err);
        if (node == UINT32_MAX)
            return -1;
        if (node >= PATHS_MAX)
            return err_set(seeker->err, ERR_INPUT, "more than %u call paths below the function", PATHS_MAX);
    }
    frames[tracker->depth++] = (struct frame){.node = node, .stalled_before = tracker->stalled_ticks};
    return 0;
}

/* Room for the sums of all nodes there are. */
static int sums_reserve(struct seeker *seeker, struct tracker *tracker)
{
    uint32_t nr = seeker->tree.nr_nodes;
    if (nr <= tracker->nr_sums)
        return 0;
    nr += nr / 2;
    struct sum *sums = realloc(tracker->sums, nr * sizeof(*sums));
    if (!sums)
        return no_memory(seeker);
    memset(sums + tracker->nr_sums, 0, (nr - tracker->nr_sums) * sizeof(*sums));
    tracker->sums = sums;
    tracker->nr_sums = nr;
    return 0;
}

static int frame_count(struct seeker *seeker, struct tracker *tracker, const struct frame *frame, uint64_t ticks)
{
    if (sums_reserve(seeker, tracker) != 0)
        return -1;
    struct sum *sum = &tracker->sums[frame->node];
    if (sum->calls == 0) {
        uint32_t *touched =
            array_grow(tracker->touched, tracker->nr_touched, &tracker->touched_capacity, sizeof(*touched));
        if (!touched)
            return no_memory(seeker);
        tracker->touched = touched;
        touched[tracker->nr_touched++] = frame->node;
    }
    sum->calls++;
    sum->exclusive_ticks += ticks > frame->callees_ticks ? ticks - frame->callees_ticks : 0;
    return 0;
}

/* ---- When it has returned ----------------------------------------------------------------------- */

static int sides_reserve(struct seeker *seeker)
{
    uint32_t nr = seeker->tree.nr_nodes;
    if (nr <= seeker->nr_sides)
        return 0;
    nr += nr / 2;
    struct side_sums *sides = realloc(seeker->sides, nr * sizeof(*sides));
    if (!sides)
        return no_memory(seeker);
    memset(sides + seeker->nr_sides, 0, (nr - seeker->nr_sides) * sizeof(*sides));
    seeker->sides = sides;
    seeker->nr_sides = nr;
    return 0;
}

/* Of calls that take equally long the earlier one comes first, whichever was seen first. */
static bool is_slower(const struct outlier_call *call, const struct outlier_call *other)
{
    return call->duration_ns != other->duration_ns ? call->duration_ns > other->duration_ns
                                                   : call->start_ns < other->start_ns;
}

/* A place in the list of the slowest, if the call belongs there. */
static void slowest_take(struct outliers *outliers, uint32_t most, const struct outlier_call *call)
{
    uint32_t at = outliers->nr_slowest;
    if (at == most && (most == 0 || !is_slower(call, &outliers->slowest[at - 1])))
        return;
    at = at == most ? at - 1 : at;
    for (; at > 0 && is_slower(call, &outliers->slowest[at - 1]); at--)
        outliers->slowest[at] = outliers->slowest[at - 1];
    outliers->slowest[at] = *call;
    outliers->nr_slowest += outliers->nr_slowest < most;
}

static int call_judge(struct seeker *seeker, struct tracker *tracker, const struct replay_call *call, uint64_t ticks,
                      bool is_whole)
{
    struct outliers *outliers = seeker->outliers;
    const struct trace *trace = seeker->replay->trace;
    const struct clock *clock = &trace->clock;
    uint64_t duration_ns = clock_duration_ns(clock, ticks);
    bool slow = is_whole && duration_ns >= outliers->slow_ns;
    bool typical =
        is_whole && duration_ns >= outliers->typical_low_ns && duration_ns <= outliers->typical_high_ns && !slow;
    if (sides_reserve(seeker) != 0)
        return -1;
    for (size_t i = 0; i < tracker->nr_touched; i++) {
        uint32_t node = tracker->touched[i];
        struct sum *to = slow ? &seeker->sides[node].slow : &seeker->sides[node].typical;
        if (slow || typical) {
            to->calls += tracker->sums[node].calls;
            to->exclusive_ticks += tracker->sums[node].exclusive_ticks;
        }
        tracker->sums[node] = (struct sum){0};
    }
    tracker->nr_touched = 0;
    outliers->nr_slow += slow;
    outliers->nr_typical += typical;
    const struct trace_process *process = trace_process_find(trace, seeker->replay->threads[call->thread].process);
    if (is_whole)
        slowest_take(outliers, seeker->request->nr_slowest,
                     &(struct outlier_call){.pid = process ? process->pid : 0,
                                            .tid = trace->threads[call->thread].tid,
                                            .depth = call->depth,
                                            .function = call->function,
                                            .start_ns = clock_ns(clock, call->start_ticks),
                                            .duration_ns = duration_ns,
                                            .is_unwound = (call->flags & REPLAY_UNWOUND) != 0});
    return 0;
}

/* ---- The observer ------------------------------------------------------------------------------- */

static int seek_enter(void *context, const struct replay_call *call)
{
    struct seeker *seeker = context;
    struct tracker *tracker = &seeker->trackers[call->thread];
    if (tracker->depth == 0) {
        if (!is_wanted(seeker, call->function))
            return 0;
        tracker->outer = call->depth;
    }
    return frame_push(seeker, tracker, call->function);
}

static int seek_leave(void *context, const struct replay_call *call)
{
    struct seeker *seeker = context;
    struct tracker *tracker = &seeker->trackers[call->thread];
    if (tracker->depth == 0 || call->depth < tracker->outer)
        return 0;
    struct frame *frame = &tracker->frames[--tracker->depth];
    uint64_t stalled = tracker->stalled_ticks - frame->stalled_before, ticks = call->end_ticks - call->start_ticks;
    ticks -= stalled < ticks ? stalled : ticks;
    bool is_whole = !(call->flags & (REPLAY_OPEN | REPLAY_EARLIER | REPLAY_INHERITED));
    if (seeker->is_counting) {
        if (tracker->depth == 0 && is_whole)
            histogram_set_add(&seeker->durations, 0, clock_duration_ns(&seeker->replay->trace->clock, ticks), 1);
        return 0;
    }
    if (frame_count(seeker, tracker, frame, ticks) != 0)
        return -1;
    if (tracker->depth > 0)
        tracker->frames[tracker->depth - 1].callees_ticks += ticks;
    else
        return call_judge(seeker, tracker, call, ticks, is_whole);
    return 0;
}

static int seek_note(void *context, uint32_t thread, uint64_t ticks, const struct chunk_ext *ext)
{
    struct seeker *seeker = context;
    (void)ticks;
    if (ext->kind == TF_EXT_STALL)
        seeker->trackers[thread].stalled_ticks += ext->number;
    return 0;
}

/* ---- What is slow ------------------------------------------------------------------------------- */

struct counts {
    struct histogram_count *list;
    uint32_t nr;
};

static void count_take(void *context, uint32_t bucket, uint64_t calls)
{
    struct counts *counts = context;
    counts->list[counts->nr++] = (struct histogram_count){bucket, calls};
}

/* The bucket of the call with that many others above it. */
static uint32_t bucket_from_top(const struct histogram *durations, uint64_t nr)
{
    uint64_t calls = 0;
    for (uint32_t i = durations->nr; i-- > 0;) {
        calls += durations->counts[i].calls;
        if (calls >= nr)
            return durations->counts[i].bucket;
    }
    return durations->counts[0].bucket;
}

static int limits_set(struct seeker *seeker)
{
    struct histogram_count list[HISTOGRAM_BUCKETS];
    struct outliers *outliers = seeker->outliers;
    struct counts counts = {.list = list};
    histogram_set_each(&seeker->durations, 0, count_take, &counts);
    struct histogram durations = {counts.list, counts.nr};
    outliers->nr_calls = histogram_calls(&durations);
    if (outliers->nr_calls < CALLS_MIN)
        return err_set(seeker->err, ERR_USAGE, "%llu whole calls are too few to tell slow ones from typical ones",
                       (unsigned long long)outliers->nr_calls);
    /* At least one call is slow, however few there are. */
    uint64_t wanted = outliers->nr_calls * (1000 - PERMILLE_SLOW) / 1000;
    wanted = seeker->request->by_number ? seeker->request->nr_slowest : wanted;
    outliers->slow_ns = histogram_least(bucket_from_top(&durations, wanted > 0 ? wanted : 1));
    outliers->typical_low_ns = histogram_least(histogram_bucket(histogram_quantile(&durations, PERMILLE_LOW)));
    outliers->typical_high_ns = histogram_greatest(histogram_bucket(histogram_quantile(&durations, PERMILLE_HIGH)));
    if (outliers->slow_ns <= outliers->typical_high_ns)
        return err_set(seeker->err, ERR_USAGE, "its slow calls take as long as its typical ones: nothing stands out");
    return 0;
}

/* ---- The result --------------------------------------------------------------------------------- */

static struct outlier_side side_of(const struct seeker *seeker, const struct sum *sum)
{
    uint64_t ns = clock_duration_ns(&seeker->replay->trace->clock, sum->exclusive_ticks);
    return (struct outlier_side){.calls = sum->calls, .exclusive_ns = ns, .inclusive_ns = ns};
}

static int nodes_make(struct seeker *seeker)
{
    struct outliers *outliers = seeker->outliers;
    uint32_t nr = seeker->tree.nr_nodes;
    outliers->nodes = calloc(nr, sizeof(*outliers->nodes));
    if (!outliers->nodes || sides_reserve(seeker) != 0)
        return no_memory(seeker);
    outliers->nr_nodes = nr;
    for (uint32_t i = 1; i < nr; i++) {
        uint32_t parent = seeker->tree.nodes[i].parent;
        outliers->nodes[i] = (struct outlier_node){.parent = parent,
                                                   .function = seeker->tree.nodes[i].function,
                                                   .depth = outliers->nodes[parent].depth + 1,
                                                   .slow = side_of(seeker, &seeker->sides[i].slow),
                                                   .typical = side_of(seeker, &seeker->sides[i].typical)};
    }
    for (uint32_t i = nr - 1; i > 0; i--) {
        struct outlier_node *parent = &outliers->nodes[outliers->nodes[i].parent];
        parent->slow.inclusive_ns += outliers->nodes[i].slow.inclusive_ns;
        parent->typical.inclusive_ns += outliers->nodes[i].typical.inclusive_ns;
    }
    return 0;
}

static void trackers_release(struct seeker *seeker)
{
    for (uint32_t i = 0; seeker->trackers && i < seeker->replay->trace->nr_threads; i++) {
        free(seeker->trackers[i].frames);
        free(seeker->trackers[i].touched);
        free(seeker->trackers[i].sums);
    }
    free(seeker->trackers);
    seeker->trackers = NULL;
}

static int seek(struct seeker *seeker, bool is_counting)
{
    const struct replay_observer observer = {
        .context = seeker, .enter = seek_enter, .leave = seek_leave, .note = seek_note};
    seeker->is_counting = is_counting;
    seeker->trackers = calloc((size_t)seeker->replay->trace->nr_threads + 1, sizeof(*seeker->trackers));
    int result = seeker->trackers ? replay_walk(seeker->replay, &observer, seeker->err) : no_memory(seeker);
    trackers_release(seeker);
    return result != 0 || seeker->err->code != ERR_NONE ? -1 : 0;
}

int outliers_find(struct outliers *outliers, struct replay *replay, const struct outliers_request *request,
                  struct err *err)
{
    struct seeker seeker = {.outliers = outliers, .replay = replay, .request = request, .err = err};
    *outliers = (struct outliers){.slowest = calloc((size_t)request->nr_slowest + 1, sizeof(*outliers->slowest))};
    int result = -1;
    if (!outliers->slowest || histogram_set_reserve(&seeker.durations, 1) != 0)
        no_memory(&seeker);
    else if (calltree_init(&seeker.tree, err) == 0 && seek(&seeker, true) == 0 && limits_set(&seeker) == 0 &&
             seek(&seeker, false) == 0)
        result = nodes_make(&seeker);
    free(seeker.sides);
    calltree_release(&seeker.tree);
    histogram_set_release(&seeker.durations);
    if (result != 0)
        outliers_release(outliers);
    return result;
}

void outliers_release(struct outliers *outliers)
{
    free(outliers->nodes);
    free(outliers->slowest);
    *outliers = (struct outliers){0};
}
