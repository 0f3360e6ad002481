/*
 * The command line: every option with good and bad values, and only where a verb takes it.
 */
#include "cmd/command.h"
#include "cmd/shell_words.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL_SETS                                                                                        \
    (OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_SYMBOLS | \
     OPTIONS_PICTURE | OPTIONS_FLAME | OPTIONS_COLUMNS | OPTIONS_SLOWEST | OPTIONS_CALL)

static char words[256];

/* Parse a line of words separated by spaces; ' stands for an empty word. */
static int parse(struct options *options, const char *line, unsigned set, struct err *err)
{
    static char *argv[32]; /* options.inputs points into it */
    char *rest = NULL;
    int argc = 0;
    memset(err, 0, sizeof(*err));
    snprintf(words, sizeof(words), "verb %s", line);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = strcmp(word, "'") == 0 ? word + 1 : word;
    argv[argc] = NULL;
    return options_parse(options, argc, argv, set, "[TRACE…]", "about", "examples", err);
}

static const char *const wrong[] = {
    "--nonsense",
    "-x",
    "--top",
    "-n",
    "--top abc",
    "--top -1",
    "--top 99999999999",
    "--top 1x",
    "--thread 0",
    "--pid '",
    "--time 5",
    "--time ..",
    "--time 2s..1s",
    "--time 1s..1s",
    "--time 5..6",
    "--time x..2s",
    "--time 1s...2s",
    "--time 1e3s..2s",
    "--time -1s..2s",
    "--color=maybe",
    "--demangle=x",
    "--width 10",
    "--min-width 101",
    "--min-width nan",
    "--min-width 1%",
    "--function [",
    "-o '",
    "--inverted=1",
    "--colors pink",
    "--minwidth 1201",
    "--minwidth 5x",
    "--minwidth 101%",
    "--quiet=yes",
    "--time ..99999999999s",
    "--depth 0",
    "--min 5",
    "--min fast",
    "--ignore [",
    "--module (",
    "--sort nonsense",
    "--columns self,,calls",
    "--columns self,nonsense",
    "--slowest 0",
    "--call 7",
    "--call 7@5",
    "--call 0@5/1",
    "--call 7@5/1x",
    "--call -7@5/1",
};

START_TEST(wrong_lines)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options, wrong[_i], ALL_SETS, &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    ck_assert_ptr_nonnull(strchr(err.text, '-')); /* names the option */
    ck_assert_int_eq(err.text[strlen(err.text) - 1] == '\n', 0);
}

END_TEST

/* An instant is one of the heap: it needs no other word where the heap can be shown, and one where it is drawn. */
START_TEST(instants_are_of_the_heap)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options, "--at 1s", OPTIONS_MEMORY, &err), 0);
    ck_assert(options.memory);
    ck_assert_int_eq(parse(&options, "--at 1s --weight live", OPTIONS_MEMORY | OPTIONS_WEIGHT, &err), 0);
    ck_assert(!options.memory);
    ck_assert_int_eq(parse(&options, "--at 1s --weight live", OPTIONS_WEIGHT, &err), 0);
    ck_assert_int_eq(parse(&options, "--at 1s", OPTIONS_WEIGHT, &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
}

END_TEST

START_TEST(defaults)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options, "", ALL_SETS, &err), 0);
    ck_assert(!options.output && !options.format && !options.function && !options.title && !options.debug_dir);
    ck_assert_uint_eq(options.top, UINT32_MAX);
    ck_assert_uint_eq(options.from_ns, 0);
    ck_assert_uint_eq(options.to_ns, UINT64_MAX);
    ck_assert_double_lt(options.min_width, 0);
    ck_assert_int_eq(options.color, COLOR_AUTO);
    ck_assert_int_eq(options.nr_inputs, 1);
    ck_assert_str_eq(options.inputs[0], "trace.zst");
    ck_assert(options.default_input);
}

END_TEST

START_TEST(filters_and_columns)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options,
                           "--ignore ^i --module lib --depth 3 --min 1.5us --sort p99 --columns self,cum%,function "
                           "--slowest 4 --call 7@12345678901/2 --no-pager f a.zst",
                           ALL_SETS | OPTIONS_SUBJECT, &err),
                     0);
    ck_assert_str_eq(options.ignore, "^i");
    ck_assert_str_eq(options.module, "lib");
    ck_assert_uint_eq(options.depth, 3);
    ck_assert_uint_eq(options.min_ns, 1500);
    ck_assert_str_eq(options.sort, "p99");
    ck_assert_str_eq(options.column_list, "self,cum%,function");
    ck_assert_uint_eq(options.slowest, 4);
    ck_assert_uint_eq(options.call.thread, 7);
    ck_assert_uint_eq(options.call.start_ns, 12345678901);
    ck_assert_uint_eq(options.call.depth, 2);
    ck_assert(options.no_pager);
    ck_assert_str_eq(options.subject, "f");
    ck_assert_str_eq(options.inputs[0], "a.zst");
    ck_assert_int_eq(parse(&options, "", ALL_SETS | OPTIONS_SUBJECT, &err), -1); /* no function is named */
}

END_TEST

START_TEST(everything_at_once)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options,
                           "a.zst -o x.svg --format=json --function ^f --thread 7 --pid=8 --time 1.5s..2500us -n 3 -q "
                           "--force-symbols --demangle=no --debug-dir /d --title T --min-width 0.5 --width 800 "
                           "--inverted --unit cycles -- -b.zst",
                           ALL_SETS, &err),
                     -1); /* 1.5 s is after 2500 us */
    ck_assert_int_eq(parse(&options,
                           "a.zst -o x.svg --format=json --function ^f --thread 7 --pid=8 --time 1.5ms..2500us -n 3 -q "
                           "--force-symbols --demangle=no --debug-dir /d --title T --min-width 0.5 --width 800 "
                           "--inverted --color=always --unit cycles -- -b.zst",
                           ALL_SETS, &err),
                     0);
    ck_assert_str_eq(options.output, "x.svg");
    ck_assert_str_eq(options.format, "json");
    ck_assert_str_eq(options.function, "^f");
    ck_assert_uint_eq(options.thread, 7);
    ck_assert_uint_eq(options.process, 8);
    ck_assert_uint_eq(options.from_ns, 1500000);
    ck_assert_uint_eq(options.to_ns, 2500000);
    ck_assert_uint_eq(options.top, 3);
    ck_assert(options.quiet && options.force_symbols && options.names == SYMBOL_NAMES_MANGLED && options.inverted);
    ck_assert_str_eq(options.debug_dir, "/d");
    ck_assert_str_eq(options.title, "T");
    ck_assert_str_eq(options.unit, "cycles");
    ck_assert_double_eq(options.min_width, 0.5);
    ck_assert_uint_eq(options.width_px, 800);
    ck_assert_int_eq(options.color, COLOR_ALWAYS);
    ck_assert_int_eq(options.nr_inputs, 2);
    ck_assert_str_eq(options.inputs[0], "a.zst");
    ck_assert_str_eq(options.inputs[1], "-b.zst");
    ck_assert(!options.default_input);
}

END_TEST

static const struct {
    const char *text;
    uint64_t from_ns, to_ns;
} ranges[] = {
    {"1s..2s", 1000000000, 2000000000}, {"..300ms", 0, 300000000},
    {"20us..", 20000, UINT64_MAX},      {"0..1ns", 0, 1},
    {"0.5us..1.25us", 500, 1250},       {"007s..8s", 7000000000, 8000000000},
};

START_TEST(time_ranges)
{
    struct options options;
    struct err err;
    char line[64];
    snprintf(line, sizeof(line), "--time %s", ranges[_i].text);
    ck_assert_int_eq(parse(&options, line, ALL_SETS, &err), 0);
    ck_assert_uint_eq(options.from_ns, ranges[_i].from_ns);
    ck_assert_uint_eq(options.to_ns, ranges[_i].to_ns);
}

END_TEST

/* As flamegraph.pl takes it: pixels of 1200, or a percentage. */
START_TEST(narrowest_frame_in_pixels)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options, "--minwidth 12", ALL_SETS, &err), 0);
    ck_assert_double_eq_tol(options.min_width, 1, 1e-9);
    ck_assert_int_eq(parse(&options, "--minwidth 0.5%", ALL_SETS, &err), 0);
    ck_assert_double_eq_tol(options.min_width, 0.5, 1e-9);
}

END_TEST

static const struct {
    const char *line;
    unsigned set;
} owned[] = {
    {"-o x", OPTIONS_OUTPUT},
    {"--format x", OPTIONS_FORMAT},
    {"--function x", OPTIONS_FILTER},
    {"--thread 1", OPTIONS_FILTER},
    {"--time 1s..2s", OPTIONS_FILTER},
    {"--pid 1", OPTIONS_FILTER},
    {"-n 1", OPTIONS_TOP},
    {"--color=never", OPTIONS_COLOR},
    {"--no-color", OPTIONS_COLOR},
    {"--force-symbols", OPTIONS_SYMBOLS},
    {"--demangle=yes", OPTIONS_SYMBOLS},
    {"--debug-dir x", OPTIONS_SYMBOLS},
    {"--title x", OPTIONS_PICTURE},
    {"--min-width 1", OPTIONS_PICTURE},
    {"--width 500", OPTIONS_FLAME},
    {"--inverted", OPTIONS_FLAME},
    {"--reverse", OPTIONS_FLAME},
    {"--diff", OPTIONS_FLAME},
    {"--source", OPTIONS_PAGE},
    {"--subtitle x", OPTIONS_FLAME},
    {"--colors module", OPTIONS_FLAME},
    {"--countname x", OPTIONS_PICTURE},
    {"--minwidth 0.1", OPTIONS_PICTURE},
    {"--unit x", OPTIONS_PICTURE},
};

START_TEST(verbs_take_their_own_options)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options, owned[_i].line, owned[_i].set, &err), 0);
    ck_assert_int_eq(parse(&options, owned[_i].line, 0, &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    ck_assert_int_eq(parse(&options, "-q", 0, &err), 0);
}

END_TEST

static const struct {
    const char *line, *format;
} formats[] = {
    {"-o x.svg", "svg"}, {"-o a.b/x.json", "json"},          {"-o x.csv", "csv"}, {"-o x.folded", "folded"},
    {"-o x.txt", NULL},  {"-o x.svg --format text", "text"}, {"-o svg", NULL},    {"-o -", NULL},
};

START_TEST(endings_say_the_format)
{
    struct options options;
    struct err err;
    ck_assert_int_eq(parse(&options, formats[_i].line, ALL_SETS, &err), 0);
    if (formats[_i].format)
        ck_assert_str_eq(options.format, formats[_i].format);
    else
        ck_assert_ptr_null(options.format);
}

END_TEST

static const struct {
    const char *line;
    uint64_t bytes; /* 0: it is refused */
} sizes[] = {
    {"--max-size 8M", 8000000},
    {"--max-size 500k", 500000},
    {"--max-size 1.5GB", 1500000000},
    {"--max-size 4096", 4096},
    {"--max-size 4096B", 4096},
    {"--max-size 0", 0},
    {"--max-size -1M", 0},
    {"--max-size 8X", 0},
    {"--max-size M", 0},
    {"--max-size inf", 0},
    {"--max-size 99999999999999G", 0},
    {"--max-size 0.1", 0},
};

START_TEST(sizes_have_units)
{
    struct options options;
    struct err err = {0};
    int result = parse(&options, sizes[_i].line, ALL_SETS, &err);
    ck_assert_int_eq(result, sizes[_i].bytes > 0 ? 0 : -1);
    ck_assert(result != 0 || options.most_bytes == sizes[_i].bytes);
    ck_assert(result == 0 || err.code == ERR_USAGE);
}

END_TEST

START_TEST(colours)
{
    struct options options = {.color = COLOR_AUTO};
    char *text;
    size_t bytes;
    struct err err = {0};
    struct out *out = out_open_memory(&text, &bytes);
    unsetenv("NO_COLOR");
    unsetenv("CLICOLOR_FORCE");
    unsetenv("FORCE_COLOR");
    ck_assert(!options_color(&options, out)); /* no terminal */
    setenv("FORCE_COLOR", "1", 1);
    ck_assert(options_color(&options, out));
    setenv("FORCE_COLOR", "0", 1);
    setenv("CLICOLOR_FORCE", "0", 1);
    ck_assert(!options_color(&options, out));
    setenv("CLICOLOR_FORCE", "1", 1);
    ck_assert(options_color(&options, out));
    setenv("NO_COLOR", "", 1);
    ck_assert(options_color(&options, out));
    setenv("NO_COLOR", "1", 1);
    ck_assert(!options_color(&options, out));
    options.color = COLOR_ALWAYS;
    ck_assert(options_color(&options, out));
    options.color = COLOR_NEVER;
    ck_assert(!options_color(&options, out));
    ck_assert_int_eq(out_close(out, &err), 0);
    free(text);
}

END_TEST

static const struct {
    const char *line, *says;
} slips[] = {
    {"--formt json", "--formt: no such option; did you mean --format? (see tracean verb --help)"},
    {"--nofold=1", "--nofold=1: no such option; did you mean --no-fold? (see tracean verb --help)"},
    {"--xyzzy", "--xyzzy: no such option (see tracean verb --help)"},
    {"-Z", "-Z: no such option (see tracean verb --help)"},
};

START_TEST(slips_of_the_finger_are_understood)
{
    struct options options;
    struct err err = {0};
    ck_assert_int_eq(parse(&options, slips[_i].line, ALL_SETS, &err), -1);
    ck_assert_str_eq(err.text, slips[_i].says);
}

END_TEST

/* ---- TRACEAN_OPTIONS ------------------------------------------------------------------------------ */

/* Words as "a|b|"; "!" when they cannot be divided. */
static const struct {
    const char *line, *words;
} divided[] = {
    {"", ""},
    {" \t\n ", ""},
    {"a", "a|"},
    {"  a  bc ", "a|bc|"},
    {"'a b' \"c d\"", "a b|c d|"},
    {"a' 'b\" \"c", "a b c|"},
    {"'' \"\"", "||"},
    {"a\\ b \\' \\\\", "a b|'|\\|"},
    {"'a\\' \"\\\"\"", "a\\|\"|"},
    {"'\"' \"'\"", "\"|'|"},
    {"a\\", "a\\|"},
    {"'a", "!"},
    {"a\"b c", "!"},
    {"1 2 3 4 5", "!"}, /* more than four */
};

START_TEST(lines_are_divided_as_a_shell_does)
{
    enum { MOST = 4 };

    char line[64], found[64] = "", *all[MOST];
    snprintf(line, sizeof(line), "%s", divided[_i].line);
    size_t nr = shell_words(line, all, MOST);
    for (size_t i = 0; nr <= MOST && i < nr; i++) {
        strcat(found, all[i]);
        strcat(found, "|");
    }
    ck_assert_str_eq(nr <= MOST ? found : "!", divided[_i].words);
}

END_TEST

START_TEST(environment_stands_first)
{
    struct options options;
    struct err err = {0};
    setenv(OPTIONS_ENVIRONMENT, "--top 5 --no-fold -q --title 'my run' --width=300", 1);
    ck_assert_int_eq(parse(&options, "--thread 7 -n 9 a.zst", ALL_SETS, &err), 0);
    ck_assert(options.top == 9 && options.no_fold && options.quiet && options.thread == 7 && options.width_px == 300);
    ck_assert_str_eq(options.title, "my run");
    ck_assert_int_eq(options.nr_inputs, 1);
    ck_assert_str_eq(options.inputs[0], "a.zst");
    ck_assert_int_eq(parse(&options, "--thread 7", OPTIONS_FILTER, &err), 0); /* a verb that takes fewer */
    ck_assert(options.top == UINT32_MAX && options.no_fold && options.quiet && options.title == NULL);
    unsetenv(OPTIONS_ENVIRONMENT);
}

END_TEST

START_TEST(format_of_the_environment_yields_to_the_name)
{
    struct options options;
    struct err err = {0};
    setenv(OPTIONS_ENVIRONMENT, "--format json", 1);
    ck_assert_int_eq(parse(&options, "", ALL_SETS, &err), 0);
    ck_assert_str_eq(options.format, "json");
    ck_assert_int_eq(parse(&options, "-o x.csv", ALL_SETS, &err), 0);
    ck_assert_str_eq(options.format, "csv");
    ck_assert_int_eq(parse(&options, "-o x.csv --format html", ALL_SETS, &err), 0);
    ck_assert_str_eq(options.format, "html");
    unsetenv(OPTIONS_ENVIRONMENT);
}

END_TEST

static const struct {
    const char *value, *says;
} wrong_environments[] = {
    {"--nonsense", "TRACEAN_OPTIONS: --nonsense: no such option (see tracean verb --help)"},
    {"--top x", "TRACEAN_OPTIONS: --top: \"x\" is not a number from 0 to 4294967294"},
    {"--top", "TRACEAN_OPTIONS: --top: wants a value (see tracean verb --help)"},
    {"--top 5 a.zst", "TRACEAN_OPTIONS: \"a.zst\": only options stand there"},
    {"-o x", "TRACEAN_OPTIONS: --output: belongs on the command line"},
    {"--help", "TRACEAN_OPTIONS: --help: belongs on the command line"},
    {"'--top", "TRACEAN_OPTIONS: a quote has no end, or there are more than 64 words"},
};

START_TEST(mistakes_in_the_environment_are_told)
{
    struct options options;
    struct err err = {0};
    setenv(OPTIONS_ENVIRONMENT, wrong_environments[_i].value, 1);
    ck_assert_int_eq(parse(&options, "a.zst", ALL_SETS, &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    ck_assert_str_eq(err.text, wrong_environments[_i].says);
    unsetenv(OPTIONS_ENVIRONMENT);
}

END_TEST

START_TEST(environment_may_be_too_long)
{
    struct options options;
    struct err err = {0};
    char value[OPTIONS_ENVIRONMENT_BYTES + 1];
    memset(value, ' ', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    setenv(OPTIONS_ENVIRONMENT, value + 1, 1);
    ck_assert_int_eq(parse(&options, "a.zst", ALL_SETS, &err), 0);
    setenv(OPTIONS_ENVIRONMENT, value, 1);
    ck_assert_int_eq(parse(&options, "a.zst", ALL_SETS, &err), -1);
    ck_assert_str_eq(err.text, "TRACEAN_OPTIONS: is longer than 1023 bytes");
    unsetenv(OPTIONS_ENVIRONMENT);
}

END_TEST

static void no_output(void)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
}

START_TEST(help_exits_well)
{
    struct options options;
    struct err err;
    no_output();
    parse(&options, "--help", ALL_SETS, &err);
    ck_abort_msg("--help came back");
}

END_TEST

START_TEST(help_on_a_full_disk_says_so)
{
    struct options options;
    struct err err;
    int full = open("/dev/full", O_WRONLY);
    dup2(full, STDOUT_FILENO);
    parse(&options, "-h", ALL_SETS, &err);
    ck_abort_msg("-h came back");
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_loop_test(tests, wrong_lines, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
    tcase_add_test(tests, instants_are_of_the_heap);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, filters_and_columns);
    tcase_add_test(tests, everything_at_once);
    tcase_add_loop_test(tests, time_ranges, 0, (int)(sizeof(ranges) / sizeof(ranges[0])));
    tcase_add_test(tests, narrowest_frame_in_pixels);
    tcase_add_loop_test(tests, verbs_take_their_own_options, 0, (int)(sizeof(owned) / sizeof(owned[0])));
    tcase_add_loop_test(tests, endings_say_the_format, 0, (int)(sizeof(formats) / sizeof(formats[0])));
    tcase_add_loop_test(tests, slips_of_the_finger_are_understood, 0, (int)(sizeof(slips) / sizeof(slips[0])));
    tcase_add_loop_test(tests, lines_are_divided_as_a_shell_does, 0, (int)(sizeof(divided) / sizeof(divided[0])));
    tcase_add_loop_test(tests, sizes_have_units, 0, (int)(sizeof(sizes) / sizeof(sizes[0])));
    tcase_add_test(tests, environment_stands_first);
    tcase_add_test(tests, format_of_the_environment_yields_to_the_name);
    tcase_add_loop_test(tests, mistakes_in_the_environment_are_told, 0,
                        (int)(sizeof(wrong_environments) / sizeof(wrong_environments[0])));
    tcase_add_test(tests, environment_may_be_too_long);
    tcase_add_test(tests, colours);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    if (srunner_fork_status(runner) == CK_FORK) { /* these end the process */
        tcase_add_exit_test(tests, help_exits_well, ERR_NONE);
        tcase_add_exit_test(tests, help_on_a_full_disk_says_so, ERR_OUTPUT);
    }
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
