/*
 * What the tracer itself has cost is taken out of the times.
 *
 * A call costs its function the `inside` of a pair of hooks and its caller the `outside`; waiting for room in a ring
 * costs the function that waited. Each node's own time is corrected by itself, and inclusive times are made of the
 * corrected own times (profile_finish()): so a function is rid of what its descendants cost, inclusive = exclusive +
 * callees stays true to the ns, and nothing falls below zero.
 *
 * No correction of this kind is exact. The processor does the hooks' work and the program's at once, so that what a
 * hook adds depends on what stands beside it, and a function of a few ns leaves no trace in the times at all. It does
 * where hooks wait for the program and the program for them (fenced.h): there everything takes too long, but long
 * things longer than short ones. So what hooks cost elsewhere is what, beside that, explains the times there best; and
 * the time that is left of nodes with short gaps is shared out anew among them, in proportion to what they have in
 * fenced chunks.
 *
 * Every node still has its doubt: for each stretch between two events, once the inside of a pair of hooks less, twice
 * as much more (the clock can be read before the work is done); and 10 %, by which builds differ anyhow. Of time that
 * was shared out anew it is half of it less, or three quarters more, and 0.15 of that inside, either way. Where the
 * cost is not known, nothing is taken out, and the doubt is that of slow hooks. tests/bench/truth compares the whole
 * with runs that nobody traced.
 */
#ifndef COMPENSATE_H
#define COMPENSATE_H

#include "profile/calltree.h"
#include "profile/fenced.h"
#include "trace/reader.h"

/*
 * A pair of hooks, in ns: around a function that does nothing, which no program has; around one that does next to
 * nothing, a part of which is hidden behind the hooks; and around one that works for longer.
 */
struct hook_cost {
    bool is_known;
    double idle_inside;
    double short_inside, short_outside;
    double long_inside, long_outside;
};

/* What the trace says of it. */
struct hook_cost hook_cost_of(const struct trace *trace);

/*
 * Set correction, below and above of every node of a replayed tree, whose times are ns, as those of `fenced` are. A
 * program with many tiny functions shows what hooks cost at least while it ran, caches and all: then `cost` becomes
 * that. 0 or -1.
 */
int compensate(struct calltree *tree, const struct fenced *fenced, struct hook_cost *cost, struct err *err);

#endif
