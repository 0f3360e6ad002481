/* err.c: the first error stands; texts are harmless and fit. */
#include "base/err.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static const struct {
    const char *text, *expected;
} texts[] = {
    {"plain", "plain"},
    {"two\nlines\ttab\x1b[31m", "two\\x0Alines\\x09tab\\x1B[31m"},
    {"\x7f", "\\x7F"},
    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {"\xe2\x82\xac \xf0\x9f\x90\x9b", "\xe2\x82\xac \xf0\x9f\x90\x9b"},
    {"\xc3", "\\xC3"},
    {"\xc3(", "\\xC3("},
    {"\xc0\xaf", "\\xC0\\xAF"},                   /* overlong */
    {"\xed\xa0\x80", "\\xED\\xA0\\x80"},          /* a surrogate */
    {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"}, /* above U+10FFFF */
    {"\xc2\x9b", "\\xC2\\x9B"},                   /* C1: CSI */
    {"a\xe2\x80\xae"
     "b",
     "a\\xE2\\x80\\xAE"
     "b"}, /* right-to-left override */
    {"\xff\xfe", "\\xFF\\xFE"},
};

START_TEST(texts_become_harmless)
{
    struct err err = {0};
    ck_assert_int_eq(err_set(&err, ERR_INPUT, "%s", texts[_i].text), -1);
    ck_assert_str_eq(err.text, texts[_i].expected);
    ck_assert_int_eq(err.code, ERR_INPUT);
}

END_TEST

START_TEST(the_first_error_stands)
{
    struct err err = {0};
    ck_assert_int_eq(err_set(&err, ERR_OUTPUT, "first %d", 1), -1);
    ck_assert_int_eq(err_set(&err, ERR_INPUT, "second"), -1);
    ck_assert_int_eq(err_set_errno(&err, ERR_INPUT, ENOENT, "third"), -1);
    ck_assert_str_eq(err.text, "first 1");
    ck_assert_int_eq(err.code, ERR_OUTPUT);
}

END_TEST

START_TEST(errno_has_its_text)
{
    struct err err = {0};
    ck_assert_int_eq(err_set_errno(&err, ERR_INPUT, ENOENT, "%s", "a.zst"), -1);
    ck_assert_str_eq(err.text, "a.zst: No such file or directory");
}

END_TEST

START_TEST(long_texts_keep_the_cause)
{
    char path[4096];
    memset(path, _i == 0 ? 'a' : '\x01', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct err err = {0};
    err_set_errno(&err, ERR_INPUT, ENOENT, "%s", path);
    ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
    if (_i == 0)
        ck_assert_ptr_nonnull(strstr(err.text, ": No such file or directory"));
    else
        ck_assert_uint_eq(strlen(err.text) % 4, 0); /* only whole \x01 */
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("err");
    TCase *tcase = tcase_create("err");
    tcase_add_loop_test(tcase, texts_become_harmless, 0, (int)(sizeof(texts) / sizeof(texts[0])));
    tcase_add_test(tcase, the_first_error_stands);
    tcase_add_test(tcase, errno_has_its_text);
    tcase_add_loop_test(tcase, long_texts_keep_the_cause, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
