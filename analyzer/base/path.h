/* Paths as texts: nothing here looks at a file. */
#ifndef PATH_H
#define PATH_H

/* What follows its last slash, in the same memory: "" where that is its end, the path itself where there is none. */
const char *path_last(const char *path);

#endif
