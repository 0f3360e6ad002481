/*
 * palette.c: on every colour text can be read, in light and dark; kinds of code have hues of their own.
 */
#include "suite.h"
#include "view/palette.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"mem", "io",     "wakeup", "chain", "java", "js",   "perl",
                                    "red", "orange", "yellow", "green", "aqua", "blue", "purple"};

/* What WCAG calls relative luminance. */
static double luminance(const char *rgb)
{
    static const double parts[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        const char digits[] = {rgb[1 + 2 * i], rgb[2 + 2 * i], '\0'};
        double value = (double)strtol(digits, NULL, 16) / 255;
        sum += parts[i] * (value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(const char *a, const char *b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return x > y ? x / y : y / x;
}

START_TEST(text_can_be_read)
{
    const struct palette *palette = palette_find(names[_i]);
    ck_assert_ptr_nonnull(palette);
    for (unsigned color = 0; color < PALETTE_COLORS; color++) {
        char light[8], dark[8];
        palette_rgb(palette, color, false, light);
        palette_rgb(palette, color, true, dark);
        ck_assert_msg(contrast(light, "#1d1d1d") >= 4.5, "%s %u: %s", names[_i], color, light);
        ck_assert_msg(contrast(dark, "#f2f2f2") >= 4.5, "%s %u: %s", names[_i], color, dark);
    }
}

END_TEST

static unsigned group_of(const char *palette, const char *name)
{
    return palette_color(palette_find(palette), name) / 4;
}

START_TEST(kinds_have_their_hues)
{
    ck_assert_uint_eq(group_of("java", "java/lang/String.hash_[j]"), group_of("java", "io/netty/A.b"));
    ck_assert_uint_ne(group_of("java", "java/lang/String.hash_[j]"), group_of("java", "tcp_sendmsg_[k]"));
    ck_assert_uint_ne(group_of("java", "JavaThread::run"), group_of("java", "write"));
    ck_assert_uint_ne(group_of("js", "LazyCompile:~a app.js"), group_of("js", "Builtin:Call"));
    ck_assert_uint_ne(group_of("perl", "Perl_pp_add"), group_of("perl", "main::f"));
    ck_assert_uint_eq(palette_color(palette_find("blue"), "a"), palette_color(palette_find("red"), "a"));
    ck_assert_ptr_null(palette_find("hot"));
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("palette");
    TCase *tests = tcase_create("palette");
    tcase_add_loop_test(tests, text_can_be_read, 0, (int)(sizeof(names) / sizeof(names[0])));
    tcase_add_test(tests, kinds_have_their_hues);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
