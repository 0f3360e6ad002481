/*
 * flamegraph.css and flamegraph.js, put into the program when it is built (cmake/EmbedFile.cmake).
 */
#ifndef FLAMEGRAPH_FILES_H
#define FLAMEGRAPH_FILES_H

#include <stddef.h>

extern const char flamegraph_css[], flamegraph_js[]; /* NUL-terminated */
extern const size_t flamegraph_css_bytes, flamegraph_js_bytes;

#endif
