#include "profile/heap_pointers.h"

#include <stdlib.h>
#include <string.h>

#define POINTERS_MAX (1u << 29)
#define PAGE_MASK    ((uint64_t)TF_PAGE_BYTES - 1)
#define CHUNK_HEAD   8u  /* what glibc puts before a block, beside what may be the end of the block before … */
#define CHUNK_ALIGN  16u /* … and to what it rounds the sum */
#define ARENA_MASK   ((64ull << 20) - 1)

/* ---- Places --------------------------------------------------------------------------------------- */

static uint64_t address_of(const struct heap_block *block)
{
    return block->address & ~(uint64_t)TF_POOL_ADDRESS;
}

static bool is_pool(const struct heap_block *block)
{
    return (block->address & TF_POOL_ADDRESS) != 0;
}

static int place_compare(const void *a, const void *b)
{
    const struct block_place *one = a, *other = b;
    if (one->start != other->start)
        return one->start < other->start ? -1 : 1;
    return (one->block > other->block) - (one->block < other->block); /* what is there before what is gone */
}

static void place_put(struct block_places *places, const struct heap_block *block, uint32_t number)
{
    uint64_t start = address_of(block);
    uint64_t bytes = block->bytes == 0 ? 1 : block->bytes;
    places->all[places->nr++] = (struct block_place){
        .start = start, .end = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes, .block = number};
}

/* Sort places[first …), and let none of them reach into another: what is gone yields to what is there. */
static void places_settle(struct block_places *places, uint32_t first)
{
    struct block_place *all = places->all;
    uint32_t kept = first;
    qsort(all + first, places->nr - first, sizeof(*all), place_compare);
    for (uint32_t i = first; i < places->nr; i++) {
        bool overlaps = kept > first && all[kept - 1].end > all[i].start;
        if (overlaps && (all[i].block & PLACE_GONE) != 0)
            continue;
        if (overlaps && (all[kept - 1].block & PLACE_GONE) != 0)
            kept--;
        else if (overlaps)
            all[kept - 1].end = all[i].start;
        all[kept++] = all[i];
    }
    places->nr = kept;
}

int block_places_make(struct block_places *places, const struct heap_live *live, struct err *err)
{
    *places = (struct block_places){0};
    if (live->nr + live->nr_gone >= POINTERS_MAX)
        return err_set(err, ERR_INPUT, "more live blocks than can be looked at: %zu", live->nr);
    places->all = malloc((live->nr + live->nr_gone + 1) * sizeof(*places->all));
    if (places->all == NULL)
        return err_set(err, ERR_INPUT, "out of memory: %zu live blocks", live->nr);
    for (int pools = 0; pools < 2; pools++) {
        uint32_t first = places->nr_blocks = places->nr;
        for (size_t i = 0; i < live->nr; i++)
            if (is_pool(&live->blocks[i]) == (pools != 0))
                place_put(places, &live->blocks[i], (uint32_t)i);
        for (size_t i = 0; i < live->nr_gone; i++)
            if (is_pool(&live->gone[i]) == (pools != 0))
                place_put(places, &live->gone[i], (uint32_t)i | PLACE_GONE);
        places_settle(places, first);
    }
    return 0;
}

void block_places_release(struct block_places *places)
{
    free(places->all);
    *places = (struct block_places){0};
}

/* The first of places[first … end) that ends behind `address`; `end`: none. */
static uint32_t place_behind(const struct block_places *places, uint32_t first, uint32_t end, uint64_t address)
{
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (places->all[middle].end <= address)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/* ---- The scan ------------------------------------------------------------------------------------- */

struct scan {
    struct heap_pointers *pointers;
    struct heap_roots *roots;
    const struct block_places *places;
    uint64_t low[2], high[2]; /* bounds of the addresses in blocks, and in pools */
    size_t range;             /* ranges below it have gone by */
    struct err *err;
};

static bool value_find(const struct scan *scan, uint64_t value, uint32_t *to)
{
    for (int pools = 1; pools >= 0; pools--) { /* a pool's block lies in one of malloc's: the inner one counts */
        if (value < scan->low[pools] || value >= scan->high[pools])
            continue;
        uint32_t first = pools ? scan->places->nr_blocks : 0;
        uint32_t end = pools ? scan->places->nr : scan->places->nr_blocks;
        uint32_t found = place_behind(scan->places, first, end, value);
        if (found < end && scan->places->all[found].start <= value) {
            *to = found | (scan->places->all[found].start != value ? POINTER_INTERIOR : 0);
            return true;
        }
    }
    return false;
}

/* The pointers of glibc's malloc are to what it puts before the next block, which is the end of this one. */
static bool is_of_malloc(const struct scan *scan, uint32_t from, uint64_t value, uint32_t to)
{
    const struct block_place *place = &scan->places->all[to & ~POINTER_INTERIOR];
    uint32_t range = from & ~POINTER_ROOT;
    if ((from & POINTER_ROOT) == 0 || range >= scan->roots->nr || !scan->roots->ranges[range].is_libc)
        return false;
    uint64_t chunk = (place->end - place->start + CHUNK_HEAD + CHUNK_ALIGN - 1) & ~(uint64_t)(CHUNK_ALIGN - 1);
    return value == place->start - CHUNK_ALIGN + chunk;
}

static int pointer_add(struct scan *scan, uint64_t at, uint32_t from, uint64_t value)
{
    struct heap_pointers *pointers = scan->pointers;
    uint32_t to;
    if (!value_find(scan, value, &to) || is_of_malloc(scan, from, value, to))
        return 0;
    if (pointers->nr >= POINTERS_MAX)
        return err_set(scan->err, ERR_INPUT, "more pointers than can be looked at: %zu", pointers->nr);
    void *all = array_grow(pointers->all, pointers->nr, &pointers->capacity, sizeof(*pointers->all));
    if (all == NULL)
        return err_set(scan->err, ERR_INPUT, "out of memory: %zu pointers", pointers->nr);
    pointers->all = all;
    pointers->all[pointers->nr++] = (struct heap_pointer){.at = at, .from = from, .to = to};
    return 0;
}

/* The whole words of [start, end); `contents` are those of `start`. */
static int words_scan(struct scan *scan, uint64_t start, uint64_t end, const uint8_t *contents, uint32_t from)
{
    uint64_t at = (start + 7) & ~7ull;
    uint64_t low = scan->low[0] < scan->low[1] ? scan->low[0] : scan->low[1];
    uint64_t high = scan->high[0] > scan->high[1] ? scan->high[0] : scan->high[1];
    for (; at + 8 <= end; at += 8) {
        uint64_t value = tf_load64(contents + (at - start));
        if (value - low < high - low && pointer_add(scan, at, from, value) != 0)
            return -1;
    }
    return 0;
}

/* glibc's heaps begin with the address of their arena, which lies at the beginning of such a heap. */
static bool is_arena(uint64_t first_word)
{
    return first_word > ARENA_MASK && (first_word & ARENA_MASK) >= 0x10 && (first_word & ARENA_MASK) <= 0x80;
}

/* Memory of a root, between blocks. */
static int root_scan(struct scan *scan, uint64_t start, uint64_t end, const uint8_t *contents, uint32_t block)
{
    struct root_range *range = &scan->roots->ranges[scan->range];
    const struct block_places *places = scan->places;
    if (range->may_be_arena && start == range->start) {
        range->may_be_arena = false;
        if (is_arena(tf_load64(contents)))
            range->end = range->start; /* nothing of it counts */
    }
    uint64_t from = start, to = end < range->end ? end : range->end;
    if (range->has_gaps && block > 0 && places->all[block - 1].end > (start & ~PAGE_MASK))
        from = (start + PAGE_MASK) & ~PAGE_MASK;
    if (range->has_gaps && block < places->nr_blocks && to > (places->all[block].start & ~PAGE_MASK))
        to = places->all[block].start & ~PAGE_MASK;
    if (from >= to)
        return 0;
    return words_scan(scan, from, to, contents + (from - start), (uint32_t)scan->range | POINTER_ROOT);
}

/* What begins at `at`: a pool's block, a block, a root or nothing; and up to where, at most `end`. */
static int piece_scan(struct scan *scan, uint64_t at, uint64_t *end, const uint8_t *contents)
{
    const struct block_places *places = scan->places;
    const struct heap_roots *roots = scan->roots;
    uint32_t pool = place_behind(places, places->nr_blocks, places->nr, at);
    uint32_t block = place_behind(places, 0, places->nr_blocks, at);
    uint32_t inside = UINT32_MAX;
    if (block < places->nr_blocks && places->all[block].start <= at)
        inside = block;
    else if (block < places->nr_blocks && places->all[block].start < *end)
        *end = places->all[block].start;
    if (pool < places->nr && places->all[pool].start <= at)
        inside = pool;
    else if (pool < places->nr && places->all[pool].start < *end)
        *end = places->all[pool].start;
    if (inside != UINT32_MAX) {
        if (places->all[inside].end < *end)
            *end = places->all[inside].end;
        return words_scan(scan, at, *end, contents, inside);
    }
    while (scan->range < roots->nr && roots->ranges[scan->range].end <= at)
        scan->range++;
    if (scan->range == roots->nr)
        return 0;
    const struct root_range *range = &roots->ranges[scan->range];
    if (range->start > at) {
        *end = range->start < *end ? range->start : *end;
        return 0;
    }
    *end = range->end < *end ? range->end : *end;
    return root_scan(scan, at, *end, contents, block);
}

static int run_visit(void *context, uint64_t address, const uint8_t *contents, size_t bytes, struct err *err)
{
    struct scan *scan = context;
    uint64_t end = address + bytes;
    scan->err = err;
    for (uint64_t at = address; at < end;) {
        uint64_t piece_end = end;
        if (piece_scan(scan, at, &piece_end, contents + (at - address)) != 0)
            return -1;
        at = piece_end;
    }
    return 0;
}

/* What the registers hold, and where the stacks are: some lie in blocks. */
static int registers_scan(struct scan *scan, const struct image *image)
{
    for (uint32_t i = 0; i < image->nr_threads; i++) {
        const struct image_thread *thread = &image->threads[i];
        uint32_t from = (uint32_t)scan->roots->nr + i;
        if (pointer_add(scan, 0, from | POINTER_ROOT, thread->stack_pointer) != 0)
            return -1;
        for (uint32_t j = 0; j < thread->nr_registers; j++)
            if (pointer_add(scan, 0, from | POINTER_ROOT, thread->registers[j]) != 0)
                return -1;
    }
    return 0;
}

int heap_pointers_find(struct heap_pointers *pointers, struct image *image, struct heap_roots *roots,
                       const struct block_places *places, struct err *err)
{
    struct scan scan = {
        .pointers = pointers, .roots = roots, .places = places, .low = {UINT64_MAX, UINT64_MAX}, .err = err};
    *pointers = (struct heap_pointers){0};
    for (uint32_t i = 0; i < places->nr; i++) {
        int pools = i >= places->nr_blocks;
        scan.low[pools] = places->all[i].start < scan.low[pools] ? places->all[i].start : scan.low[pools];
        scan.high[pools] = places->all[i].end > scan.high[pools] ? places->all[i].end : scan.high[pools];
    }
    if (places->nr > 0 && registers_scan(&scan, image) != 0)
        return -1;
    return image_scan(image, run_visit, &scan, err);
}

void heap_pointers_release(struct heap_pointers *pointers)
{
    free(pointers->all);
    *pointers = (struct heap_pointers){0};
}
