/* A small JSON reader, which fails the test where the grammar is broken. */
#ifndef JSON_READER_H
#define JSON_READER_H

/* The end of the value at `p`, whatever it is. */
const char *json_skip(const char *p);

/* The value at a path like "functions[2].calls", as it stands in the text. */
const char *json_find(const char *p, const char *path);

#endif
