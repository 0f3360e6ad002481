#include "profile/snapshot_diff.h"

#include <stdlib.h>
#include <string.h>

/* A call path that both have in common, or one of them has: its parent's number in this list, and its function. */
struct common {
    uint32_t parent;
    const struct heap_function *function;
    uint32_t paths[2]; /* in each of the two; GRAPH_NONE */
};

struct matcher {
    struct common *all; /* all[0] is the empty path */
    uint32_t nr;
    size_t capacity;
    struct index index;
    struct err *err;
};

struct common_key {
    uint32_t parent;
    const struct heap_function *function;
};

static bool common_equal(const void *table, uint32_t number, const void *key)
{
    const struct common *one = &((const struct common *)table)[number];
    const struct common_key *other = key;
    return one->parent == other->parent && strcmp(one->function->label, other->function->label) == 0 &&
           strcmp(one->function->module, other->function->module) == 0;
}

/* The number of a path; GRAPH_NONE without memory. */
static uint32_t common_number(struct matcher *matcher, const struct common_key *key)
{
    uint64_t hash = index_hash(&matcher->index, key->parent,
                               index_hash_bytes(&matcher->index, key->function->label, strlen(key->function->label)));
    uint32_t number = index_find(&matcher->index, hash, common_equal, matcher->all, key);
    if (number != INDEX_NONE)
        return number;
    struct common *all = array_grow(matcher->all, matcher->nr, &matcher->capacity, sizeof(*all));
    if (all != NULL)
        matcher->all = all;
    if (all == NULL || index_add(&matcher->index, hash, matcher->nr) != 0)
        return GRAPH_NONE;
    all[matcher->nr] = (struct common){key->parent, key->function, {GRAPH_NONE, GRAPH_NONE}};
    return matcher->nr++;
}

/* Enter the paths of one of the two; parents come before their children. */
static int paths_enter(struct matcher *matcher, const struct heap_profile *heap, int which)
{
    uint32_t *numbers = calloc((size_t)heap->nr_nodes + 1, sizeof(*numbers));
    int result = numbers == NULL ? err_set(matcher->err, ERR_INPUT, "out of memory") : 0;
    matcher->all[0].paths[which] = 0;
    for (uint32_t i = 1; i < heap->nr_nodes && result == 0; i++) {
        const struct common_key key = {numbers[heap->nodes[i].parent], &heap->functions[heap->nodes[i].function]};
        numbers[i] = common_number(matcher, &key);
        if (numbers[i] == GRAPH_NONE)
            result = err_set(matcher->err, ERR_INPUT, "out of memory");
        else
            matcher->all[numbers[i]].paths[which] = i;
    }
    free(numbers);
    return result;
}

static void amounts_get(const struct snapshot *snapshot, uint32_t path, struct heap_amount *live,
                        struct heap_amount *lost)
{
    if (path == GRAPH_NONE)
        return;
    for (unsigned i = 0; i < NR_BLOCK_STATES; i++) {
        const struct heap_amount *amount = &snapshot->paths[path].states[i];
        live->bytes += amount->bytes;
        live->blocks += amount->blocks;
        if (i == BLOCK_LOST || i == BLOCK_INDIRECTLY_LOST) {
            lost->bytes += amount->bytes;
            lost->blocks += amount->blocks;
        }
    }
}

static int64_t growth(const struct snapshot_change *change)
{
    return (int64_t)(change->after.bytes - change->before.bytes);
}

static int change_compare(const void *a, const void *b)
{
    const struct snapshot_change *one = a, *other = b;
    if (growth(one) != growth(other))
        return growth(one) > growth(other) ? -1 : 1;
    if (one->after_path != other->after_path)
        return one->after_path < other->after_path ? -1 : 1;
    return (one->before_path > other->before_path) - (one->before_path < other->before_path);
}

int snapshot_diff_make(struct snapshot_diff *diff, const struct snapshot *before, const struct snapshot *after,
                       struct err *err)
{
    struct matcher matcher = {.err = err};
    *diff = (struct snapshot_diff){.before = before, .after = after};
    index_init(&matcher.index);
    matcher.all = array_grow(NULL, 0, &matcher.capacity, sizeof(*matcher.all));
    int result = matcher.all == NULL ? err_set(err, ERR_INPUT, "out of memory") : 0;
    if (result == 0) {
        static const struct heap_function nobody = {.label = "", .module = ""};
        matcher.all[matcher.nr++] = (struct common){0, &nobody, {GRAPH_NONE, GRAPH_NONE}};
        result = paths_enter(&matcher, before->heap, 0) != 0 ? -1 : paths_enter(&matcher, after->heap, 1);
    }
    diff->changes = calloc((size_t)matcher.nr + 1, sizeof(*diff->changes));
    if (result == 0 && diff->changes == NULL)
        result = err_set(err, ERR_INPUT, "out of memory");
    for (uint32_t i = 0; i < matcher.nr && result == 0; i++) {
        struct snapshot_change change = {.before_path = matcher.all[i].paths[0], .after_path = matcher.all[i].paths[1]};
        amounts_get(before, change.before_path, &change.before, &change.lost_before);
        amounts_get(after, change.after_path, &change.after, &change.lost_after);
        if (change.before.blocks > 0 || change.after.blocks > 0)
            diff->changes[diff->nr++] = change;
    }
    if (diff->nr > 0)
        qsort(diff->changes, diff->nr, sizeof(*diff->changes), change_compare);
    index_release(&matcher.index);
    free(matcher.all);
    return result;
}

void snapshot_diff_release(struct snapshot_diff *diff)
{
    free(diff->changes);
    *diff = (struct snapshot_diff){0};
}
