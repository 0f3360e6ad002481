/* within.c: pictures and pages that are to be small, are, and tell what they leave out. */
#include "cmd/within.h"
#include "profile/by_thread.h"
#include "profile/folded.h"
#include "profile_fixture.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NR_STACKS = 3000 };

/* Many paths of few functions, the next always a little heavier. */
static struct profile *many_stacks(void)
{
    struct err err = {0};
    char *text = NULL;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    for (int i = 1; i <= NR_STACKS; i++)
        fprintf(file, "main;part_%d;leaf_%d %d\n", i / 50, i % 50, i);
    fclose(file);
    file = fmemopen(text, bytes, "r");
    const struct folded_request request = {.name = "stacks", .unit = "samples"};
    struct profile *profile = folded_read(file, &request, &err);
    fclose(file);
    free(text);
    ck_assert_msg(profile != NULL, "%s", err.text);
    return profile;
}

/* What is written, which the caller frees; NULL: an error, which is in *err. */
static char *write_within(const char *verb, const struct profile *profile, const struct view_options *options,
                          uint64_t most, struct err *err)
{
    char *text = NULL;
    size_t bytes;
    struct err none = {0};
    struct out *out = out_open_memory(&text, &bytes);
    int result = within_write(view_find(verb, NULL), profile, options, most, out, err);
    ck_assert_int_eq(out_close(out, &none), 0);
    if (result == 0)
        return text;
    ck_assert_uint_eq(bytes, 0);
    free(text);
    return NULL;
}

static size_t whole_size(const char *verb, const struct profile *profile, const struct view_options *options)
{
    struct err err = {0};
    char *text = write_within(verb, profile, options, UINT64_MAX, &err);
    size_t bytes = strlen(text);
    free(text);
    return bytes;
}

START_TEST(pictures_and_pages_become_small_enough)
{
    const char *verb = _i == 0 ? "flamegraph" : "html";
    struct profile *profile = many_stacks();
    struct view_options options = {.min_width = -1};
    struct err err = {0};
    size_t whole = whole_size(verb, profile, &options), before = whole;
    for (int percent = 100; percent >= 97; percent--) { /* most of a page is its scripts */
        char *text = write_within(verb, profile, &options, whole * (unsigned)percent / 100, &err);
        ck_assert_msg(text != NULL, "%s", err.text);
        ck_assert_uint_le(strlen(text), whole * (unsigned)percent / 100);
        ck_assert_uint_le(strlen(text), before);
        before = strlen(text);
        ck_assert_int_eq(strstr(text, "\"pruned\":{\"frames\":0,") == NULL, percent < 100); /* it is told */
        free(text);
    }
    ck_assert_uint_eq(whole, whole_size(verb, profile, &options)); /* the options are as they were */
    profile_free(profile);
}

END_TEST

START_TEST(too_small_is_an_error_that_tells_how_small_it_gets)
{
    struct profile *profile = many_stacks();
    struct view_options options = {.min_width = -1};
    struct err err = {0};
    ck_assert_ptr_null(write_within("flamegraph", profile, &options, 5000, &err));
    ck_assert_int_eq(err.code, ERR_USAGE);
    ck_assert_int_eq(strncmp(err.text, "--max-size: 5.00 kB is too small: what cannot be left out takes ", 64), 0);
    profile_free(profile);
}

END_TEST

START_TEST(threads_are_left_out_in_the_end)
{
    struct profile *profile = profile_fixture();
    struct by_thread threads = {.profiles = {profile, profile, profile}, .nr = 3, .nr_others = 2};
    struct view_options options = {.min_width = -1}, with = {.min_width = -1, .threads = &threads};
    struct err err = {0};
    size_t alone = whole_size("html", profile, &options);
    char *text = write_within("html", profile, &with, alone + 100, &err);
    ck_assert_msg(text != NULL, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(text, "\"threads\":[],"));
    ck_assert_ptr_nonnull(strstr(text, "\"other_threads\":5"));
    ck_assert_uint_eq(threads.nr, 3);
    free(text);
    profile_free(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("within");
    TCase *tcase = tcase_create("within");
    tcase_add_loop_test(tcase, pictures_and_pages_become_small_enough, 0, 2);
    tcase_add_test(tcase, too_small_is_an_error_that_tells_how_small_it_gets);
    tcase_add_test(tcase, threads_are_left_out_in_the_end);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
