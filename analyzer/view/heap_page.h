/*
 * The heap for the page (page.c, page/memory.js).
 */
#ifndef HEAP_PAGE_H
#define HEAP_PAGE_H

#include "profile/heap_profile.h"
#include "view/view.h"

/* A template with the picture of the heap over time, and a script with the data. NULL: nothing. 0 or -1. */
int heap_page_write(const struct heap_profile *heap, const struct view_options *options, struct out *out,
                    struct err *err);

#endif
