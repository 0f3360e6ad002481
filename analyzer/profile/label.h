/*
 * Labels: names that tell functions of the same name apart.
 */
#ifndef LABEL_H
#define LABEL_H

#include "profile/profile.h"
#include "base/err.h"

/*
 * Set the label of every function: its name where that is unique; else "name (file.c:12)", or "name (file.c)" where the
 * line is unknown; where the file is unknown or the same, "name [module.so]"; and where even that is the same, with a
 * number behind it. No two functions have the same label. 0 or -1 with err set.
 */
int labels_set(struct profile *profile, struct err *err);

#endif
