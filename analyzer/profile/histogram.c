#include "profile/histogram.h"

#include <stdlib.h>
#include <string.h>

/* ---- Buckets -------------------------------------------------------------------------------------- */

uint64_t histogram_least(uint32_t bucket)
{
    if (bucket < HISTOGRAM_GROUP)
        return bucket;
    return (uint64_t)(HISTOGRAM_GROUP + bucket % HISTOGRAM_GROUP) << (bucket / HISTOGRAM_GROUP - 1);
}

uint64_t histogram_greatest(uint32_t bucket)
{
    return bucket + 1 < HISTOGRAM_BUCKETS ? histogram_least(bucket + 1) - 1 : UINT64_MAX;
}

uint64_t histogram_middle(uint32_t bucket)
{
    uint64_t least = histogram_least(bucket);
    return least + (histogram_greatest(bucket) - least) / 2;
}

/* ---- Finished ones -------------------------------------------------------------------------------- */

uint64_t histogram_calls(const struct histogram *histogram)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < histogram->nr; i++)
        calls += histogram->counts[i].calls;
    return calls;
}

uint64_t histogram_quantile(const struct histogram *histogram, uint32_t permille)
{
    __extension__ unsigned __int128 wanted = (unsigned __int128)histogram_calls(histogram) * permille;
    uint64_t rank = (uint64_t)((wanted + 999) / 1000), calls = 0;
    for (uint32_t i = 0; i < histogram->nr; i++) {
        calls += histogram->counts[i].calls;
        if (calls >= rank)
            return histogram_middle(histogram->counts[i].bucket);
    }
    return 0;
}

/* Both are in order: the usual merge of two lists. */
static uint32_t counts_merge(struct histogram_count *merged, const struct histogram *a, const struct histogram *b)
{
    uint32_t nr = 0, i = 0, j = 0;
    while (i < a->nr || j < b->nr) {
        bool from_a = i < a->nr && (j == b->nr || a->counts[i].bucket <= b->counts[j].bucket);
        bool from_b = j < b->nr && (i == a->nr || b->counts[j].bucket <= a->counts[i].bucket);
        merged[nr].bucket = from_a ? a->counts[i].bucket : b->counts[j].bucket;
        merged[nr].calls = (from_a ? a->counts[i].calls : 0) + (from_b ? b->counts[j].calls : 0);
        i += from_a;
        j += from_b;
        nr++;
    }
    return nr;
}

int histogram_add(struct histogram *to, const struct histogram *from)
{
    if (from->nr == 0)
        return 0;
    struct histogram_count *merged = calloc((size_t)to->nr + from->nr, sizeof(*merged));
    if (merged == NULL)
        return -1;
    uint32_t nr = counts_merge(merged, to, from);
    free(to->counts);
    *to = (struct histogram){merged, nr};
    return 0;
}

/* ---- Many, while they grow ------------------------------------------------------------------------ */

int histogram_set_reserve(struct histogram_set *set, size_t nr)
{
    if (set->groups == NULL) {
        set->groups_capacity = 64;
        set->groups = calloc(set->groups_capacity, sizeof(*set->groups));
        if (set->groups == NULL)
            return -1;
        set->nr_groups = 1;
    }
    if (nr > set->capacity) {
        size_t capacity = nr + nr / 2 + 16;
        void *members = realloc(set->members, capacity * sizeof(*set->members));
        if (members == NULL)
            return -1;
        set->members = members;
        memset(set->members + set->capacity, 0, (capacity - set->capacity) * sizeof(*set->members));
        set->capacity = capacity;
    }
    set->nr_members = nr > set->nr_members ? nr : set->nr_members;
    return 0;
}

void histogram_set_release(struct histogram_set *set)
{
    free(set->members);
    free(set->groups);
    *set = (struct histogram_set){0};
}

uint32_t histogram_set_open(struct histogram_set *set, uint32_t member, uint32_t bucket)
{
    if (set->nr_groups == set->groups_capacity) {
        size_t capacity = 2 * set->groups_capacity;
        struct histogram_group *groups = realloc(set->groups, capacity * sizeof(*groups));
        if (groups == NULL) {
            set->failed = true;
            return 0;
        }
        memset(groups + set->groups_capacity, 0, (capacity - set->groups_capacity) * sizeof(*groups));
        set->groups = groups;
        set->groups_capacity = capacity;
    }
    return set->members[member][bucket / HISTOGRAM_GROUP] = set->nr_groups++;
}

void histogram_set_each(const struct histogram_set *set, uint32_t member,
                        void (*take)(void *context, uint32_t bucket, uint64_t calls), void *context)
{
    for (uint32_t i = 0; member < set->nr_members && i < HISTOGRAM_GROUPS; i++) {
        uint32_t group = set->members[member][i];
        for (uint32_t j = 0; group != 0 && j < HISTOGRAM_GROUP; j++) {
            if (set->groups[group].calls[j] > 0)
                take(context, i * HISTOGRAM_GROUP + j, set->groups[group].calls[j]);
        }
    }
}
