/*
 * The hot path: from the root to the heaviest child, again and again, as long as that takes at least half of its
 * parent's time; it ends at the first node of whose time at least half is its own.
 */
#ifndef HOT_PATH_H
#define HOT_PATH_H

#include "profile/profile.h"

/* The node after `node` on the hot path (CALLTREE_ROOT begins it); 0: it ends here. */
uint32_t hot_path_next(const struct profile *profile, uint32_t node);

#endif
