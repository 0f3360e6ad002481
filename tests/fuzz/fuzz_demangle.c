/* A symbol's name. */
#include "fuzz.h"

#include "symbols/demangle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char text[4096];
    char *name = malloc(bytes + 1);
    fuzz_require(name != NULL);
    if (bytes > 0)
        memcpy(name, data, bytes);
    name[bytes] = '\0';
    for (int style = SYMBOL_NAMES_FULL; style <= SYMBOL_NAMES_SHORT; style++) {
        bool done = demangle_name(name, (enum symbol_names)style, text, sizeof(text));
        fuzz_require(strnlen(text, sizeof(text)) < sizeof(text) && done == (text[0] != '\0'));
    }
    free(name);
    return 0;
}
