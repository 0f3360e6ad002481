/*
 * Every symbol of every trace passes through here, so it is done in words: of eight symbols, which enter a frame? Most
 * of them enter or leave one; a group with another one is looked at symbol by symbol.
 */
#include "trace/scan.h"

#include "tracert/format.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are loaded from a file of little-endian numbers");

enum { GROUP = 8 };

typedef uint16_t lanes_t __attribute__((vector_size(2 * GROUP)));

/* ---- Symbols -------------------------------------------------------------------------------------- */

/* Of four symbols (bit 0 is the first one; set: it enters): how the depth changes, and the most that it falls and rises
 * on the way. */
static const int8_t four_net[16] = {-4, -2, -2, 0, -2, 0, 0, 2, -2, 0, 0, 2, 0, 2, 2, 4};
static const int8_t four_least[16] = {-4, -2, -2, 0, -2, 0, -1, 0, -3, -1, -1, 0, -2, 0, -1, 0};
static const int8_t four_most[16] = {0, 1, 0, 2, 0, 1, 1, 3, 0, 1, 0, 2, 0, 2, 2, 4};

static inline void depth_take(struct symbols_scan *scan, int64_t least, int64_t most)
{
    scan->least = least < scan->least ? least : scan->least;
    scan->most = most > scan->most ? most : scan->most;
}

/* Symbol by symbol; returns the depth behind them. */
static int64_t symbols_step(struct symbols_scan *scan, const uint8_t *symbols, uint32_t nr, uint32_t limit,
                            int64_t depth)
{
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t symbol = tf_load16(symbols + 2 * (size_t)i);
        scan->wrong |= symbol >= limit || (symbol > TF_SYM_REALLOC && symbol < TF_SYM_ENTER);
        scan->nr_ext += symbol == TF_SYM_EXT;
        scan->nr_allocs += symbol == TF_SYM_ALLOC;
        scan->nr_releases += symbol == TF_SYM_FREE || symbol == TF_SYM_REALLOC;
        depth += (symbol >= TF_SYM_ENTER) - (symbol < TF_SYM_EXT);
        depth_take(scan, depth, depth);
    }
    return depth;
}

/* A bit for each of eight symbols: does it enter? More than 255 when one of them does neither that nor leave. */
static inline uint32_t group_enters(const uint8_t *symbols, uint16_t last)
{
    static const lanes_t weights = {1, 2, 4, 8, 16, 32, 64, 128};
    lanes_t group;
    uint64_t halves[2];
    memcpy(&group, symbols, sizeof(group));
    lanes_t enters = (lanes_t)(group >= TF_SYM_ENTER);
    lanes_t others = (lanes_t)((group > TF_SYM_UNWIND) & ~enters) | (lanes_t)(group > last);
    lanes_t bits = (enters & weights) | (others & 0x100);
    memcpy(halves, &bits, sizeof(halves));
    /* The sum of all lanes: the product adds them up in its highest one. */
    return (uint32_t)(((halves[0] + halves[1]) * 0x0001000100010001u) >> 48);
}

struct symbols_scan symbols_scan(const uint8_t *symbols, uint32_t nr, uint32_t limit, uint32_t depth)
{
    struct symbols_scan scan = {.least = depth, .most = depth};
    int64_t now = depth;
    uint16_t last = (uint16_t)(limit - 1);
    uint32_t i = 0;
    for (; i + GROUP <= nr; i += GROUP) {
        uint32_t enters = group_enters(symbols + 2 * (size_t)i, last);
        if (__builtin_expect(enters > 255, 0)) {
            now = symbols_step(&scan, symbols + 2 * (size_t)i, GROUP, limit, now);
            continue;
        }
        uint32_t first = enters & 15, second = enters >> 4;
        int64_t middle = now + four_net[first];
        depth_take(&scan, now + four_least[first], now + four_most[first]);
        depth_take(&scan, middle + four_least[second], middle + four_most[second]);
        now = middle + four_net[second];
    }
    symbols_step(&scan, symbols + 2 * (size_t)i, nr - i, limit, now);
    return scan;
}

/* ---- Deltas --------------------------------------------------------------------------------------- */

static void deltas_step(struct deltas_scan *scan, const uint8_t *deltas, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        bool wide = deltas[i] == TF_DELTA_WIDE;
        scan->nr_wide += wide;
        scan->units += wide ? 0 : deltas[i];
    }
}

struct deltas_scan deltas_scan(const uint8_t *deltas, uint32_t nr)
{
    const uint64_t ones = 0x0101010101010101u, evens = 0x00ff00ff00ff00ffu;
    struct deltas_scan scan = {0};
    uint32_t i = 0;
    for (; i + GROUP <= nr; i += GROUP) {
        uint64_t group;
        memcpy(&group, deltas + i, sizeof(group));
        /* Is some byte 255, that is, some byte of its complement 0? */
        if (__builtin_expect(((~group - ones) & group & (ones << 7)) != 0, 0))
            deltas_step(&scan, deltas + i, GROUP);
        else
            scan.units += (((group & evens) + (group >> 8 & evens)) * 0x0001000100010001u) >> 48;
    }
    deltas_step(&scan, deltas + i, nr - i);
    return scan;
}
