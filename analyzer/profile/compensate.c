#include "profile/compensate.h"

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

struct compensation {
    struct calltree *tree;
    struct children *children;
    struct debt *debts; /* by function */
    struct hook_cost cost;
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

/* The same without the time that it waited for room in a ring. */
static uint64_t busy_ns(const struct compensation *c, uint32_t node)
{
    uint64_t own = own_ns(c, node), stalled = c->tree->nodes[node].stalled;
    return own > stalled ? own - stalled : 0;
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

static uint64_t time_clamped(double ns)
{
    return ns < (double)RUN_NS_MAX ? (uint64_t)ns : RUN_NS_MAX;
}

#define ANYHOW_SHARE 10   /* 10 % */
#define UNKNOWN_NS   50.0 /* few hooks cost more inside */

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

/* Let a node pay its part of what other nodes of its function owe, and say how sure what is left of it is. */
static void node_settle(const struct compensation *c, uint32_t number)
{
    struct calltree_node *node = &c->tree->nodes[number];
    const struct debt *debt = &c->debts[node->function];
    uint64_t own = own_ns(c, number);
    if (own > RUN_NS_MAX)
        return;
    uint64_t left = own - (uint64_t)-node->correction;
    double inside = c->cost.is_known ? c->cost.short_inside : UNKNOWN_NS;
    left -= debt->owed < debt->left ? (uint64_t)((double)left * (debt->owed / debt->left)) : left;
    node->correction = (int64_t)left - (int64_t)own;
    /* Other code for the same function, other places in memory: what builds differ by anyhow. */
    double doubt = (double)stretches(c, number) * inside, anyhow = (double)left / ANYHOW_SHARE;
    node->above = time_clamped(2 * doubt + anyhow);
    node->below = time_clamped(doubt + anyhow) < left ? time_clamped(doubt + anyhow) : left;
}

static int debts_begin(struct compensation *c, struct err *err)
{
    uint32_t nr = 0;
    for (uint32_t i = 1; i < c->tree->nr_nodes; i++)
        nr = c->tree->nodes[i].function < nr ? nr : c->tree->nodes[i].function + 1;
    c->debts = calloc((size_t)nr + 1, sizeof(*c->debts));
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

/* How many times their calibrated cost the shortest calls of the run take. 1 where nothing can be said. */
static double evidence_weigh(struct evidence *evidence, size_t nr)
{
    double all = 0, seen = 0;
    for (size_t i = 0; i < nr; i++)
        all += (double)evidence[i].calls;
    qsort(evidence, nr, sizeof(*evidence), evidence_compare);
    for (size_t i = 0; i < nr; i++) {
        seen += (double)evidence[i].calls;
        if (seen >= EVIDENCE_SHARE * all)
            return evidence[i].ratio < EVIDENCE_MOST ? evidence[i].ratio : 1;
    }
    return 1;
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

/* Beside the program's own data and with the ring in another processor's cache, hooks cost more than by themselves. */
static int cost_adjust(struct compensation *c, struct err *err)
{
    struct hook_cost *cost = &c->cost;
    struct evidence *evidence = calloc(c->tree->nr_nodes, sizeof(*evidence));
    if (evidence == NULL)
        return err_set(err, ERR_INPUT, "out of memory");
    double more = (inside_weigh(c, evidence) - 1) * cost->short_inside;
    cost->long_inside += more;
    cost->short_inside += more;
    more = (outside_weigh(c, evidence) - 1) * cost->short_outside;
    cost->long_outside += more;
    cost->short_outside += more;
    free(evidence);
    return 0;
}

int compensate(struct calltree *tree, struct hook_cost *cost, struct err *err)
{
    struct compensation c = {.tree = tree, .cost = *cost};
    int result = children_sum(&c, err) == 0 ? debts_begin(&c, err) : -1;
    if (result == 0 && cost->is_known)
        result = cost_adjust(&c, err);
    for (uint32_t i = tree->nr_nodes - 1; i > 0 && result == 0; i--)
        node_charge(&c, i);
    for (uint32_t i = 1; i < tree->nr_nodes && result == 0; i++)
        node_settle(&c, i);
    *cost = c.cost;
    free(c.children);
    free(c.debts);
    return result;
}
