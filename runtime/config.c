#include "config.h"

#include "bytes.h"
#include "drain/workers.h"
#include "region.h"

#include <stddef.h>

/* README.md and tracert.7 show the same rows; a test compares them. */
const struct config_row tracert__config_rows[] = {
    {"TRACERT_OUTPUT", "trace.zst", "path of the trace; %p is the process id"},
    {"TRACERT_START", "on", "on, or off: load the library but record nothing"},
    {"TRACERT_FULL", "wait", "when a ring is full: wait for the drain, or drop events and count them"},
    {"TRACERT_MEMORY", "off", "allocations, seen by libtracert_memory: off, events, fp, lazy or full"},
    {"TRACERT_SNAPSHOT", "off", "images of heaps, which may hold secrets: exit, at the end; peak, at the highest"},
    {"TRACERT_CLOCK", "auto", "counter (the processor's), monotonic (the system's), or auto: it if steady"},
    {"TRACERT_FENCE", "some", "events whose time is read with care, to share it out well: some (1 in 256), none, all"},
    {"TRACERT_BUFFER", "2M", "ring of each of the first 16 threads: 128K to 64M; 1M where no calls are recorded"},
    {"TRACERT_LEVEL", "1", "zstd level: 1 to 19, or -1 to -7 for less work"},
    {"TRACERT_WORKERS", "auto", "threads that help the drain: 0 to 15; auto: a fourth of the processors, 3 at most"},
    {"TRACERT_SHM", "/dev/shm", "directory of the shared memory; without room there, the trace's own is used"},
    {"TRACERT_SESSION", "", "set by the library for the programs that a traced program executes: joins them"},
    {NULL, NULL, NULL}};

/* The value of `name` in `environment`, or NULL. Not getenv: a program may be changing its environment in another
 * thread. */
static const char *config_find(char **environment, const char *name)
{
    size_t length = text_length(name, TEXT_MAX);
    for (char **entry = environment; entry != NULL && *entry != NULL; entry++) {
        if (text_equal(*entry, name, length) && (*entry)[length] == '=')
            return *entry + length + 1;
    }
    return NULL;
}

/* A decimal number with an optional sign, and K or M after it. Returns false when it is anything else. */
static bool config_number(const char *text, long *number)
{
    bool negative = *text == '-';
    text += negative;
    if (*text < '0' || *text > '9')
        return false;
    long value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > 1000000000)
            return false;
        value = value * 10 + (*text - '0');
    }
    if (*text == 'K' || *text == 'k') {
        value <<= 10;
        text++;
    } else if (*text == 'M' || *text == 'm') {
        value <<= 20;
        text++;
    }
    *number = negative ? -value : value;
    return *text == '\0';
}

static void config_number_in(struct config *config, char **environment, const char *name, long low, long high,
                             long *number)
{
    const char *text = config_find(environment, name);
    long value;
    if (text == NULL || *text == '\0' || text_equal(text, "auto", TEXT_MAX))
        return;
    if (!config_number(text, &value) || value < low || value > high)
        config->bad = name;
    else
        *number = value;
}

/* Which of the words, a NULL-terminated list, `name` holds; 0, the first, is the default. */
static int config_choice(struct config *config, char **environment, const char *name, const char *const *words)
{
    const char *text = config_find(environment, name);
    for (int i = 0; text != NULL && words[i] != NULL; i++) {
        if (text_equal(text, words[i], TEXT_MAX))
            return i;
    }
    if (text != NULL && *text != '\0')
        config->bad = name;
    return 0;
}

static const char *config_text(char **environment, const char *name, const char *fallback)
{
    const char *text = config_find(environment, name);
    return text == NULL || *text == '\0' ? fallback : text;
}

/* Where no calls are recorded a ring fills more slowly, and who wants memory alone has little to spare. */
static long config_usual_ring(enum tf_memory memory)
{
    return memory == TF_MEMORY_OFF || memory == TF_MEMORY_FULL ? 2l << 20 : 1l << 20;
}

void config_read(struct config *config, char **environment)
{
    static const char *const start[] = {"on", "off", NULL};
    static const char *const fence[] = {"some", "none", "all", NULL};

    static const enum config_fence fences[] = {CONFIG_FENCE_SOME, CONFIG_FENCE_NONE, CONFIG_FENCE_ALL};

    static const char *const full[] = {[TF_FULL_WAIT] = "wait", [TF_FULL_DROP] = "drop", NULL};
    static const char *const memory[] = {
        [TF_MEMORY_OFF] = "off",   [TF_MEMORY_EVENTS] = "events", [TF_MEMORY_FULL] = "full",
        [TF_MEMORY_LAZY] = "lazy", [TF_MEMORY_FP] = "fp",         NULL};
    static const char *const snapshot[] = {
        [CONFIG_SNAPSHOT_OFF] = "off", [CONFIG_SNAPSHOT_EXIT] = "exit", [CONFIG_SNAPSHOT_PEAK] = "peak", NULL};
    static const char *const clock[] = {
        [CONFIG_CLOCK_AUTO] = "auto", [CONFIG_CLOCK_COUNTER] = "counter", [CONFIG_CLOCK_MONOTONIC] = "monotonic", NULL};
    long ring_bytes = 0;
    long level = 1;
    long workers = -1;
    config->bad = NULL;
    config->start = config_choice(config, environment, "TRACERT_START", start) == 0;
    config->full = (enum tf_full_policy)config_choice(config, environment, "TRACERT_FULL", full);
    config->memory = (enum tf_memory)config_choice(config, environment, "TRACERT_MEMORY", memory);
    config->snapshot = (enum config_snapshot)config_choice(config, environment, "TRACERT_SNAPSHOT", snapshot);
    config->clock = (enum config_clock)config_choice(config, environment, "TRACERT_CLOCK", clock);
    config->fence = fences[config_choice(config, environment, "TRACERT_FENCE", fence)];
    config->output = config_text(environment, "TRACERT_OUTPUT", "trace.zst");
    config->memory_dir = config_text(environment, "TRACERT_SHM", "/dev/shm");
    config->session = config_text(environment, "TRACERT_SESSION", NULL);
    config_number_in(config, environment, "TRACERT_BUFFER", REGION_BIG_MIN, REGION_BIG_MAX, &ring_bytes);
    config_number_in(config, environment, "TRACERT_LEVEL", -7, 19, &level);
    if ((ring_bytes & (ring_bytes - 1)) != 0) {
        config->bad = "TRACERT_BUFFER";
        ring_bytes = 0;
    }
    if (ring_bytes == 0)
        ring_bytes = config_usual_ring(config->memory);
    config_number_in(config, environment, "TRACERT_WORKERS", 0, WORKERS_MAX, &workers);
    config->workers = workers < 0 ? WORKERS_AUTO : (uint32_t)workers;
    config->ring_bytes = (uint32_t)ring_bytes;
    config->level = level == 0 ? 1 : (int)level;
}

int config_expand(char *path, unsigned bytes, const char *pattern, int pid)
{
    unsigned used = 0;
    for (; *pattern != '\0'; pattern++) {
        char digits[TEXT_NUMBER_BYTES];
        const char *piece = pattern;
        unsigned length = 1;
        if (pattern[0] == '%' && pattern[1] == 'p') {
            piece = text_number(digits, (uint32_t)pid);
            length = (unsigned)text_length(piece, sizeof digits);
            pattern++;
        } else if (pattern[0] == '%' && pattern[1] == '%') {
            pattern++;
        }
        if (used + length >= bytes)
            return -1;
        bytes_copy(path + used, piece, length);
        used += length;
    }
    path[used] = '\0';
    return 0;
}
