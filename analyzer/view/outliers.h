/*
 * The slow calls of a function beside the typical ones.
 */
#ifndef VIEW_OUTLIERS_H
#define VIEW_OUTLIERS_H

#include "profile/outliers.h"
#include "profile/profile.h"
#include "view/view.h"

struct outliers_answer {
    const struct outliers *outliers;
    const struct profile_function *functions; /* by their number in `outliers`; labels are not looked at */
    const char *subject, *source;             /* as on the command line */
};

/* `options->top`: rows of the tree. 0 or -1. */
int outliers_sheet(const struct outliers_answer *answer, const struct view_options *options, struct out *out,
                   struct err *err);

#endif
