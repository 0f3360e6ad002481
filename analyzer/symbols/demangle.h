/*
 * C++ and Rust names as people write them.
 */
#ifndef SYMBOLS_DEMANGLE_H
#define SYMBOLS_DEMANGLE_H

#include "symbols/symbols.h"

#include <stdbool.h>
#include <stddef.h>

#define DEMANGLE_INPUT_MAX 16384u /* longer names stay as they are */

/*
 * Demangle a C++ (Itanium ABI) or Rust (legacy, v0) name into text[room]; false, and text empty, when it is none, nests
 * too deeply, or unfolds to more than `room` bytes. Call it in the confined child only.
 */
bool demangle_name(const char *linkage, enum symbol_names style, char *text, size_t room);

#endif
