/* arena.c: alignment, zeroes, limits; array_grow. */
#include "base/arena.h"
#include "suite.h"

#include <check.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = {0, 1, 7, 8, 16, 100, 4096, 65536, 65537, 1000000, 5000000};

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

START_TEST(pieces_are_aligned_zeroed_and_apart)
{
    struct arena arena;
    unsigned char *pieces[4 * NR_SIZES];
    arena_init(&arena, 0);
    for (size_t i = 0; i < 4 * NR_SIZES; i++) {
        size_t bytes = sizes[i % NR_SIZES];
        pieces[i] = arena_alloc(&arena, bytes);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        ck_assert(bytes == 0 || (pieces[i][0] == 0 && memcmp(pieces[i], pieces[i] + 1, bytes - 1) == 0));
        if (bytes > 0)
            memset(pieces[i], (int)(i + 1), bytes);
    }
    for (size_t i = 0; i < 4 * NR_SIZES; i++) {
        for (size_t j = 0; j < sizes[i % NR_SIZES]; j += 97)
            ck_assert_uint_eq(pieces[i][j], i + 1);
    }
    arena_release(&arena);
    ck_assert_uint_eq(arena.used_bytes, 0);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 10));
    arena_release(&arena);
}

END_TEST

START_TEST(the_limit_holds)
{
    struct arena arena;
    arena_init(&arena, 1000);
    ck_assert_ptr_null(arena_alloc(&arena, 1001));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 512));
    ck_assert_ptr_null(arena_alloc(&arena, 512));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 480));
    ck_assert_ptr_null(arena_alloc(&arena, 16));
    ck_assert_uint_le(arena.used_bytes, 1000);
    arena_release(&arena);
}

END_TEST

START_TEST(impossible_sizes_fail)
{
    struct arena arena;
    arena_init(&arena, 0);
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX / 2));
    ck_assert_ptr_null(arena_array(&arena, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(arena_array(&arena, (size_t)1 << 33, (size_t)1 << 33));
    ck_assert_ptr_null(arena_copy(&arena, "", SIZE_MAX));
    ck_assert_ptr_nonnull(arena_array(&arena, 0, 8));
    arena_release(&arena);
}

END_TEST

START_TEST(copies_end_with_nul)
{
    struct arena arena;
    arena_init(&arena, 0);
    char *copy = arena_copy(&arena, "ab\0cd", 5);
    ck_assert_mem_eq(copy, "ab\0cd\0", 6);
    ck_assert_str_eq(arena_copy(&arena, NULL, 0), "");
    arena_release(&arena);
}

END_TEST

START_TEST(arrays_grow)
{
    uint32_t *array = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        array = array_grow(array, i, &capacity, sizeof(*array));
        ck_assert_ptr_nonnull(array);
        ck_assert_uint_gt(capacity, i);
        array[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(array[i], i);
    capacity = SIZE_MAX / 2 + 1;
    ck_assert_ptr_null(array_grow(array, capacity, &capacity, sizeof(*array)));
    free(array);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");
    tcase_add_test(tcase, pieces_are_aligned_zeroed_and_apart);
    tcase_add_test(tcase, the_limit_holds);
    tcase_add_test(tcase, impossible_sizes_fail);
    tcase_add_test(tcase, copies_end_with_nul);
    tcase_add_test(tcase, arrays_grow);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
