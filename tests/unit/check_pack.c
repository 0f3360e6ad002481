/* Deltas of two bits: what the drain packs is what the analyzer unpacks, whatever they are and however many. */
#include "drain/pack.h"
#include "suite.h"
#include "trace/decode.h"
#include "tracert/format.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NR_MAX = 1000 };

static uint32_t random_below(uint32_t limit)
{
    static uint64_t seed = 7;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % limit;
}

/* A chunk with `nr` exits and these sections, which ends at `last_ticks`. */
static int decode(struct chunk *chunk, uint32_t nr, const uint8_t *packed, size_t nr_packed, const uint8_t *deltas,
                  size_t nr_deltas, uint64_t last_ticks, struct err *err)
{
    uint8_t raw[TF_CHUNK_HEAD_BYTES + 24 + 4 * NR_MAX];
    const struct tf_chunk_head head = {.nr_symbols = nr, .tick_unit = 1, .depth = NR_MAX, .nr_sections = 3};
    const uint32_t table[] = {TF_SECTION_SYMBOLS, 2 * nr, TF_SECTION_PACKED, (uint32_t)nr_packed, TF_SECTION_DELTAS,
                              (uint32_t)nr_deltas};
    const struct trace_chunk block = {.first_ticks = 0, .last_ticks = last_ticks};
    tf_chunk_head_store(raw, &head);
    uint8_t *p = raw + TF_CHUNK_HEAD_BYTES;
    for (int i = 0; i < 6; i++, p += 4)
        tf_store32(p, table[i]);
    memset(p, 0, 2 * (size_t)nr);
    p += 2 * (size_t)nr;
    memcpy(p, packed, nr_packed);
    p += nr_packed;
    memcpy(p, deltas, nr_deltas);
    p += nr_deltas;
    size_t bytes = (size_t)(p - raw);
    ck_assert_int_eq(buffer_reserve(&chunk->raw, bytes, err), 0);
    memcpy(chunk->raw.bytes, raw, bytes);
    return chunk_decode(chunk, bytes, &block, err);
}

static pack_put *pack_nr(int nr)
{
    return nr == 0 ? pack_deltas : pack_put_choose();
}

START_TEST(what_is_packed_is_unpacked)
{
    pack_put *pack = pack_nr(_i);
    uint8_t deltas[NR_MAX + PACK_ROUND], packed[NR_MAX / 4 + 2], rest[NR_MAX + PACK_ROUND];
    struct chunk chunk = {0};
    struct err err = {0};
    for (int turn = 0; turn < 3000; turn++) {
        uint32_t nr = random_below(NR_MAX) + 1, rarity = 4 + random_below(40);
        uint64_t ticks = 0;
        memset(deltas, 0, sizeof deltas);
        for (uint32_t i = 0; i < nr; i++) {
            deltas[i] = (uint8_t)(random_below(rarity) == 0 ? random_below(TF_DELTA_WIDE) : random_below(3));
            ticks += deltas[i];
        }
        uint32_t nr_rest = pack(deltas, nr, packed, rest);
        if (nr_rest == UINT32_MAX)
            continue;
        ck_assert_msg(decode(&chunk, nr, packed, (nr + 3) / 4, rest, nr_rest, ticks, &err) == 0, "%s", err.text);
        ck_assert_mem_eq(chunk.deltas, deltas, nr);
        ck_assert_uint_eq(chunk.last_ticks, ticks);
        ck_assert_int_ne(decode(&chunk, nr, packed, (nr + 3) / 4, rest, nr_rest + 1u, ticks, &err), 0);
        ck_assert_int_ne(decode(&chunk, nr, packed, (nr + 3) / 4 + 1, rest, nr_rest, ticks, &err), 0);
        if (nr_rest > 0)
            ck_assert_int_ne(decode(&chunk, nr, packed, (nr + 3) / 4, rest, nr_rest - 1, ticks, &err), 0);
        if (nr % 4 != 0) { /* what nobody uses has to be 0 */
            packed[nr / 4] |= 0x80;
            ck_assert_int_ne(decode(&chunk, nr, packed, (nr + 3) / 4, rest, nr_rest, ticks, &err), 0);
        }
    }
    chunk_release(&chunk);
}

END_TEST

START_TEST(packing_large_deltas_does_not_pay)
{
    pack_put *pack = pack_nr(_i);
    uint8_t deltas[NR_MAX + PACK_ROUND] = {0}, packed[NR_MAX / 4 + 2], rest[NR_MAX + PACK_ROUND];
    for (uint32_t i = 0; i < NR_MAX; i += 4)
        deltas[i] = TF_PACKED_REST;
    ck_assert_uint_eq(pack(deltas, NR_MAX, packed, rest), NR_MAX / 4);
    for (uint32_t i = 0; i < NR_MAX; i += 2)
        deltas[i] = TF_DELTA_WIDE;
    ck_assert_uint_eq(pack(deltas, NR_MAX, packed, rest), UINT32_MAX);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pack");
    TCase *cases = tcase_create("pack");
    tcase_add_loop_test(cases, what_is_packed_is_unpacked, 0, 2);
    tcase_add_loop_test(cases, packing_large_deltas_does_not_pay, 0, 2);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
