/*
 * Two images of a heap, for the verbs that compare them.
 */
#ifndef HEAP_IMAGE_H
#define HEAP_IMAGE_H

#include "cmd/command.h"

/* Write how the second of the two images that the options name differs from the first. The exit status; errors are
 * printed, as those of `verb`. */
int heap_images_diff(const struct options *options, const char *verb);

#endif
