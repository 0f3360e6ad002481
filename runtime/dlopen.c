/*
 * dlopen and dlclose of the program, so that modules are known when they come and go. A file of its own: in the static
 * library it is linked only into programs that call them.
 *
 * dlopen searches relative to its caller, which it finds by its return address: so we only take a note and *jump* to
 * the real one. (This file is always compiled with sibling calls; a test checks it.)
 */
#include "modules.h"
#include "session.h"
#include "thread.h"

#include <dlfcn.h>
#include <errno.h>

#define EXPORT __attribute__((visibility("default"), no_instrument_function))

EXPORT void *dlopen(const char *file, int mode);
EXPORT void *dlmopen(Lmid_t lmid, const char *file, int mode);
EXPORT int dlclose(void *handle);

/* glibc's own, for a static program: nothing comes after our names in it, and dlsym() finds none. */
extern void *___dlopen(const char *file, int mode) __attribute__((weak));
extern int __dlclose(void *handle) __attribute__((weak));

static void *next_symbol(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* There is one namespace in a static program. */
static void *dlmopen_static(Lmid_t lmid, const char *file, int mode)
{
    return lmid == LM_ID_BASE && ___dlopen != NULL ? ___dlopen(file, mode) : NULL;
}

void *dlopen(const char *file, int mode)
{
    void *(*real)(const char *, int);
    *(void **)&real = next_symbol("dlopen");
    tracert__thread_poke();
    if (real == NULL)
        real = ___dlopen;
    return real(file, mode);
}

void *dlmopen(Lmid_t lmid, const char *file, int mode)
{
    void *(*real)(Lmid_t, const char *, int);
    *(void **)&real = next_symbol("dlmopen");
    tracert__thread_poke();
    if (real == NULL)
        real = dlmopen_static;
    return real(lmid, file, mode);
}

int dlclose(void *handle)
{
    int (*real)(void *);
    *(void **)&real = next_symbol("dlclose");
    if (real == NULL)
        real = __dlclose;
    if (tracert__aside != NULL) /* nobody has looked since it was loaded, perhaps */
        tracert__modules_scan();
    int result = real(handle);
    int error = errno;
    if (tracert__session_is_on())
        tracert__modules_scan();
    errno = error;
    return result;
}
