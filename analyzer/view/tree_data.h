/*
 * The call tree for the scripts of the flame graph and the page: which nodes they get, and in what form.
 */
#ifndef TREE_DATA_H
#define TREE_DATA_H

#include "base/out.h"
#include "profile/pair.h"
#include "profile/profile.h"
#include "view/view.h"

/* Nodes with less than `least_ns` are left out; what is left out is counted. */
struct tree_cut {
    uint64_t least_ns;
    uint32_t nr_left_out;
    uint64_t left_out_ns;
};

/* Leave out nodes below `percent` of the run, and as many more as it takes that no more than `nr_max` stay. */
struct tree_cut tree_cut_choose(const struct profile *profile, double percent, uint32_t nr_max);

struct tree_cut tree_cut_count(const struct profile *profile, uint64_t least_ns);

/*
 * Members of a JSON object: unit, has_calls, has_base, pruned {frames, time}, colors (three hexadecimal digits
 * a function: by name, by module, by file), nodes (page/tree.js reads them). Siblings that are left out become one node
 * of the function profile->nr_functions, with their time, and their number as its calls. With options->pair (NULL:
 * none), whose `both` is the profile, every node has the numbers of the second profile and then those of the first.
 */
void tree_data_write(struct out *out, const struct profile *profile, const struct view_options *options,
                     const struct tree_cut *cut);

/* The member "functions": label, module, file, line and kind of each, and where they are known p50_ns, p99_ns and
 * max_ns. */
void tree_data_write_functions(struct out *out, const struct profile *profile);

/* That of a name, in the palette of the options. */
unsigned name_color(const char *name, const struct view_options *options);

#endif
