/*
 * The child's work: open each module's files, find names and lines, send them. Runs only in the confined child.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "symbols/child.h"

/* `context` is a struct answers_job: answer it from its first_range on, as answers.h says. */
void resolve_work(struct child_sender *sender, const void *context);

#endif
