/*
 * The files in page/, put into the program when it is built (cmake/EmbedFile.cmake).
 */
#ifndef PAGE_FILES_H
#define PAGE_FILES_H

#include <stddef.h>

struct embedded_file {
    const char *text; /* NUL-terminated */
    const size_t *bytes;
};

extern const char looks_css[];
extern const size_t looks_css_bytes;

/* The scripts of the flame graph, in the order in which they are to run; each stands in an element of its own. */
extern const struct embedded_file picture_scripts[];
extern const size_t nr_picture_scripts;

#endif
