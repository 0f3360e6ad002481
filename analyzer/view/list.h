/*
 * A function's source with what its lines call.
 */
#ifndef VIEW_LIST_H
#define VIEW_LIST_H

#include "profile/call_sites.h"
#include "view/view.h"

struct list_answer {
    const struct call_sites *sites;
    const struct profile_function *functions; /* by their number in `sites`; labels are not looked at */
    uint32_t function;                        /* the one that is shown */
    const char *const *source;                /* lines of its file from the first one on; NULL: could not be read */
    uint32_t nr_source;
};

/* 0 or -1. */
int list_sheet(const struct list_answer *answer, const struct view_options *options, struct out *out, struct err *err);

#endif
