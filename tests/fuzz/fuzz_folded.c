/* Folded stacks, read and drawn. */
#include "fuzz.h"

#include "profile/folded.h"
#include "view/view.h"

#include <stdlib.h>

static void profile_draw(const struct profile *profile)
{
    const struct view *view = view_find("flamegraph", NULL);
    const struct view_options options = {.min_width = 0, .width_px = 1200};
    struct err err = {0};
    char *text = NULL;
    size_t bytes = 0;
    struct out *out = out_open_memory(&text, &bytes);
    int result = view->write(profile, &options, out, &err);
    fuzz_require(out_close(out, &err) == 0 && (result == 0 || err.code != ERR_NONE));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct err err = {0};
    FILE *file = fopen(fuzz_file(data, bytes), "re");
    fuzz_require(file != NULL);
    struct profile *profile = folded_read(file, "input", "samples", &err);
    fuzz_require(profile != NULL || err.code == ERR_INPUT);
    if (profile != NULL)
        profile_draw(profile);
    profile_free(profile);
    fclose(file);
    return 0;
}
