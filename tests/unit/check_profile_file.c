/* file_read.c: views of a saved profile are those of the profile, and damaged or made-up files are refused. */
#include "profile/file.h"
#include "profile/file_layout.h"
#include "profile_fixture.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

static char *saved;
static size_t nr_saved;

static void setup(void)
{
    struct err err = {0};
    struct profile *profile = profile_fixture();
    struct out *out = out_open_memory(&saved, &nr_saved);
    ck_assert_int_eq(profile_file_write(profile, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    profile_free(profile);
}

static void teardown(void)
{
    free(saved);
}

static struct profile *decode(const void *bytes, size_t nr, struct err *err)
{
    *err = (struct err){0};
    struct profile *profile = profile_decode(bytes, nr, "x.tprof", err);
    ck_assert_int_eq(err->code, profile != NULL ? ERR_NONE : ERR_INPUT);
    return profile;
}

START_TEST(views_are_the_same)
{
    static const struct {
        const char *verb, *format;
    } views[] = {
        {"report", "text"}, {"report", "json"}, {"report", "csv"}, {"flamegraph", "svg"}, {"export", "folded"}};
    struct err err;
    struct profile *profile = profile_fixture(), *restored = decode(saved, nr_saved, &err);
    ck_assert_msg(restored != NULL, "%s", err.text);
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        char *text = profile_fixture_view(profile, views[i].verb, views[i].format, 0);
        char *again = profile_fixture_view(restored, views[i].verb, views[i].format, 0);
        ck_assert_str_eq(text, again);
        free(text);
        free(again);
    }
    profile_free(profile);
    profile_free(restored);
}

END_TEST

START_TEST(cut_files_are_refused)
{
    struct err err;
    for (size_t nr = 0; nr < nr_saved; nr++)
        ck_assert_ptr_null(decode(saved, nr, &err));
    char *longer = calloc(1, nr_saved + 1);
    memcpy(longer, saved, nr_saved);
    ck_assert_ptr_null(decode(longer, nr_saved + 1, &err));
    free(longer);
}

END_TEST

/* Some bits of a zstd frame mean nothing; what is read then is what was written. */
START_TEST(flipped_bits_are_noticed)
{
    struct err err;
    char *whole = malloc(nr_saved), *again;
    size_t nr_again, nr_harmless = 0;
    memcpy(whole, saved, nr_saved);
    for (size_t bit = 0; bit < 8 * nr_saved; bit++) {
        saved[bit / 8] = (char)(whole[bit / 8] ^ (1 << bit % 8));
        struct profile *profile = decode(saved, nr_saved, &err);
        if (profile != NULL) {
            struct out *out = out_open_memory(&again, &nr_again);
            ck_assert_int_eq(profile_file_write(profile, out, &err), 0);
            ck_assert_int_eq(out_close(out, &err), 0);
            ck_assert_msg(nr_again == nr_saved && memcmp(again, whole, nr_again) == 0, "bit %zu", bit);
            free(again);
            nr_harmless++;
        }
        profile_free(profile);
        saved[bit / 8] = whole[bit / 8];
    }
    ck_assert_uint_lt(nr_harmless, 32);
    free(whole);
}

END_TEST

/* A file with that content and a right checksum. */
static char *content_pack(const uint8_t *content, size_t nr, size_t *nr_bytes)
{
    size_t room = ZSTD_compressBound(nr) + PROFILE_HEAD_BYTES;
    char *bytes = malloc(room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    memcpy(bytes, saved, PROFILE_HEAD_BYTES);
    size_t packed = ZSTD_compress2(context, bytes + PROFILE_HEAD_BYTES, room - PROFILE_HEAD_BYTES, content, nr);
    ck_assert(!ZSTD_isError(packed));
    ZSTD_freeCCtx(context);
    *nr_bytes = PROFILE_HEAD_BYTES + packed;
    return bytes;
}

static uint8_t *content_get(size_t *nr)
{
    const char *frame = saved + PROFILE_HEAD_BYTES;
    *nr = (size_t)ZSTD_getFrameContentSize(frame, nr_saved - PROFILE_HEAD_BYTES);
    uint8_t *content = malloc(*nr);
    ck_assert_uint_eq(ZSTD_decompress(content, *nr, frame, nr_saved - PROFILE_HEAD_BYTES), *nr);
    return content;
}

/* What passes the checks is a profile like any other: it can be shown, and saved again. */
static bool content_try(const uint8_t *content, size_t nr)
{
    struct err err;
    size_t nr_bytes;
    char *bytes = content_pack(content, nr, &nr_bytes), *again;
    struct profile *profile = decode(bytes, nr_bytes, &err);
    bool taken = profile != NULL;
    if (taken) {
        free(profile_fixture_view(profile, "report", "json", 0));
        struct out *out = out_open_memory(&again, &nr_bytes);
        int result = profile_file_write(profile, out, &err);
        ck_assert(result == 0 || err.code == ERR_INPUT);
        ck_assert_int_eq(out_close(out, &err), 0);
        free(again);
    }
    profile_free(profile);
    free(bytes);
    return taken;
}

START_TEST(malformed_content_is_refused)
{
    size_t nr;
    uint8_t *content = content_get(&nr);
    ck_assert(content_try(content, nr));
    for (size_t i = 0; i < nr; i++)
        ck_assert_msg(!content_try(content, i), "cut at %zu", i);
    free(content);
}

END_TEST

START_TEST(made_up_content_does_no_harm)
{
    static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    size_t nr;
    unsigned nr_taken = 0;
    uint8_t *content = content_get(&nr);
    for (size_t i = 0; i < nr; i++) {
        uint8_t before = content[i];
        for (size_t j = 0; j < sizeof(values); j++) {
            content[i] = values[j];
            nr_taken += content_try(content, nr);
        }
        content[i] = before;
    }
    ck_assert_uint_gt(nr_taken, 0);
    free(content);
}

END_TEST

START_TEST(unknown_sections)
{
    static const uint8_t even[] = {100, 3, 'a', 'b', 'c'}, odd[] = {101, 0};
    size_t nr;
    uint8_t *content = content_get(&nr), *longer = malloc(nr + sizeof(even));
    memcpy(longer, even, sizeof(even));
    memcpy(longer + sizeof(even), content, nr);
    ck_assert(content_try(longer, nr + sizeof(even)));
    memcpy(longer, odd, sizeof(odd));
    memcpy(longer + sizeof(odd), content, nr);
    ck_assert(!content_try(longer, nr + sizeof(odd)));
    free(content);
    free(longer);
}

END_TEST

START_TEST(other_versions_are_named)
{
    struct err err;
    saved[PROFILE_VERSION_AT] = 2;
    ck_assert_ptr_null(decode(saved, nr_saved, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "version 2"));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("profile file");
    TCase *tcase = tcase_create("profile file");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, views_are_the_same);
    tcase_add_test(tcase, cut_files_are_refused);
    tcase_add_test(tcase, flipped_bits_are_noticed);
    tcase_add_test(tcase, malformed_content_is_refused);
    tcase_add_test(tcase, made_up_content_does_no_harm);
    tcase_add_test(tcase, unknown_sections);
    tcase_add_test(tcase, other_versions_are_named);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
