/*
 * The functions of a replay with their names: what symbols/ finds out, and something to say where it finds nothing.
 */
#ifndef FUNCTION_NAMES_H
#define FUNCTION_NAMES_H

#include "profile/function_set.h"
#include "profile/profile.h"
#include "symbols/symbols.h"

struct function_names_request {
    const struct trace *trace;
    const struct function_set *functions;
    const struct symbol_options *options;
    void (*notice)(void *context, const char *text);
    void *context;
};

/*
 * functions->nr functions in their order, in the arena, with name, module, file, line and kind; NULL with err set when
 * memory ran out. Code without a symbol is called "module+0xoffset", and "0xaddress" where there is no module.
 */
struct profile_function *function_names(const struct function_names_request *request, struct arena *arena,
                                        struct err *err);

#endif
