/*
 * Loads two plugins, one after the other. The second often lands at the address that the first has left: the trace
 * knows which was there when, so that each call gets its own function's name.
 *
 * expect: main 1
 * expect: plugin_use 2
 * expect: plugin_run 2
 * expect: red_paint 100
 * expect: blue_paint 200
 */
#include <dlfcn.h>
#include <stdio.h>

/* Returns the number of things painted; -1 when the plugin cannot be loaded. */
__attribute__((noinline)) static int plugin_use(const char *path)
{
    int (*run)(void);
    void *plugin = dlopen(path, RTLD_NOW);
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)&run = dlsym(plugin, "plugin_run");
    int painted = run != NULL ? run() : -1;
    dlclose(plugin);
    return painted;
}

int main(void)
{
    int red = plugin_use("$ORIGIN/red.so");
    int blue = plugin_use("$ORIGIN/blue.so");
    printf("painted %d red, %d blue\n", red, blue);
    return red < 0 || blue < 0;
}
