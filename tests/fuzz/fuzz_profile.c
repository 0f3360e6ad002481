/*
 * The content of a profile file; what is around it is put there. A profile that is read can be shown, and written; and
 * what is written is canonical: read and written once more, it is the same.
 */
#include "fuzz.h"

#include "cmd/view_table.h"
#include "profile/file.h"
#include "trace_writer.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static void file_make(struct writer_bytes *file, const uint8_t *data, size_t bytes)
{
    static ZSTD_CCtx *context;
    size_t room = ZSTD_compressBound(bytes);
    uint8_t *packed = malloc(room);
    if (context == NULL)
        context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    raw_put32(file, 0x184D2A5C);
    raw_put32(file, 8);
    raw_put(file, "\x8Atprof\1", 8);
    raw_put(file, packed, ZSTD_compress2(context, packed, room, data, bytes));
    free(packed);
}

static char *written(const struct profile *profile, size_t *bytes)
{
    struct err err = {0};
    char *text = NULL;
    struct out *out = out_open_memory(&text, bytes);
    fuzz_require(profile_file_write(profile, out, &err) == 0 && out_close(out, &err) == 0);
    return text;
}

static void view_write(const struct profile *profile, const char *verb, const char *format)
{
    const struct view *view = view_find(verb, format);
    const struct view_options options = {.top = UINT32_MAX, .width_px = 1200};
    struct err err = {0};
    char *text = NULL;
    size_t bytes = 0;
    struct out *out = out_open_memory(&text, &bytes);
    (void)view->write(profile, &options, out, &err);
    fuzz_require(out_close(out, &err) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct err err = {0};
    struct writer_bytes file = {0};
    file_make(&file, data, bytes);
    struct profile *profile = profile_decode(file.bytes, file.nr, "input", &err);
    raw_free(&file);
    fuzz_require(profile != NULL || err.code == ERR_INPUT);
    if (profile == NULL)
        return 0;
    size_t nr[2];
    char *texts[2] = {written(profile, &nr[0]), NULL};
    view_write(profile, "report", NULL);
    view_write(profile, "report", "json");
    view_write(profile, "flamegraph", NULL);
    profile_free(profile);
    profile = profile_decode((const uint8_t *)texts[0], nr[0], "again", &err);
    fuzz_require(profile != NULL);
    texts[1] = written(profile, &nr[1]);
    fuzz_require(nr[0] == nr[1] && memcmp(texts[0], texts[1], nr[0]) == 0);
    profile_free(profile);
    free(texts[0]);
    free(texts[1]);
    return 0;
}
