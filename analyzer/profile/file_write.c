/*
 * Functions in the order of their names, nodes in the order of their paths; everything else follows.
 */
#include "profile/file.h"
#include "profile/file_layout.h"
#include "profile/merge.h"
#include "profile/run.h"

#include <stdlib.h>
#include <zstd.h>

/* What is added to these has to be kept as well, and in PROFILE.md. */
_Static_assert(sizeof(struct profile_function) == 160, "keep the new fact of a function in the file");
_Static_assert(sizeof(struct profile_node) == 88, "keep the new fact of a node in the file");

struct writer {
    const struct profile *profile;
    const struct profile_function **functions; /* in the order of the file */
    uint32_t *ranks;                           /* of the profile's functions: their place in that order */
    uint32_t *nodes;                           /* in the order of the file, without the root */
    struct wire content, section;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

/* ---- Order ---------------------------------------------------------------------------------------- */

static int function_compare(const void *a, const void *b)
{
    const struct profile_function *f = *(const struct profile_function *const *)a,
                                  *g = *(const struct profile_function *const *)b;
    return function_order(f, g);
}

static int functions_sort(struct writer *writer)
{
    const struct profile *profile = writer->profile;
    uint32_t nr = profile->nr_functions;
    writer->functions = calloc((size_t)nr + 1, sizeof(*writer->functions));
    writer->ranks = calloc((size_t)nr + 1, sizeof(*writer->ranks));
    if (writer->functions == NULL || writer->ranks == NULL)
        return -1;
    for (uint32_t i = 0; i < nr; i++)
        writer->functions[i] = &profile->functions[i];
    qsort(writer->functions, nr, sizeof(*writer->functions), function_compare);
    for (uint32_t i = 0; i < nr; i++)
        writer->ranks[writer->functions[i] - profile->functions] = i;
    return 0;
}

struct place {
    uint32_t parent, rank, node;
};

static int place_compare(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->parent != q->parent)
        return p->parent < q->parent ? -1 : 1;
    return (p->rank > q->rank) - (p->rank < q->rank);
}

/* Walk the tree, children in the order of their functions. `places` are the nodes by parent; `first` says where those
 * of a parent begin. */
static void nodes_walk(struct writer *writer, const struct place *places, uint32_t *first, uint32_t nr)
{
    const struct profile_node *nodes = writer->profile->nodes;
    uint32_t nr_done = 0;
    for (uint32_t at = 0; nr_done < nr;) {
        uint32_t next = first[at];
        if (next < nr && places[next].parent == at) {
            first[at]++;
            at = places[next].node;
            writer->nodes[nr_done++] = at;
        } else {
            at = nodes[at].parent;
        }
    }
}

static int nodes_sort(struct writer *writer)
{
    const struct profile *profile = writer->profile;
    uint32_t nr = profile->nr_nodes - 1;
    struct place *places = calloc((size_t)nr + 1, sizeof(*places));
    uint32_t *first = calloc((size_t)nr + 1, sizeof(*first));
    writer->nodes = calloc((size_t)nr + 1, sizeof(*writer->nodes));
    bool enough = places != NULL && first != NULL && writer->nodes != NULL;
    if (enough) {
        for (uint32_t i = 0; i < nr; i++) {
            const struct profile_node *node = &profile->nodes[i + 1];
            places[i] = (struct place){node->parent, writer->ranks[node->function], i + 1};
        }
        qsort(places, nr, sizeof(*places), place_compare);
        for (uint32_t i = nr; i-- > 0;)
            first[places[i].parent] = i;
        nodes_walk(writer, places, first, nr);
    }
    free(places);
    free(first);
    return enough ? 0 : -1;
}

/* ---- Sections ------------------------------------------------------------------------------------- */

/* What was put into writer->section since the last one becomes a section. */
static void section_end(struct writer *writer, enum profile_section id)
{
    wire_number(&writer->content, id);
    wire_number(&writer->content, writer->section.nr);
    wire_bytes(&writer->content, writer->section.bytes, writer->section.nr);
    writer->content.failed |= writer->section.failed;
    writer->section.nr = 0;
}

static void runs_put(struct writer *writer)
{
    const struct profile *profile = writer->profile;
    uint32_t thread = 0;
    wire_number(&writer->section, profile->nr_runs);
    wire_number(&writer->section, profile->nr_threads);
    for (uint32_t i = 0; i < profile->nr_runs; i++)
        run_put(&writer->section, profile, i, &thread);
    section_end(writer, SECTION_RUNS);
}

static void notices_put(struct writer *writer)
{
    wire_number(&writer->section, writer->profile->nr_notices);
    for (uint32_t i = 0; i < writer->profile->nr_notices; i++)
        wire_text(&writer->section, writer->profile->notices[i]);
    section_end(writer, SECTION_NOTICES);
}

static void functions_put(struct writer *writer)
{
    struct wire *section = &writer->section;
    wire_number(section, writer->profile->nr_functions);
    for (uint32_t i = 0; i < writer->profile->nr_functions; i++) {
        const struct profile_function *function = writer->functions[i];
        wire_text(section, function->name);
        wire_text(section, function->module);
        wire_text(section, function->file);
        wire_number(section, function->line);
        wire_number(section, function->kind);
        wire_number(section, function->inlined_calls);
        wire_number(section, function->below_ns);
        wire_number(section, function->above_ns);
        wire_number(section, function->repeated_ns);
    }
    section_end(writer, SECTION_FUNCTIONS);
}

static void durations_put(struct writer *writer)
{
    struct wire *section = &writer->section;
    for (uint32_t i = 0; i < writer->profile->nr_functions; i++) {
        const struct histogram *durations = &writer->functions[i]->durations;
        wire_number(section, durations->nr);
        for (uint32_t j = 0; j < durations->nr; j++) {
            wire_number(section, durations->counts[j].bucket - (j > 0 ? durations->counts[j - 1].bucket : 0));
            wire_number(section, durations->counts[j].calls);
        }
    }
    section_end(writer, SECTION_DURATIONS);
}

static uint64_t column_value(const struct writer *writer, uint32_t number, enum profile_column column)
{
    const struct profile_node *node = &writer->profile->nodes[writer->nodes[number]];
    const struct profile_node *before = number > 0 ? &writer->profile->nodes[writer->nodes[number - 1]] : NULL;
    switch (column) {
    case COLUMN_UP:
        return (before != NULL ? before->depth : 0) + 1 - node->depth;
    case COLUMN_FUNCTION:
        return writer->ranks[node->function];
    case COLUMN_CALLS:
        return node->calls;
    case COLUMN_RAW:
        return node->raw_exclusive_ns;
    case COLUMN_CORRECTION:
        return tf_zigzag(node->exclusive_ns - node->raw_exclusive_ns);
    case COLUMN_INHERITED:
        return node->inherited_ns;
    case COLUMN_MIN:
        return node->min_ns;
    case COLUMN_SPAN:
        return node->max_ns - node->min_ns;
    case NR_COLUMNS:
        break;
    }
    return 0;
}

static void nodes_put(struct writer *writer)
{
    uint32_t nr = writer->profile->nr_nodes - 1;
    wire_number(&writer->section, nr);
    for (enum profile_column column = 0; column < NR_COLUMNS; column++) {
        for (uint32_t i = 0; i < nr; i++)
            wire_number(&writer->section, column_value(writer, i, column));
    }
    section_end(writer, SECTION_NODES);
}

/* ---- The file ------------------------------------------------------------------------------------- */

static void head_put(struct out *out)
{
    uint8_t head[PROFILE_HEAD_BYTES];
    tf_store32(head, TF_FRAME_MAGIC);
    tf_store32(head + 4, PROFILE_HEAD_BYTES - 8);
    memcpy(head + 8, PROFILE_SIGNATURE, PROFILE_VERSION_AT - 8);
    tf_store16(head + PROFILE_VERSION_AT, PROFILE_VERSION);
    out_bytes(out, (const char *)head, sizeof(head));
}

static int content_write(const struct wire *content, struct out *out, struct err *err)
{
    size_t room = ZSTD_compressBound(content->nr);
    char *packed = malloc(room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    int result = -1;
    if (packed == NULL || context == NULL) {
        no_memory(err);
    } else {
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        size_t nr = ZSTD_compress2(context, packed, room, content->bytes, content->nr);
        if (ZSTD_isError(nr)) {
            err_set(err, ERR_INPUT, "a profile cannot be compressed: %s", ZSTD_getErrorName(nr));
        } else {
            head_put(out);
            out_bytes(out, packed, nr);
            result = 0;
        }
    }
    ZSTD_freeCCtx(context);
    free(packed);
    return result;
}

static int canonical_write(struct writer *writer, struct out *out, struct err *err)
{
    const struct profile *profile = writer->profile;
    if (profile->nr_nodes > PROFILE_NODES_MAX || profile->nr_functions > PROFILE_FUNCTIONS_MAX)
        return err_set(err, ERR_INPUT, "the profile is too large for a file: %u call paths", profile->nr_nodes);
    if (functions_sort(writer) != 0 || nodes_sort(writer) != 0)
        return no_memory(err);
    runs_put(writer);
    notices_put(writer);
    functions_put(writer);
    durations_put(writer);
    nodes_put(writer);
    if (writer->content.failed)
        return no_memory(err);
    if (writer->content.nr > PROFILE_RAW_MAX)
        return err_set(err, ERR_INPUT, "the profile is too large for a file: %zu bytes", writer->content.nr);
    return content_write(&writer->content, out, err);
}

int profile_file_write(const struct profile *profile, struct out *out, struct err *err)
{
    struct profile *merged = profile_merge(&profile, 1, err);
    struct writer writer = {.profile = merged};
    int result = merged == NULL ? -1 : canonical_write(&writer, out, err);
    wire_release(&writer.content);
    wire_release(&writer.section);
    free(writer.functions);
    free(writer.ranks);
    free(writer.nodes);
    profile_free(merged);
    return result;
}
