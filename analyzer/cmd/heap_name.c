#include "cmd/heap_name.h"

#include "profile/heap_make.h"

#include <regex.h>
#include <stdlib.h>

/* Names of functions that pass memory on: xmalloc, luaM_malloc_, g_strdup, operator new, … */
static const char usual_wrappers[] = "[Aa]lloc|strn?dup|^operator new|^__gnu_cxx::new_allocator|^std::.*allocat";

/* Which functions are wrappers; the caller frees it. NULL with err set. */
static bool *wrappers_find(const struct options *options, const struct profile *run, struct err *err)
{
    regex_t regex;
    bool *wrappers = calloc((size_t)run->nr_functions + 1, sizeof(*wrappers));
    const char *pattern = options->alloc_fn != NULL ? options->alloc_fn : usual_wrappers;
    if (wrappers == NULL || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        free(wrappers);
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    for (uint32_t i = 0; i < run->nr_functions; i++)
        wrappers[i] = options->wrappers != WRAPPERS_NONE && run->functions[i].kind == FUNCTION_CODE &&
                      regexec(&regex, run->functions[i].name, 0, NULL, 0) == 0;
    regfree(&regex);
    return wrappers;
}

struct heap_profile *heap_name(const struct options *options, const struct heap *heap, const struct profile *run,
                               struct err *err)
{
    bool *wrappers = wrappers_find(options, run, err);
    const struct heap_folding folding = {.by_name = wrappers, .by_use = options->wrappers == WRAPPERS_AUTO};
    struct heap_profile *profile =
        wrappers == NULL ? NULL : heap_profile_make(heap, run->functions, &folding, run, err);
    free(wrappers);
    return profile;
}
