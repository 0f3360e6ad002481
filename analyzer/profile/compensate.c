#include "profile/compensate.h"

#include "profile/least_squares.h"

#include <stdlib.h>

/* ---- What hooks cost ------------------------------------------------------------------------------ */

#define IDLE_NS  0.5  /* a function that long does nothing */
#define SHORT_NS 4.0  /* one that long, next to nothing */
#define LONG_NS  40.0 /* a function that long does not end before the hook that it was entered by */

static int number_compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The middle one of the costs of functions of these lengths: one that was disturbed does not count. */
static bool cost_median(const struct trace *trace, double least_ns, double most_ns, bool outside, double *cost_ns)
{
    double found[TRACE_HOOK_COSTS_MAX];
    size_t nr = 0;
    double unit_ns =
        (double)clock_duration_ns(&trace->clock, UINT64_C(1) << 30) / (double)(UINT64_C(1) << 30) / TF_HOOK_TICK;
    for (uint32_t i = 0; i < trace->nr_hook_costs; i++) {
        const struct trace_hook_cost *cost = &trace->hook_costs[i];
        double length_ns = (double)cost->length * unit_ns;
        if (length_ns >= least_ns && length_ns <= most_ns)
            found[nr++] = (double)(outside ? cost->outside : cost->inside) * unit_ns;
    }
    if (nr == 0)
        return false;
    qsort(found, nr, sizeof(*found), number_compare);
    double middle = (found[nr / 2] + found[(nr - 1) / 2]) / 2;
    *cost_ns = middle > 0 ? middle : 0;
    return true;
}

struct hook_cost hook_cost_of(const struct trace *trace)
{
    struct hook_cost cost = {0};
    cost.is_known = cost_median(trace, 0, IDLE_NS, false, &cost.idle_inside) &&
                    cost_median(trace, IDLE_NS, SHORT_NS, false, &cost.short_inside) &&
                    cost_median(trace, IDLE_NS, SHORT_NS, true, &cost.short_outside) &&
                    cost_median(trace, LONG_NS, 1e9, false, &cost.long_inside) &&
                    cost_median(trace, LONG_NS, 1e9, true, &cost.long_outside);
    return cost;
}

/* ---- What a node has paid ------------------------------------------------------------------------- */

/* What the children of a node add up to. */
struct children {
    uint64_t inclusive, calls;
    double outside; /* what their hooks have cost the node */
};

/*
 * Of a function: what its nodes have paid beyond their time, which is then taken from what others of its nodes have
 * left. A node with few calls shows less than its hooks cost as often as more; and where recursion is folded, the
 * caller that paid is not always the node's parent, but of the same function.
 */
struct debt {
    double owed, left;
};

/* What half a pair of fenced hooks costs. */
struct fenced_cost {
    bool is_known;
    double inside, outside;
};

struct compensation {
    struct calltree *tree;
    const struct fenced *fenced;
    struct children *children;
    struct debt *debts; /* by function */
    uint32_t nr_functions;
    double *shared; /* how much of what is left of a node was shared out anew, 0 to 1; NULL: of no node anything */
    struct hook_cost cost;
    struct fenced_cost fenced_cost;
};

/* No run lasts longer (146 years): what does is left alone. */
#define RUN_NS_MAX (UINT64_C(1) << 62)

static int children_sum(struct compensation *c, struct err *err)
{
    c->children = calloc(c->tree->nr_nodes, sizeof(*c->children));
    if (c->children == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = c->tree->nr_nodes - 1; i > 0; i--) {
        const struct calltree_node *node = &c->tree->nodes[i];
        struct children *siblings = &c->children[node->parent];
        siblings->inclusive += node->inclusive;
        siblings->calls += node->calls;
    }
    return 0;
}

static uint64_t own_ns(const struct compensation *c, uint32_t node)
{
    uint64_t inclusive = c->tree->nodes[node].inclusive, inside = c->children[node].inclusive;
    return inclusive > inside ? inclusive - inside : 0;
}

static uint64_t time_clamped(double ns)
{
    return ns < (double)RUN_NS_MAX ? (uint64_t)ns : RUN_NS_MAX;
}

static struct fenced_sum fenced_sum_of(const struct compensation *c, uint32_t node)
{
    return node < c->fenced->nr ? c->fenced->sums[node] : (struct fenced_sum){0};
}

/* By how much more than others the fenced hooks have cost a node. */
static uint64_t fenced_excess(const struct compensation *c, uint32_t node)
{
    const struct fenced_sum sum = fenced_sum_of(c, node);
    double excess = sum.own * (c->fenced_cost.inside - c->cost.short_inside / 2) +
                    sum.callees * (c->fenced_cost.outside - c->cost.short_outside / 2);
    return c->fenced_cost.is_known && excess > 0 ? time_clamped(excess) : 0;
}

/* Its own time without that, and without the time that it waited for room in a ring. */
static uint64_t busy_ns(const struct compensation *c, uint32_t node)
{
    uint64_t own = own_ns(c, node), not_busy = c->tree->nodes[node].stalled, excess = fenced_excess(c, node);
    not_busy = not_busy > UINT64_MAX - excess ? UINT64_MAX : not_busy + excess;
    return own > not_busy ? own - not_busy : 0;
}

/* Of so many stretches between an event and the next is a node's own time made. */
static uint64_t stretches(const struct compensation *c, uint32_t node)
{
    return c->tree->nodes[node].calls + c->children[node].calls;
}

/* 1 when the hooks are all that can be seen of stretches of that length, and less the less they matter. */
static double shortness(const struct hook_cost *cost, double stretch_ns)
{
    double seen = stretch_ns / (1.5 * cost->short_inside);
    return seen <= 1 ? 1 : 1 / (seen * seen);
}

static double between(double long_ns, double short_ns, double how_short)
{
    return long_ns + (short_ns - long_ns) * how_short;
}

#define ANYHOW_SHARE 10   /* 10 % */
#define UNKNOWN_NS   50.0 /* few hooks cost more inside */
#define SHARED_NS    0.15 /* times the inside of hooks: as far off are gaps whose time fenced chunks share out */

/* Take from a node what it has paid, as far as it goes. */
static void node_charge(struct compensation *c, uint32_t number)
{
    struct calltree_node *node = &c->tree->nodes[number];
    struct debt *debt = &c->debts[node->function];
    const struct hook_cost *cost = &c->cost;
    uint64_t own = own_ns(c, number), busy = busy_ns(c, number), nr = stretches(c, number);
    double paid = 0;
    if (own > RUN_NS_MAX)
        return;
    if (cost->is_known && nr > 0) {
        double how_short = shortness(cost, (double)busy / (double)nr), calls = (double)node->calls;
        paid = calls * between(cost->long_inside, cost->short_inside, how_short) + c->children[number].outside;
        c->children[node->parent].outside += calls * between(cost->long_outside, cost->short_outside, how_short);
    }
    uint64_t left = (double)busy > paid ? busy - (uint64_t)paid : 0;
    debt->owed += paid > (double)busy ? paid - (double)busy : 0;
    debt->left += (double)left;
    node->correction = (int64_t)left - (int64_t)own;
}

/* What is left of a node's own time. */
static uint64_t left_ns(const struct compensation *c, uint32_t number)
{
    return own_ns(c, number) + (uint64_t)c->tree->nodes[number].correction;
}

/* Let a node pay its part of what other nodes of its function owe. */
static void node_settle(const struct compensation *c, uint32_t number)
{
    struct calltree_node *node = &c->tree->nodes[number];
    const struct debt *debt = &c->debts[node->function];
    uint64_t left = left_ns(c, number);
    if (own_ns(c, number) <= RUN_NS_MAX)
        node->correction -=
            (int64_t)(debt->owed < debt->left ? (uint64_t)((double)left * (debt->owed / debt->left)) : left);
}

/* Say how sure what is left of a node is. */
static void node_doubt(const struct compensation *c, uint32_t number)
{
    struct calltree_node *node = &c->tree->nodes[number];
    uint64_t left = left_ns(c, number);
    double inside = c->cost.is_known ? c->cost.short_inside : UNKNOWN_NS;
    if (own_ns(c, number) > RUN_NS_MAX)
        return;
    /* Other code for the same function, other places in memory: what builds differ by anyhow. */
    double hooks = (double)stretches(c, number) * inside, anyhow = (double)left / ANYHOW_SHARE;
    double shared = c->shared != NULL ? c->shared[number] : 0, unsure = hooks * SHARED_NS;
    double below = between(hooks, unsure + (double)left / 2, shared) + anyhow;
    node->above = time_clamped(between(2 * hooks, unsure + (double)left * 3 / 4, shared) + anyhow);
    node->below = time_clamped(below) < left ? time_clamped(below) : left;
}

static int debts_begin(struct compensation *c, struct err *err)
{
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++)
        c->nr_functions =
            c->tree->nodes[i].function < c->nr_functions ? c->nr_functions : c->tree->nodes[i].function + 1;
    c->debts = calloc((size_t)c->nr_functions + 1, sizeof(*c->debts));
    return c->debts == NULL ? err_set(err, ERR_INPUT, "out of memory") : 0;
}

/* ---- What the run itself shows -------------------------------------------------------------------- */

#define CALL_NS        0.8   /* a call and a return, which are their caller's own work: no caller takes less */
#define EVIDENCE_CALLS 1000u /* a node with fewer proves nothing */
#define EVIDENCE_SHARE 0.1   /* of all calls are assumed to be hooks and next to nothing else */
#define EVIDENCE_LEAST 0.5   /* times the cost: with less, somebody else has paid (folded recursion) */
#define EVIDENCE_MOST  2.0   /* times the cost: then there is more than hooks even in the shortest ones */

struct evidence {
    double ratio; /* of the time that calls take to what short ones cost */
    uint64_t calls;
};

static int evidence_compare(const void *a, const void *b)
{
    const struct evidence *e = a, *f = b;
    return (e->ratio > f->ratio) - (e->ratio < f->ratio);
}

/* The ratio of the shortest calls; 0 without any evidence. */
static double evidence_shortest(struct evidence *evidence, size_t nr)
{
    double all = 0, seen = 0;
    for (size_t i = 0; i < nr; i++)
        all += (double)evidence[i].calls;
    qsort(evidence, nr, sizeof(*evidence), evidence_compare);
    for (size_t i = 0; i < nr; i++) {
        seen += (double)evidence[i].calls;
        if (seen >= EVIDENCE_SHARE * all)
            return evidence[i].ratio;
    }
    return 0;
}

/* How many times their calibrated cost the shortest calls of the run take. 1 where nothing can be said. */
static double evidence_weigh(struct evidence *evidence, size_t nr)
{
    double ratio = evidence_shortest(evidence, nr);
    return ratio > 0 && ratio < EVIDENCE_MOST ? ratio : 1;
}

static void evidence_add(struct evidence *evidence, size_t *nr, double paid_ns, uint64_t calls, double cost_ns)
{
    double ratio = paid_ns / ((double)calls * cost_ns);
    if (calls >= EVIDENCE_CALLS && ratio >= EVIDENCE_LEAST)
        evidence[(*nr)++] = (struct evidence){ratio, calls};
}

/* From nodes that call nothing. */
static double inside_weigh(const struct compensation *c, struct evidence *evidence)
{
    size_t nr = 0;
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++) {
        if (c->children[i].calls == 0)
            evidence_add(evidence, &nr, (double)busy_ns(c, i), c->tree->nodes[i].calls, c->cost.idle_inside);
    }
    return evidence_weigh(evidence, nr);
}

/* From nodes that call: what the insides of their own calls leave of their time. */
static double outside_weigh(const struct compensation *c, struct evidence *evidence)
{
    size_t nr = 0;
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++) {
        double paid_ns = (double)busy_ns(c, i) - (double)c->tree->nodes[i].calls * c->cost.short_inside -
                         (double)c->children[i].calls * CALL_NS;
        evidence_add(evidence, &nr, paid_ns, c->children[i].calls, c->cost.short_outside);
    }
    return evidence_weigh(evidence, nr);
}

#define FENCED_ENDS 64u /* a node with fewer ends of gaps in fenced chunks says nothing by itself */

/* What half a pair costs in fenced chunks, where it is mostly the same: what the shortest gaps take. */
static void fenced_cost_find(struct compensation *c, struct evidence *evidence)
{
    struct fenced_cost *cost = &c->fenced_cost;
    size_t nr = 0;
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++) {
        const struct fenced_sum sum = fenced_sum_of(c, i);
        if (sum.callees == 0 && sum.own >= FENCED_ENDS)
            evidence[nr++] = (struct evidence){(double)sum.time / sum.own, sum.own};
    }
    cost->inside = evidence_shortest(evidence, nr);
    nr = 0;
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++) {
        const struct fenced_sum sum = fenced_sum_of(c, i);
        double left = (double)sum.time - sum.own * cost->inside;
        if (sum.callees >= FENCED_ENDS && left > 0)
            evidence[nr++] = (struct evidence){left / sum.callees, sum.callees};
    }
    cost->outside = evidence_shortest(evidence, nr);
    cost->is_known = cost->inside > 0 && cost->outside > 0;
}

/* What the node's gaps take beyond their hooks' cost; less than 0: they owe it. */
static double shown_left(const struct compensation *c, const struct fenced_sum *sum)
{
    return (double)sum->time - sum->own * c->fenced_cost.inside - sum->callees * c->fenced_cost.outside;
}

static double gaps_of(const struct fenced_sum *sum)
{
    return ((double)sum->own + sum->callees) / 2;
}

#define FIT_GAP_NS 10.0 /* of nodes whose gaps take longer behind fences, hooks are not the most */
#define FIT_WORK   2.2  /* ns that a call and a return take between them, at least, which are the program's */
#define FIT_LEAST  0.5  /* times the cost: with less, or … */
#define FIT_MOST   3.0  /* … more, something else than hooks was found */

static bool fit_is_likely(double found, double cost)
{
    return found >= FIT_LEAST * cost && found <= FIT_MOST * cost;
}

/*
 * What a pair costs in the rest of the run: so much inside, so much outside, and a share of what fenced chunks show,
 * which come nearest to the times of all nodes with short gaps, each gap counting alike. False: that cannot be said.
 */
static bool cost_fit(struct compensation *c)
{
    struct hook_cost *cost = &c->cost;
    struct least_squares sums = {0};
    double found[UNKNOWNS];
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++) {
        const struct fenced_sum sum = fenced_sum_of(c, i);
        double nr = (double)stretches(c, i), left = shown_left(c, &sum), shown = left > 0 ? left / gaps_of(&sum) : 0;
        const double x[UNKNOWNS] = {(double)c->tree->nodes[i].calls, (double)c->children[i].calls, nr * shown};
        if (sum.own + sum.callees >= FENCED_ENDS && nr >= EVIDENCE_CALLS && shown < FIT_GAP_NS)
            least_squares_add(&sums, x, (double)busy_ns(c, i), 1 / nr);
    }
    if (!least_squares_solve(&sums, found))
        return false;
    double inside = found[0] - FIT_WORK / 2, outside = found[1] - FIT_WORK / 2;
    if (!fit_is_likely(inside, cost->short_inside) || !fit_is_likely(outside, cost->short_outside))
        return false;
    cost->long_inside += inside - cost->short_inside;
    cost->long_outside += outside - cost->short_outside;
    cost->short_inside = inside;
    cost->short_outside = outside;
    return true;
}

/* Beside the program's own data and with the ring in another processor's cache, hooks cost more than by themselves. */
static int cost_adjust(struct compensation *c, struct err *err)
{
    struct hook_cost *cost = &c->cost;
    struct evidence *evidence = calloc(c->tree->nr_nodes, sizeof(*evidence));
    if (evidence == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    fenced_cost_find(c, evidence);
    if (!c->fenced_cost.is_known || !cost_fit(c)) {
        double more = (inside_weigh(c, evidence) - 1) * cost->short_inside;
        cost->long_inside += more;
        cost->short_inside += more;
        more = (outside_weigh(c, evidence) - 1) * cost->short_outside;
        cost->long_outside += more;
        cost->short_outside += more;
    }
    free(evidence);
    return 0;
}

/* ---- What hooks hide ------------------------------------------------------------------------------ */

/* Of a function, in fenced chunks: what its nodes' gaps take beyond their hooks' cost, and how many they are. */
struct shown {
    struct debt debt;
    double gaps;
};

static void shown_add(const struct compensation *c, struct shown *shown, uint32_t number)
{
    const struct fenced_sum sum = fenced_sum_of(c, number);
    struct shown *function = &shown[c->tree->nodes[number].function];
    double left = shown_left(c, &sum);
    function->gaps += gaps_of(&sum);
    function->debt.left += left > 0 ? left : 0;
    function->debt.owed += left < 0 ? -left : 0;
}

/* What a gap of the node takes as fenced chunks show it, in the mean; of its function, where there are few of the node
 * itself. -1: nobody knows. */
static double gap_shown(const struct compensation *c, const struct shown *shown, uint32_t number)
{
    const struct fenced_sum sum = fenced_sum_of(c, number);
    const struct shown *function = &shown[c->tree->nodes[number].function];
    double paid = function->debt.owed < function->debt.left ? function->debt.owed / function->debt.left : 1;
    double left = function->debt.left, gaps = function->gaps;
    if (gaps * 2 < FENCED_ENDS)
        return -1;
    if (sum.own + sum.callees >= FENCED_ENDS) {
        left = shown_left(c, &sum);
        gaps = gaps_of(&sum);
    }
    return left > 0 ? left * (1 - paid) / gaps : 0;
}

/* How much of what is left of a node is to be shared out anew: gaps that are longer than hooks hide nothing. */
static double shared_part(const struct compensation *c, uint32_t number)
{
    uint64_t nr = stretches(c, number);
    return own_ns(c, number) > RUN_NS_MAX || nr == 0 ? 0 : shortness(&c->cost, (double)busy_ns(c, number) / (double)nr);
}

/* Share the time of nodes with short gaps out anew among them. */
static int hidden_share(struct compensation *c, struct err *err)
{
    double all_left = 0, all_shown = 0;
    struct shown *shown = calloc((size_t)c->nr_functions + 1, sizeof(*shown));
    c->shared = calloc(c->tree->nr_nodes, sizeof(*c->shared));
    if (shown == NULL || c->shared == NULL) {
        free(shown);
        return err_set(err, ERR_INPUT, "out of memory");
    }
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++)
        shown_add(c, shown, i);
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++) {
        double gap = gap_shown(c, shown, i);
        c->shared[i] = gap < 0 ? 0 : shared_part(c, i);
        all_left += c->shared[i] * (double)left_ns(c, i);
        all_shown += c->shared[i] * gap * (double)stretches(c, i);
    }
    for (uint32_t i = 1; i < c->tree->nr_nodes && all_shown > 0; i++) {
        double share = gap_shown(c, shown, i) * (double)stretches(c, i) / all_shown * all_left;
        if (c->shared[i] > 0)
            c->tree->nodes[i].correction =
                (int64_t)time_clamped(between((double)left_ns(c, i), share, c->shared[i])) - (int64_t)own_ns(c, i);
    }
    free(shown);
    return 0;
}

/* ---- The whole ------------------------------------------------------------------------------------ */

int compensate(struct calltree *tree, const struct fenced *fenced, struct hook_cost *cost, struct err *err)
{
    struct compensation c = {.tree = tree, .fenced = fenced, .cost = *cost};
    int result = children_sum(&c, err) == 0 ? debts_begin(&c, err) : -1;
    if (result == 0 && cost->is_known)
        result = cost_adjust(&c, err);
    for (uint32_t i = tree->nr_nodes - 1; i > 0 && result == 0; i--)
        node_charge(&c, i);
    for (uint32_t i = 1; i < tree->nr_nodes && result == 0; i++)
        node_settle(&c, i);
    if (result == 0 && c.fenced_cost.is_known)
        result = hidden_share(&c, err);
    for (uint32_t i = 1; i < tree->nr_nodes && result == 0; i++)
        node_doubt(&c, i);
    *cost = c.cost;
    free(c.children);
    free(c.debts);
    free(c.shared);
    return result;
}
