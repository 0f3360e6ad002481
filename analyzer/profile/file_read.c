/*
 * Nothing in the file is believed: sizes are compared with what is there before memory is asked for, numbers with what
 * they count, and what is not canonical is refused.
 */
#include "base/standard_input.h"
#include "profile/calltree.h"
#include "profile/file.h"
#include "profile/file_layout.h"
#include "profile/merge.h"
#include "profile/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum {
    FUNCTION_BYTES_MIN = 9,
    NODE_BYTES_MIN = NR_COLUMNS,
    FRAME_FLAGS_AT = 4,          /* zstd frame: the descriptor byte behind the magic number … */
    FRAME_HAS_CHECKSUM = 1u << 2 /* … and its checksum flag */
};

struct reader {
    struct profile *profile;
    struct calltree tree;
    uint64_t (*nodes)[NR_COLUMNS];
    const char *name;
};

static int malformed(const struct reader *reader, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: is a malformed profile: %s", reader->name, what);
}

static int no_memory(const char *name, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: out of memory", name);
}

/* ---- Runs and notices ----------------------------------------------------------------------------- */

static int runs_read(struct reader *reader, struct cursor *cursor, struct err *err)
{
    struct profile *profile = reader->profile;
    uint32_t nr = cursor_count(cursor, RUN_BYTES_MIN), nr_threads = cursor_count(cursor, RUN_THREAD_BYTES);
    profile->runs = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*profile->runs));
    profile->threads = arena_array(&profile->arena, (size_t)nr_threads + 1, sizeof(*profile->threads));
    if (profile->runs == NULL || profile->threads == NULL)
        return no_memory(reader->name, err);
    for (uint32_t i = 0; i < nr && !cursor->failed; i++)
        run_get(cursor, profile, nr_threads);
    if (cursor->failed || nr == 0 || profile->nr_threads != nr_threads)
        return malformed(reader, "its runs", err);
    for (uint32_t i = 1; i < nr; i++) {
        if (strcmp(profile->runs[i].unit, profile->runs[0].unit) != 0)
            return malformed(reader, "its units differ", err);
    }
    return run_sum(profile) != 0 ? no_memory(reader->name, err) : 0;
}

static int notices_read(struct reader *reader, struct cursor *cursor, struct err *err)
{
    struct profile *profile = reader->profile;
    uint32_t nr = cursor_count(cursor, 1);
    profile->notices = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*profile->notices));
    if (profile->notices == NULL)
        return no_memory(reader->name, err);
    for (uint32_t i = 0; i < nr; i++)
        profile->notices[profile->nr_notices++] = cursor_text(cursor, &profile->arena);
    return cursor->failed ? malformed(reader, "its notices", err) : 0;
}

/* ---- Functions ------------------------------------------------------------------------------------ */

static void function_read(struct profile_function *function, struct cursor *cursor, struct arena *arena)
{
    function->name = cursor_text(cursor, arena);
    function->module = cursor_text(cursor, arena);
    function->file = cursor_text(cursor, arena);
    function->line = (uint32_t)cursor_number_to(cursor, UINT32_MAX);
    function->kind = (enum function_kind)cursor_number_to(cursor, FUNCTION_UNKNOWN);
    function->inlined_calls = cursor_number_to(cursor, PROFILE_SUM_MAX);
    function->below_ns = cursor_number_to(cursor, PROFILE_SUM_MAX);
    function->above_ns = cursor_number_to(cursor, PROFILE_SUM_MAX);
    function->repeated_ns = cursor_number_to(cursor, PROFILE_SUM_MAX);
}

static int functions_read(struct reader *reader, struct cursor *cursor, struct err *err)
{
    struct profile *profile = reader->profile;
    uint32_t nr = cursor_count(cursor, FUNCTION_BYTES_MIN);
    if (nr > PROFILE_FUNCTIONS_MAX)
        return malformed(reader, "it has too many functions", err);
    profile->functions = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*profile->functions));
    if (profile->functions == NULL)
        return no_memory(reader->name, err);
    profile->nr_functions = nr;
    for (uint32_t i = 0; i < nr && !cursor->failed; i++) {
        function_read(&profile->functions[i], cursor, &profile->arena);
        if (i > 0 && function_order(&profile->functions[i - 1], &profile->functions[i]) >= 0)
            return malformed(reader, "its functions are not in order", err);
    }
    return cursor->failed ? malformed(reader, "its functions", err) : 0;
}

static int durations_read(struct reader *reader, struct cursor *cursor, struct err *err)
{
    struct profile *profile = reader->profile;
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        struct histogram *durations = &profile->functions[i].durations;
        uint32_t nr = cursor_count(cursor, 2), bucket = 0;
        uint64_t calls = 0;
        durations->counts = arena_array(&profile->arena, (size_t)nr + 1, sizeof(*durations->counts));
        if (durations->counts == NULL)
            return no_memory(reader->name, err);
        for (; durations->nr < nr; durations->nr++) {
            uint64_t step = cursor_number_to(cursor, HISTOGRAM_BUCKETS - 1 - bucket);
            struct histogram_count *count = &durations->counts[durations->nr];
            bucket += (uint32_t)step;
            *count = (struct histogram_count){bucket, cursor_number_to(cursor, PROFILE_SUM_MAX - calls)};
            calls += count->calls;
            if ((step == 0 && durations->nr > 0) || count->calls == 0)
                return malformed(reader, "its durations", err);
        }
    }
    return cursor->failed ? malformed(reader, "its durations", err) : 0;
}

/* ---- Nodes ---------------------------------------------------------------------------------------- */

/* The node's own figures; the times of its children are added later. */
static bool node_take(struct calltree_node *node, const uint64_t *values)
{
    uint64_t correction = tf_unzigzag(values[COLUMN_CORRECTION]), own_ns = values[COLUMN_RAW] + correction;
    if (values[COLUMN_RAW] > PROFILE_SUM_MAX || own_ns > PROFILE_SUM_MAX || values[COLUMN_MIN] > PROFILE_SUM_MAX ||
        values[COLUMN_SPAN] > PROFILE_SUM_MAX || values[COLUMN_INHERITED] > PROFILE_SUM_MAX)
        return false;
    node->calls = values[COLUMN_CALLS];
    node->inclusive = values[COLUMN_RAW];
    node->correction = (int64_t)correction;
    node->inherited = values[COLUMN_INHERITED];
    node->min = node->calls > 0 ? values[COLUMN_MIN] : UINT64_MAX;
    node->max = values[COLUMN_MIN] + values[COLUMN_SPAN];
    return true;
}

/* Put the nodes into the tree. A node that is there already, or whose parent is not, is malformed. */
static int nodes_link(struct reader *reader, uint32_t nr, struct err *err)
{
    uint32_t *path = calloc((size_t)nr + 2, sizeof(*path)), depth = 0; /* path[depth] is the node before */
    bool good = path != NULL;
    for (uint32_t i = 0; good && i < nr; i++) {
        const uint64_t *values = reader->nodes[i];
        good = values[COLUMN_UP] <= depth && values[COLUMN_FUNCTION] < reader->profile->nr_functions;
        if (!good)
            break;
        depth -= (uint32_t)values[COLUMN_UP];
        uint32_t node = calltree_child(&reader->tree, path[depth], (uint32_t)values[COLUMN_FUNCTION], err);
        if (node == UINT32_MAX) {
            free(path);
            return -1;
        }
        good = node == i + 1 && node_take(&reader->tree.nodes[node], values);
        path[++depth] = node;
    }
    bool enough = path != NULL;
    free(path);
    if (!enough)
        return no_memory(reader->name, err);
    return good ? 0 : malformed(reader, "its call tree", err);
}

/* Children to their parents, the functions' own facts to one of their nodes; nothing may grow too large. */
static int nodes_settle(struct reader *reader, struct err *err)
{
    struct calltree *tree = &reader->tree;
    uint64_t calls = 0, time_ns = 0, corrected_ns = 0;
    for (uint32_t i = tree->nr_nodes - 1; i > 0; i--) {
        struct calltree_node *node = &tree->nodes[i];
        struct profile_function *function = &reader->profile->functions[node->function];
        uint64_t own_ns = reader->nodes[i - 1][COLUMN_RAW];
        if (node->calls > PROFILE_SUM_MAX - calls || own_ns > PROFILE_SUM_MAX - time_ns ||
            own_ns + (uint64_t)node->correction > PROFILE_SUM_MAX - corrected_ns)
            return malformed(reader, "its sums are impossible", err);
        calls += node->calls;
        time_ns += own_ns;
        corrected_ns += own_ns + (uint64_t)node->correction;
        if (node->parent != CALLTREE_ROOT)
            tree->nodes[node->parent].inclusive += node->inclusive;
        node->inlined_calls = function->inlined_calls;
        node->below = function->below_ns;
        node->above = function->above_ns;
        node->repeated = function->repeated_ns;
        function->inlined_calls = function->below_ns = function->above_ns = function->repeated_ns = 0;
    }
    return 0;
}

static int nodes_read(struct reader *reader, struct cursor *cursor, struct err *err)
{
    uint32_t nr = cursor_count(cursor, NODE_BYTES_MIN);
    if (nr >= PROFILE_NODES_MAX)
        return malformed(reader, "it has too many nodes", err);
    reader->nodes = calloc((size_t)nr + 1, sizeof(*reader->nodes));
    if (reader->nodes == NULL)
        return no_memory(reader->name, err);
    for (unsigned column = 0; column < NR_COLUMNS; column++) {
        for (uint32_t i = 0; i < nr; i++)
            reader->nodes[i][column] = cursor_number(cursor);
    }
    if (cursor->failed)
        return malformed(reader, "its nodes", err);
    if (calltree_init(&reader->tree, err) != 0 || nodes_link(reader, nr, err) != 0)
        return -1;
    return nodes_settle(reader, err);
}

/* ---- The file ------------------------------------------------------------------------------------- */

static const struct {
    enum profile_section id;
    int (*read)(struct reader *reader, struct cursor *cursor, struct err *err);
} sections[] = {
    {SECTION_RUNS, runs_read},           {SECTION_NOTICES, notices_read}, {SECTION_FUNCTIONS, functions_read},
    {SECTION_DURATIONS, durations_read}, {SECTION_NODES, nodes_read},
};

enum { NR_SECTIONS = sizeof(sections) / sizeof(sections[0]) };

/* All sections, each once and in their order; between them may stand ones that nobody here knows. */
static int sections_read(struct reader *reader, struct cursor *content, struct err *err)
{
    unsigned nr_read = 0;
    while (content->at < content->end) {
        uint64_t id = cursor_number(content), nr = cursor_number(content);
        const uint8_t *bytes = cursor_bytes(content, nr);
        if (bytes == NULL)
            return malformed(reader, "a section is cut off", err);
        if (id % 2 == 0)
            continue;
        if (nr_read == NR_SECTIONS || id != sections[nr_read].id)
            return err_set(err, ERR_INPUT, "%s: has sections that this version of tracean does not understand",
                           reader->name);
        struct cursor section = {bytes, bytes + nr, false};
        if (sections[nr_read++].read(reader, &section, err) != 0)
            return -1;
        if (section.at != section.end)
            return malformed(reader, "a section is too long", err);
    }
    return nr_read == NR_SECTIONS ? 0 : malformed(reader, "a section is missing", err);
}

static struct profile *content_read(const uint8_t *bytes, size_t nr, const char *name, struct err *err)
{
    struct reader reader = {.name = name, .profile = calloc(1, sizeof(*reader.profile))};
    struct cursor content = {bytes, bytes + nr, false};
    if (reader.profile == NULL) {
        no_memory(name, err);
        return NULL;
    }
    arena_init(&reader.profile->arena, 0);
    int result = sections_read(&reader, &content, err);
    if (result == 0)
        result = profile_finish(reader.profile, &reader.tree, err);
    calltree_release(&reader.tree);
    free(reader.nodes);
    if (result == 0)
        return reader.profile;
    profile_free(reader.profile);
    return NULL;
}

static bool head_is(const uint8_t *head)
{
    return tf_load32(head) == TF_FRAME_MAGIC && tf_load32(head + 4) == PROFILE_HEAD_BYTES - 8 &&
           memcmp(head + 8, PROFILE_SIGNATURE, PROFILE_VERSION_AT - 8) == 0;
}

struct profile *profile_decode(const uint8_t *bytes, size_t nr, const char *name, struct err *err)
{
    if (nr < PROFILE_HEAD_BYTES || !head_is(bytes)) {
        err_set(err, ERR_INPUT, "%s: is not a profile", name);
        return NULL;
    }
    if (tf_load16(bytes + PROFILE_VERSION_AT) != PROFILE_VERSION) {
        err_set(err, ERR_INPUT, "%s: profile version %u; this tracean reads version %u", name,
                tf_load16(bytes + PROFILE_VERSION_AT), PROFILE_VERSION);
        return NULL;
    }
    const uint8_t *frame = bytes + PROFILE_HEAD_BYTES;
    size_t frame_bytes = nr - PROFILE_HEAD_BYTES;
    unsigned long long raw_bytes = ZSTD_getFrameContentSize(frame, frame_bytes);
    bool summed = frame_bytes > FRAME_FLAGS_AT && (frame[FRAME_FLAGS_AT] & FRAME_HAS_CHECKSUM) != 0;
    if (raw_bytes > PROFILE_RAW_MAX || !summed || ZSTD_findFrameCompressedSize(frame, frame_bytes) != frame_bytes) {
        err_set(err, ERR_INPUT, "%s: is a damaged profile: its size is impossible, or it is cut off", name);
        return NULL;
    }
    uint8_t *raw = malloc((size_t)raw_bytes + 1);
    if (raw == NULL) {
        no_memory(name, err);
        return NULL;
    }
    struct profile *profile = NULL;
    size_t got = ZSTD_decompress(raw, (size_t)raw_bytes, frame, frame_bytes);
    if (ZSTD_isError(got) || got != raw_bytes)
        err_set(err, ERR_INPUT, "%s: is a damaged profile: %s", name,
                ZSTD_isError(got) ? ZSTD_getErrorName(got) : "it is too short");
    else
        profile = content_read(raw, (size_t)raw_bytes, name, err);
    free(raw);
    return profile;
}

bool profile_file_is(const char *path)
{
    uint8_t head[PROFILE_HEAD_BYTES];
    struct stat status;
    const char *place = standard_input_place(path);
    if (stat(place, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    int fd = open(place, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    bool is = pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) && head_is(head);
    close(fd);
    return is;
}

struct profile *profile_file_read(const char *path, struct err *err)
{
    const char *name = standard_input_name(path);
    struct profile *profile = NULL;
    struct stat status;
    uint8_t *bytes = NULL;
    FILE *file = fopen(standard_input_place(path), "rbe");
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        err_set_errno(err, ERR_INPUT, errno, "%s", name);
    } else if (!S_ISREG(status.st_mode) || status.st_size > (off_t)ZSTD_compressBound(PROFILE_RAW_MAX)) {
        err_set(err, ERR_INPUT, "%s: is not a profile", name);
    } else if ((bytes = malloc((size_t)status.st_size + 1)) == NULL) {
        no_memory(name, err);
    } else {
        size_t nr = fread(bytes, 1, (size_t)status.st_size, file);
        if (ferror(file))
            err_set_errno(err, ERR_INPUT, errno, "%s", name);
        else
            profile = profile_decode(bytes, nr, name, err);
    }
    free(bytes);
    if (file != NULL)
        fclose(file);
    return profile;
}
