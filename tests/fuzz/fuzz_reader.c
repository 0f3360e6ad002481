/*
 * A trace: opened, its facts collected, every chunk read, everything verified; and repaired: what comes out must be
 * whole, and keep the promises that what went in kept.
 */
#include "fuzz.h"

#include "trace/repair.h"
#include "trace/verify.h"

#include <stdlib.h>
#include <string.h>

/* Nobody reads the texts here; that they end must hold. */
static size_t texts_read(const struct trace *trace)
{
    size_t sum = strlen(trace->host) + strlen(trace->kernel) + strlen(trace->region);
    for (uint32_t i = 0; i < trace->nr_processes; i++)
        sum += strlen(trace->processes[i].executable) + strlen(trace->processes[i].directory);
    for (uint32_t i = 0; i < trace->nr_threads; i++)
        sum += strlen(trace->threads[i].name);
    for (uint32_t i = 0; i < trace->nr_objects; i++)
        sum += strlen(trace->objects[i].path);
    for (uint32_t i = 0; i < trace->nr_notices; i++)
        sum += strlen(trace->notices[i]);
    return sum;
}

static void repaired_require(const char *text, size_t bytes, const struct repair *repair)
{
    struct err err = {0};
    struct verify verify = {0};
    struct trace *trace = trace_open(fuzz_file((const uint8_t *)text, bytes), &err);
    fuzz_require(trace != NULL && verify_trace(&verify, trace, &err) == 0);
    fuzz_require(trace_is_whole(trace) || trace->ending == TRACE_FAILED);
    fuzz_require(trace->nr_damaged == 0 && verify.nr_problems == 0 && trace->header_events == repair->nr_events);
    verify_release(&verify);
    trace_close(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct err err = {0};
    struct verify verify = {0};
    struct repair repair;
    char *text = NULL;
    size_t nr = 0;
    struct trace *trace = trace_open(fuzz_trace(data, bytes), &err);
    if (trace == NULL) {
        fuzz_require(err.code == ERR_INPUT && err.text[0] != '\0');
        return 0;
    }
    fuzz_require(verify_trace(&verify, trace, &err) == 0);
    fuzz_require(texts_read(trace) < SIZE_MAX && trace_duration_ns(trace) < UINT64_MAX);
    fuzz_require(trace_is_complete(trace) || trace->nr_notices > 0);
    struct out *out = out_open_memory(&text, &nr);
    fuzz_require(repair_trace(&repair, trace, out, &err) == 0 && out_close(out, &err) == 0);
    trace_close(trace);
    if (verify.nr_problems == 0)
        repaired_require(text, nr, &repair);
    verify_release(&verify);
    free(text);
    return 0;
}
