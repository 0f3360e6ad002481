/*
 * An ELF file: names, files and lines, as the confined child finds them, but in this process. Its answers go nowhere;
 * what the parent makes of them is for check_answers.c.
 */
#include "fuzz.h"

#include "symbols/answers.h"
#include "symbols/resolve.h"

#include <fcntl.h>

enum { NR_QUERIES = 24, FIRST = 0x1000, STEP = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct child_sender sender = {.fd = -1};
    static struct answers_query queries[NR_QUERIES];
    if (sender.fd < 0)
        sender.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < NR_QUERIES; i++)
        queries[i] = (struct answers_query){.address = FIRST + STEP * i, .index = i};
    const struct symbol_module module = {.path = fuzz_file(data, bytes)};
    const struct symbol_options options = {.debug_dir = "/nowhere"};
    const struct answers_range range = {.nr_queries = NR_QUERIES};
    const struct answers_job job = {.modules = &module,
                                    .queries = queries,
                                    .ranges = &range,
                                    .nr_queries = NR_QUERIES,
                                    .nr_ranges = 1,
                                    .options = &options};
    sender.used_bytes = 0;
    resolve_work(&sender, &job);
    return 0;
}
