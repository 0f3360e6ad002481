/* scan.c: the same as looking at every symbol by itself. */
#include "random.h"
#include "trace/scan.h"
#include "suite.h"

#include "tracert/format.h"

#include <check.h>
#include <stdlib.h>

static struct symbols_scan symbols_look(const uint8_t *symbols, uint32_t nr, uint32_t limit, uint32_t begin)
{
    struct symbols_scan scan = {.least = begin, .most = begin};
    int64_t depth = begin;
    for (uint32_t i = 0; i < nr; i++) {
        unsigned symbol = symbols[2 * i] | (unsigned)symbols[2 * i + 1] << 8;
        if (symbol >= limit || symbol == 6 || symbol == 7)
            scan.wrong = true;
        scan.nr_ext += symbol == TF_SYM_EXT;
        scan.nr_allocs += symbol == TF_SYM_ALLOC;
        scan.nr_releases += symbol == TF_SYM_FREE || symbol == TF_SYM_REALLOC;
        if (symbol >= TF_SYM_ENTER)
            depth++;
        else if (symbol <= TF_SYM_UNWIND)
            depth--;
        scan.least = depth < scan.least ? depth : scan.least;
        scan.most = depth > scan.most ? depth : scan.most;
    }
    return scan;
}

/* Enters and leaves; by the seed, other symbols now and then, and ones that mean nothing. */
static void symbols_make(uint64_t seed, uint8_t *symbols, uint32_t nr, uint32_t limit)
{
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t r = random_next(&state);
        unsigned symbol = r % 9 < 4 + seed % 2 ? (unsigned)(r >> 8) % 2 : 8 + (unsigned)(r >> 8) % (limit - 8);
        if (seed % 3 == 1 && r >> 40 < 1 << 20)
            symbol = 2 + (unsigned)(r >> 8) % 4;
        if (seed % 7 == 5 && r >> 50 < 10)
            symbol = r % 2 ? 6 + (unsigned)(r >> 8) % 2 : limit + (unsigned)(r >> 8) % 3;
        symbols[2 * i] = (uint8_t)symbol;
        symbols[2 * i + 1] = (uint8_t)(symbol >> 8);
    }
}

START_TEST(symbols_are_all_seen)
{
    uint64_t seed = (uint64_t)_i;
    uint32_t nr = (uint32_t)(seed * 37 % 1000), limit = seed % 5 == 0 ? 65536 : 9 + (uint32_t)(seed * 7919 % 60000);
    uint8_t *symbols = calloc(2, (size_t)nr + 1);
    symbols_make(seed, symbols, nr, limit);
    struct symbols_scan scan = symbols_scan(symbols, nr, limit, 100), look = symbols_look(symbols, nr, limit, 100);
    ck_assert_int_eq(scan.wrong, look.wrong);
    ck_assert_int_eq(scan.least, look.least);
    ck_assert_int_eq(scan.most, look.most);
    ck_assert_uint_eq(scan.nr_ext, look.nr_ext);
    ck_assert_uint_eq(scan.nr_allocs, look.nr_allocs);
    ck_assert_uint_eq(scan.nr_releases, look.nr_releases);
    free(symbols);
}

END_TEST

START_TEST(deltas_are_all_added)
{
    uint64_t state = (uint64_t)_i * 0x9E3779B97F4A7C15u + 1, units = 0;
    uint32_t nr = (uint32_t)_i * 41 % 1000, nr_wide = 0;
    uint8_t *deltas = calloc(1, (size_t)nr + 1);
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t r = random_next(&state);
        deltas[i] = (uint8_t)(_i % 3 == 0 ? 254 - r % 2 : _i % 3 == 1 ? r % 256 : r % 16 == 0 ? 255 : 1);
        units += deltas[i] == 255 ? 0 : deltas[i];
        nr_wide += deltas[i] == 255;
    }
    struct deltas_scan scan = deltas_scan(deltas, nr);
    ck_assert_uint_eq(scan.units, units);
    ck_assert_uint_eq(scan.nr_wide, nr_wide);
    free(deltas);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("scan");
    TCase *tcase = tcase_create("scan");
    tcase_add_loop_test(tcase, symbols_are_all_seen, 0, 200);
    tcase_add_loop_test(tcase, deltas_are_all_added, 0, 60);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
