#include "profile/hot_path.h"

uint32_t hot_path_next(const struct profile *profile, uint32_t node)
{
    const struct profile_node *at = &profile->nodes[node];
    uint32_t heaviest = at->first_child;
    if (heaviest == 0 || at->exclusive_ns >= at->inclusive_ns / 2 + at->inclusive_ns % 2)
        return 0;
    return profile->nodes[heaviest].inclusive_ns >= at->inclusive_ns / 2 ? heaviest : 0;
}
