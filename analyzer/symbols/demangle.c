#include "symbols/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

struct text {
    char *bytes;
    size_t used, room;
    jmp_buf full; /* libiberty has no other way to be stopped; it holds no memory while it prints */
};

static void text_add(const char *part, size_t bytes, void *opaque)
{
    struct text *text = opaque;
    if (bytes >= text->room - text->used)
        longjmp(text->full, 1);
    if (bytes > 0)
        memcpy(text->bytes + text->used, part, bytes);
    text->used += bytes;
}

static bool name_is_mangled(const char *name)
{
    return strncmp(name, "_Z", 2) == 0 || strncmp(name, "_R", 2) == 0 || strncmp(name, "_GLOBAL_", 8) == 0;
}

static bool text_demangle(struct text *text, const char *linkage, int options)
{
    if (setjmp(text->full) != 0)
        return false;
    if (rust_demangle_callback(linkage, options, text_add, text))
        return true;
    text->used = 0;
    return cplus_demangle_v3_callback(linkage, options, text_add, text) != 0;
}

bool demangle_name(const char *linkage, enum symbol_names style, char *text, size_t room)
{
    const int options = style == SYMBOL_NAMES_SHORT ? DMGL_ANSI : DMGL_PARAMS | DMGL_ANSI;
    struct text target = {.bytes = text, .room = room};
    if (room == 0)
        return false;
    text[0] = '\0';
    if (!name_is_mangled(linkage) || strnlen(linkage, DEMANGLE_INPUT_MAX + 1) > DEMANGLE_INPUT_MAX)
        return false;
    bool done = text_demangle(&target, linkage, options) && target.used > 0;
    text[done ? target.used : 0] = '\0';
    return done;
}
