/*
 * The flame graph: well-formed whatever the names, every frame where and as wide as its time, what is left out stated.
 * What the scripts do is tested in tests/browser.
 */
#include "cmd/view_table.h"
#include "profile/chart.h"
#include "profile/folded.h"
#include "profile_fixture.h"
#include "view/page_files.h"
#include "view/palette.h"
#include "view/tree_data.h"
#include "suite.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *draw(const struct profile *profile, const struct view_options *options)
{
    struct err err = {0};
    char *svg;
    size_t bytes;
    struct out *out = out_open_memory(&svg, &bytes);
    ck_assert_int_eq(view_find("flamegraph", NULL)->write(profile, options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_uint_eq(strlen(svg), bytes);
    return svg;
}

static struct profile *read_text(const char *text)
{
    struct err err = {0};
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct profile *profile = folded_read(file, &(struct folded_request){.name = "test", .unit = "samples"}, &err);
    ck_assert_ptr_nonnull(profile);
    fclose(file);
    return profile;
}

/* A strict reader for the XML we write: balanced tags, quoted attributes, known entities, no stray '<'. */
static void xml_check(const char *p)
{
    char open[16][16];
    unsigned depth = 0;
    while (*p != '\0') {
        if (*p != '<') {
            if (*p == '&')
                ck_assert_msg(strncmp(p, "&amp;", 5) == 0 || strncmp(p, "&lt;", 4) == 0 || strncmp(p, "&gt;", 4) == 0 ||
                                  strncmp(p, "&quot;", 6) == 0 || strncmp(p, "&#", 2) == 0,
                              "%.20s", p);
            ck_assert(*p == '\n' || (uint8_t)*p >= 0x20);
            p++;
        } else if (strncmp(p, "<![CDATA[", 9) == 0) {
            p = strstr(p, "]]>");
            ck_assert_ptr_nonnull(p);
            p += 3;
        } else if (p[1] == '/') {
            size_t length = strcspn(p, ">");
            ck_assert_uint_gt(depth, 0);
            depth--;
            ck_assert_msg(strlen(open[depth]) == length - 2 && strncmp(open[depth], p + 2, length - 2) == 0, "%.20s",
                          p);
            p += length + 1;
        } else {
            size_t length = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz");
            ck_assert(length > 0 && length < 16 && depth < 16);
            snprintf(open[depth], sizeof(open[depth]), "%.*s", (int)length, p + 1);
            for (p += 1 + length; *p == ' ';) {
                p += 1 + strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
                ck_assert_int_eq(strncmp(p, "=\"", 2), 0);
                p += 2 + strcspn(p + 2, "\"<");
                ck_assert_int_eq(*p++, '"');
            }
            depth += *p != '/';
            p += *p == '/';
            ck_assert_int_eq(*p++, '>');
        }
    }
    ck_assert_uint_eq(depth, 0);
}

struct frame {
    unsigned depth; /* by its row: the root is 0 */
    unsigned long long total;
    double x, width, y;
    char name[64];
};

static double number_after(const char *p, const char *text)
{
    const char *found = strstr(p, text);
    ck_assert_ptr_nonnull(found);
    return strtod(found + strlen(text), NULL);
}

/* The frames that stand in the picture itself, the root first. */
static size_t frames_read(const char *svg, struct frame *frames, size_t room)
{
    size_t nr = 0;
    for (const char *p = svg; (p = strstr(p, "<g class=")) && (p = strstr(p, "<title>")); nr++) {
        ck_assert_uint_lt(nr, room);
        struct frame *frame = &frames[nr];
        const char *title = p + strlen("<title>"), *rect = strstr(title, "<rect");
        int name_bytes = (int)strcspn(title, "(");
        snprintf(frame->name, sizeof(frame->name), "%.*s", name_bytes, title);
        frame->total = 0;
        for (const char *digit = title + name_bytes + 1; isdigit((uint8_t)*digit) || *digit == ','; digit++)
            frame->total = *digit == ',' ? frame->total : frame->total * 10 + (unsigned long long)(*digit - '0');
        frame->x = number_after(rect, " x=\"");
        frame->width = number_after(rect, " width=\"");
        frame->y = number_after(rect, " y=\"");
        frame->depth = (unsigned)(fabs(frame->y - frames[0].y) / 17 + 0.5);
    }
    return nr;
}

static const char stacks[] = "main;parse;lex 400\nmain;parse;alloc 100\nmain;parse 100\nmain;compute 300\n"
                             "main;compute;alloc 50\nmain 47\nmain;tiny;tinier 3\n";

static const struct view_options plain = {.min_width = -1};

START_TEST(frames_are_as_wide_as_their_time)
{
    struct profile *profile = read_text(stacks);
    for (int inverted = 0; inverted < 2; inverted++) {
        struct view_options options = {.min_width = -1, .inverted = inverted};
        struct frame frames[16], *open[8] = {0};
        char *svg = draw(profile, &options);
        xml_check(svg);
        size_t nr = frames_read(svg, frames, 16);
        ck_assert_uint_eq(nr, profile->nr_nodes);
        for (size_t i = 0; i < nr; i++) {
            struct frame *frame = &frames[i], *parent = frame->depth > 0 ? open[frame->depth - 1] : NULL;
            ck_assert_double_eq_tol(frame->width, 100.0 * (double)frame->total / 1000, 1e-4);
            if (parent) {
                ck_assert_double_eq_tol(frame->y - parent->y, inverted ? 17 : -17, 1e-9);
                ck_assert_double_ge(frame->x, parent->x - 1e-4);
                ck_assert_double_le(frame->x + frame->width, parent->x + parent->width + 3e-4);
            }
            struct frame *left = open[frame->depth];
            if (left && parent && left > parent)
                ck_assert_double_eq_tol(frame->x, left->x + left->width, 2e-4);
            open[frame->depth] = frame;
        }
        free(svg);
    }
    profile_free(profile);
}

END_TEST

START_TEST(narrow_frames_are_counted)
{
    struct profile *profile = read_text(stacks);
    struct frame frames[16];
    struct view_options options = {.min_width = 5.1};
    char *svg = draw(profile, &options);
    xml_check(svg);
    ck_assert_uint_eq(frames_read(svg, frames, 16), 6); /* not: tiny, tinier, alloc in compute */
    ck_assert_ptr_nonnull(strstr(svg, ">3 narrower frames left out: 5.3 % of the run<"));
    free(svg);
    options.min_width = 5;
    svg = draw(profile, &options);
    ck_assert_uint_eq(frames_read(svg, frames, 16), 7);
    free(svg);
    options.min_width = 0;
    svg = draw(profile, &options);
    ck_assert_uint_eq(frames_read(svg, frames, 16), profile->nr_nodes);
    ck_assert_ptr_null(strstr(svg, "id=\"pruned\""));
    free(svg);
    profile_free(profile);
}

END_TEST

/* Nothing in a name, a title or a unit becomes markup. */
START_TEST(hostile_names)
{
    struct profile *profile = profile_fixture();
    struct view_options options = {.min_width = 0, .title = HOSTILE_NAME};
    profile->facts.unit = "\"><script>";
    for (int i = 0; i < 2; i++) {
        char *svg = draw(profile, &options);
        xml_check(svg);
        unsigned scripts = 0;
        for (const char *p = svg; (p = strstr(p, "<script")); p++)
            scripts++;
        ck_assert_uint_eq(scripts, nr_picture_scripts + 1);
        ck_assert_ptr_null(strchr(svg, '\033'));
        ck_assert_ptr_nonnull(strstr(svg, "INCOMPLETE: 77 events lost"));
        free(svg);
        options.title = NULL;
    }
    profile_free(profile);
}

END_TEST

/* A name has its colour wherever it stands and whatever else is drawn. */
START_TEST(colours_follow_names)
{
    struct profile *one = read_text("main;alloc 5\n"), *two = read_text("x;alloc;y 3\nalloc 9\nz;alloc 1\n");
    char *first = draw(one, &plain), *second = draw(two, &plain), class[3] = "";
    const char *at = strstr(first, "<title>alloc");
    while (strncmp(at, "class=\"", 7) != 0)
        at--;
    memcpy(class, at + 7, 2);
    unsigned nr = 0;
    for (const char *p = second; (p = strstr(p, "<title>alloc")); p++, nr++) {
        const char *q = p;
        while (strncmp(q, "class=\"", 7) != 0)
            q--;
        ck_assert_int_eq(strncmp(q + 7, class, 2), 0);
    }
    ck_assert_uint_eq(nr, 3);
    char rule[8];
    snprintf(rule, sizeof(rule), ".%s {", class);
    ck_assert_ptr_nonnull(strstr(picture_styles[1].text, rule));
    free(first);
    free(second);
    profile_free(one);
    profile_free(two);
}

END_TEST

START_TEST(pictures_are_self_contained)
{
    static const char *const forbidden[] = {
        "]]>",    "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(",
        "fetch(", "XMLHttp",   "import(",   "src=",           "url(",           "@import"};
    struct profile *profile = read_text(stacks);
    char *svg = draw(profile, &plain);
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        for (size_t j = 0; j < nr_picture_styles; j++)
            ck_assert_msg(!strstr(picture_styles[j].text, forbidden[i]), "%s", forbidden[i]);
        for (size_t j = 0; j < nr_picture_scripts; j++)
            ck_assert_msg(!strstr(picture_scripts[j].text, forbidden[i]), "%s", forbidden[i]);
    }
    for (size_t j = 0; j < nr_picture_scripts; j++)
        ck_assert_ptr_nonnull(strstr(svg, picture_scripts[j].text));
    for (const char *p = svg; (p = strstr(p, "http")); p++)
        ck_assert_int_eq(strncmp(p, "http://www.w3.org/", 18), 0);
    free(svg);
    profile_free(profile);
}

END_TEST

/* In order of time: a lane a thread, each with its name, boxes where and as wide as their times. */
START_TEST(lanes_of_threads)
{
    struct profile *profile = profile_fixture();
    struct chart_slice slices[2][2] = {
        {{.start = 100, .end = 600, .calls = 1}, {.start = 700, .end = 1100, .calls = 3}},
        {{.start = 600, .end = 850, .calls = 1}}};
    struct chart_level levels[2] = {{slices[0], 2, 2}, {slices[1], 1, 2}};
    struct chart_thread threads[2] = {{.levels = &levels[0], .nr_levels = 1, .tid = 7, .start = 100, .end = 1100},
                                      {&levels[1], 1, 1, 8, HOSTILE_NAME, 600, 850}};
    const struct chart chart = {.threads = threads, .nr_threads = 2};
    struct view_options options = {.chart = &chart};
    static const struct frame wanted[] = {{0, 0, 0, 100, 0, ""},
                                          {1, 0, 0, 50, 17, ""},
                                          {1, 0, 60, 40, 17, ""},
                                          {2, 0, 50, 25, 42, ""},
                                          {3, 0, 50, 25, 59, ""}};
    struct frame frames[8];
    threads[0].name = "";
    char *svg = draw(profile, &options);
    xml_check(svg);
    ck_assert_uint_eq(frames_read(svg, frames, 8), 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_double_eq_tol(frames[i].x, wanted[i].x, 1e-4);
        ck_assert_double_eq_tol(frames[i].width, wanted[i].width, 1e-4);
        ck_assert_double_eq_tol(frames[i].y, wanted[i].y, 1e-9);
    }
    ck_assert_ptr_nonnull(strstr(svg, "<title>thread 7 ("));
    ck_assert_ptr_nonnull(strstr(svg, "(400 ns, 3 calls)</title>"));
    ck_assert_ptr_null(strchr(svg, '\033'));
    free(svg);
    profile_free(profile);
}

END_TEST

START_TEST(frames_are_small)
{
    enum { NR = 2000 };

    char *text = calloc(NR, 64);
    for (int i = 0, used = 0; i < NR; i++)
        used += sprintf(text + used, "main;work%d;step%d;leaf%d %d\n", i % 10, i % 100, i, 100 + i);
    struct profile *profile = read_text(text);
    struct view_options options = {.min_width = 0};
    char *svg = draw(profile, &options);
    size_t bytes = strlen(svg);
    for (size_t i = 0; i < nr_picture_styles; i++)
        bytes -= *picture_styles[i].bytes;
    for (size_t i = 0; i < nr_picture_scripts; i++)
        bytes -= *picture_scripts[i].bytes;
    ck_assert_uint_le(bytes / profile->nr_nodes, 130);
    free(svg);
    profile_free(profile);
    free(text);
}

END_TEST

START_TEST(run_without_time)
{
    struct profile *profile = read_text("a;b 0\n");
    char *svg = draw(profile, &plain);
    struct frame frames[4];
    xml_check(svg);
    ck_assert_uint_eq(frames_read(svg, frames, 4), 1);
    ck_assert_ptr_null(strstr(svg, "nan"));
    ck_assert_ptr_nonnull(strstr(svg, "2 narrower frames left out"));
    free(svg);
    profile_free(profile);
}

END_TEST

/* The class of the first frame of that name. */
static void class_of(const char *svg, const char *name, char class[8])
{
    char title[64];
    snprintf(title, sizeof(title), "<title>%s (", name);
    const char *at = strstr(svg, title);
    ck_assert_ptr_nonnull(at);
    while (strncmp(at, "class=\"", 7) != 0)
        at--;
    snprintf(class, 8, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
}

START_TEST(colours_tell_the_file_or_the_own_time)
{
    struct profile *profile = profile_fixture();
    struct view_options options = {.min_width = -1, .colors = COLORS_FILE};
    char *svg = draw(profile, &options), one[8], other[8], wanted[8];
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        const struct profile_function *f = &profile->functions[i];
        if (f->kind != FUNCTION_CODE || strpbrk(f->label, "<&\"") != NULL)
            continue;
        class_of(svg, f->label, one);
        snprintf(wanted, sizeof(wanted), "c%x", color_of(f->file));
        ck_assert_str_eq(one, wanted);
    }
    free(svg);
    options.colors = COLORS_SELF;
    svg = draw(profile, &options);
    class_of(svg, profile->functions[0].label, one);
    class_of(svg, "main", other);
    ck_assert_str_eq(one, "h7");
    ck_assert_int_lt(other[1], '7');
    ck_assert_ptr_nonnull(strstr(svg, ".h7 { fill: #d95f02 }"));
    ck_assert_ptr_nonnull(strstr(svg, "\"colors\":\"self\""));
    free(svg);
    profile_free(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("flamegraph");
    TCase *tests = tcase_create("flamegraph");
    tcase_add_test(tests, frames_are_as_wide_as_their_time);
    tcase_add_test(tests, narrow_frames_are_counted);
    tcase_add_test(tests, hostile_names);
    tcase_add_test(tests, colours_follow_names);
    tcase_add_test(tests, colours_tell_the_file_or_the_own_time);
    tcase_add_test(tests, pictures_are_self_contained);
    tcase_add_test(tests, lanes_of_threads);
    tcase_add_test(tests, frames_are_small);
    tcase_add_test(tests, run_without_time);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
