/*
 * The files in page/, put into the program when it is built (cmake/EmbedFile.cmake).
 */
#ifndef PAGE_FILES_H
#define PAGE_FILES_H

#include <stddef.h>

struct embedded_file {
    const char *text; /* NUL-terminated */
    const size_t *bytes;
    const char *sha256; /* in base64, as a policy for scripts and styles names it */
};

/* Styles and scripts of the flame graph and of the page, in their order; each stands in an element of its own. */
extern const struct embedded_file picture_styles[], picture_scripts[], page_styles[], page_scripts[];
extern const size_t nr_picture_styles, nr_picture_scripts, nr_page_styles, nr_page_scripts;

extern const struct embedded_file page_body; /* the page between its head and its data */

#endif
