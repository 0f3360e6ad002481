/*
 * Ranges that come, go, overlap, move and are cut, against a table of pages that does the same page by page.
 */
#include "profile/mappings.h"
#include "random.h"
#include "suite.h"

#include <check.h>
#include <string.h>

enum { NR_PROCESSES = 2, NR_PAGES = 40, NR_ROUNDS = 2000 };

static uint8_t pages[NR_PROCESSES][NR_PAGES];

static uint64_t pages_set(uint32_t process, uint64_t start, uint64_t nr, uint8_t value)
{
    uint64_t before = 0;
    for (uint64_t i = start; i < start + nr; i++) {
        before += pages[process][i];
        pages[process][i] = value;
    }
    return before;
}

static uint64_t pages_count(void)
{
    uint64_t nr = 0;
    for (int i = 0; i < NR_PROCESSES * NR_PAGES; i++)
        nr += pages[i / NR_PAGES][i % NR_PAGES];
    return nr;
}

/* The ranges are in order, do not overlap, and are the pages. */
static void ranges_compare(const struct mappings *mappings)
{
    uint8_t seen[NR_PROCESSES][NR_PAGES] = {{0}};
    for (size_t i = 0; i < mappings->nr; i++) {
        const struct mapping *range = &mappings->ranges[i];
        ck_assert(range->start < range->end);
        if (i > 0 && range[-1].process == range->process)
            ck_assert(range[-1].end <= range->start);
        for (uint64_t page = range->start; page < range->end; page++)
            seen[range->process][page] = 1;
    }
    ck_assert_mem_eq(seen, pages, sizeof seen);
}

START_TEST(ranges_are_the_pages)
{
    struct mappings mappings = {0};
    uint64_t random = 0x9E3779B97F4A7C15u + (uint64_t)_i, mapped = 0, unmapped = 0, peak = 0;
    memset(pages, 0, sizeof pages);
    for (int round = 0; round < NR_ROUNDS; round++) {
        random_next(&random);
        uint32_t process = random >> 8 & 1;
        uint64_t start = (random >> 16) % NR_PAGES, nr = (random >> 32) % (NR_PAGES - start + 1), removed;
        if (random >> 60 < 7) {
            unmapped += pages_set(process, start, nr, 1);
            mapped += nr;
            ck_assert_int_eq(mappings_add(&mappings, process, start, nr), 0);
        } else {
            uint64_t expected = pages_set(process, start, nr, 0);
            ck_assert_int_eq(mappings_remove(&mappings, process, start, nr, &removed), 0);
            ck_assert_uint_eq(removed, expected);
            unmapped += expected;
        }
        peak = pages_count() > peak ? pages_count() : peak;
        ranges_compare(&mappings);
    }
    ck_assert_uint_eq(mappings.totals.mapped, mapped);
    ck_assert_uint_eq(mappings.totals.unmapped, unmapped);
    ck_assert_uint_eq(mappings.totals.live, pages_count());
    ck_assert_uint_eq(mappings.totals.live, mapped - unmapped);
    ck_assert_uint_eq(mappings.totals.peak, peak);
    mappings_release(&mappings);
}

END_TEST

/* What moves counts where it is; what was not known does not become known by moving. */
START_TEST(what_moves_is_what_was_there)
{
    struct mappings mappings = {0};
    uint64_t moved = 0;
    const struct chunk_ext all[] = {
        {.kind = TF_EXT_MAPPED, .number = 100, .second = 10, .third = TF_MAP_PLAIN},
        {.kind = TF_EXT_UNMAPPED, .number = 100, .second = 10, .third = TF_MAP_MOVED}, /* mremap */
        {.kind = TF_EXT_MAPPED, .number = 500, .second = 30, .third = TF_MAP_MOVED},
        {.kind = TF_EXT_UNMAPPED, .number = 900, .second = 10, .third = TF_MAP_MOVED}, /* of a file */
        {.kind = TF_EXT_MAPPED, .number = 950, .second = 10, .third = TF_MAP_MOVED},
        {.kind = TF_EXT_MARK, .number = 1, .second = 1000},
        {.kind = TF_EXT_MAPPED, .number = UINT64_MAX - 5, .second = 100, .third = TF_MAP_PLAIN}, /* of a forger */
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ck_assert_int_eq(mappings_take(&mappings, 1, &all[i], &moved), 0);
    ck_assert_uint_eq(mappings.nr, 2);
    ck_assert(mappings.ranges[0].start == 500 && mappings.ranges[0].end == 530);
    ck_assert_uint_eq(mappings.totals.live, 35);
    mappings_release(&mappings);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("mappings");
    TCase *tcase = tcase_create("mappings");
    tcase_add_loop_test(tcase, ranges_are_the_pages, 0, 3);
    tcase_add_test(tcase, what_moves_is_what_was_there);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
