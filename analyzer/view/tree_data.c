#include "view/tree_data.h"

#include "base/columns.h"
#include "base/escape.h"
#include "view/palette.h"

#include <inttypes.h>

unsigned name_color(const char *name, const struct view_options *options)
{
    return options->palette != NULL ? palette_color(options->palette, name) : color_of(name);
}

/* ---- What is left out --------------------------------------------------------------------------- */

static bool is_left_out(const struct profile *profile, const struct tree_cut *cut, uint32_t node)
{
    return node != 0 && profile->nodes[node].inclusive_ns < cut->least_ns;
}

struct tree_cut tree_cut_count(const struct profile *profile, uint64_t least_ns)
{
    struct tree_cut cut = {.least_ns = least_ns};
    for (uint32_t i = 1; i < profile->nr_nodes; i++) {
        if (!is_left_out(profile, &cut, i))
            continue;
        cut.nr_left_out++;
        if (!is_left_out(profile, &cut, profile->nodes[i].parent))
            cut.left_out_ns += profile->nodes[i].inclusive_ns;
    }
    return cut;
}

struct tree_cut tree_cut_choose(const struct profile *profile, double percent, uint32_t nr_max)
{
    uint64_t whole = profile->nodes[0].inclusive_ns;
    double share = percent > 0 ? (double)whole * percent / 100 : 0;
    uint64_t least_ns = (uint64_t)share + ((double)(uint64_t)share < share);
    struct tree_cut cut = tree_cut_count(profile, least_ns);
    while (profile->nr_nodes - cut.nr_left_out > nr_max && cut.least_ns <= whole)
        cut = tree_cut_count(profile, cut.least_ns + cut.least_ns / 4 + whole / 10000000 + 1);
    return cut;
}

/* ---- Nodes --------------------------------------------------------------------------------------- */

struct walk {
    const struct profile *profile;
    const struct pair *pair;
    const struct tree_cut *cut;
    struct columns columns;
    uint32_t depth; /* of the node that was written last */
};

static void place_add(struct walk *walk, uint32_t depth, uint32_t function)
{
    columns_add(&walk->columns, walk->depth - (depth - 1));
    columns_add(&walk->columns, function);
    walk->depth = depth;
}

static void node_add(struct walk *walk, uint32_t node)
{
    const struct profile_node *from = &walk->profile->nodes[node];
    const struct pair_side own = {.calls = from->calls, .exclusive_ns = from->exclusive_ns};
    const struct pair_side *now = walk->pair != NULL ? &walk->pair->now[node] : &own;
    place_add(walk, from->depth, from->function);
    columns_add(&walk->columns, now->calls);
    columns_add(&walk->columns, now->exclusive_ns);
    if (walk->pair == NULL)
        return;
    columns_add(&walk->columns, walk->pair->base[node].calls);
    columns_add(&walk->columns, walk->pair->base[node].exclusive_ns);
}

/* The siblings from `node` on, of which every one is left out: they are in descending order. */
static void rest_add(struct walk *walk, uint32_t node)
{
    const struct profile_node *nodes = walk->profile->nodes;
    struct pair_side now = {0}, base = {0};
    place_add(walk, nodes[node].depth, walk->profile->nr_functions);
    for (; node != 0; node = nodes[node].next_sibling) {
        now.calls += walk->pair == NULL || walk->pair->now[node].exists;
        now.inclusive_ns += walk->pair == NULL ? nodes[node].inclusive_ns : walk->pair->now[node].inclusive_ns;
        base.calls += walk->pair != NULL && walk->pair->base[node].exists;
        base.inclusive_ns += walk->pair != NULL ? walk->pair->base[node].inclusive_ns : 0;
    }
    columns_add(&walk->columns, now.calls);
    columns_add(&walk->columns, now.inclusive_ns);
    if (walk->pair == NULL)
        return;
    columns_add(&walk->columns, base.calls);
    columns_add(&walk->columns, base.inclusive_ns);
}

/* The node that comes after `at` has been entered (or, with `skip`, its rest passed over); 0 at the end. */
static uint32_t walk_next(const struct profile_node *nodes, uint32_t at, bool skip)
{
    if (!skip && nodes[at].first_child != 0)
        return nodes[at].first_child;
    if (skip)
        at = nodes[at].parent;
    while (at != 0 && nodes[at].next_sibling == 0)
        at = nodes[at].parent;
    return nodes[at].next_sibling;
}

/* Nodes that are written, or only counted. */
static uint32_t nodes_walk(struct walk *walk, bool writes)
{
    const struct profile_node *nodes = walk->profile->nodes;
    uint32_t nr = 0;
    for (uint32_t at = nodes[0].first_child; at != 0; nr++) {
        bool rest = is_left_out(walk->profile, walk->cut, at);
        if (writes && rest)
            rest_add(walk, at);
        else if (writes)
            node_add(walk, at);
        at = walk_next(nodes, at, rest);
    }
    return nr;
}

void tree_data_write(struct out *out, const struct profile *profile, const struct view_options *options,
                     const struct tree_cut *cut)
{
    const struct pair *pair = options->pair;
    struct walk walk = {.profile = profile, .pair = pair, .cut = cut, .columns = {.out = out}};
    out_text(out, "\"unit\":");
    escape_json(out, profile->facts.unit);
    out_format(out, ",\"has_calls\":%s,\"has_base\":%s", profile->facts.has_calls ? "true" : "false",
               pair != NULL ? "true" : "false");
    out_format(out, ",\"pruned\":{\"frames\":%u,\"time\":%llu},\"colors\":\"", cut->nr_left_out,
               (unsigned long long)cut->left_out_ns);
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        out_format(out, "%x%x%x", name_color(profile->functions[i].name, options),
                   color_of(profile->functions[i].module), color_of(profile->functions[i].file));
    out_text(out, "\",\n\"nodes\":");
    columns_add(&walk.columns, nodes_walk(&walk, false));
    nodes_walk(&walk, true);
    columns_end(&walk.columns);
}

void tree_data_write_functions(struct out *out, const struct profile *profile)
{
    out_text(out, "\"functions\":[");
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *function = &profile->functions[i];
        out_text(out, i > 0 ? ",\n{\"label\":" : "\n{\"label\":");
        escape_json(out, function->label);
        out_text(out, ",\"module\":");
        escape_json(out, function->module);
        out_text(out, ",\"file\":");
        escape_json(out, function->file);
        out_format(out, ",\"line\":%u,\"kind\":\"%s\"", function->line, function_kind_name(function->kind));
        if (function->durations.nr > 0)
            out_format(out, ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64,
                       function_quantile_ns(function, 500), function_quantile_ns(function, 990), function->max_ns);
        out_char(out, '}');
    }
    out_char(out, ']');
}
