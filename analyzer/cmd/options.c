#include "cmd/command.h"

#include "cmd/near_word.h"
#include "cmd/option_values.h"
#include "cmd/shell_words.h"
#include "view/function_columns.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_id {
    OPTION_OUTPUT = 256,
    OPTION_FORMAT,
    OPTION_FUNCTION,
    OPTION_IGNORE,
    OPTION_MODULE,
    OPTION_DEPTH,
    OPTION_MIN,
    OPTION_THREAD,
    OPTION_PID,
    OPTION_TIME,
    OPTION_TOP,
    OPTION_COLOR,
    OPTION_NO_COLOR,
    OPTION_NO_PAGER,
    OPTION_SORT,
    OPTION_SLOWEST,
    OPTION_CALL,
    OPTION_COLUMNS,
    OPTION_FORCE_SYMBOLS,
    OPTION_DEMANGLE,
    OPTION_DEBUG_DIR,
    OPTION_NO_FOLD,
    OPTION_TITLE,
    OPTION_MIN_WIDTH,
    OPTION_WIDTH,
    OPTION_INVERTED,
    OPTION_UNIT,
    OPTION_MIN_WIDTH_PX,
    OPTION_MAX_SIZE,
    OPTION_REVERSE,
    OPTION_COLORS,
    OPTION_DIFF,
    OPTION_NEGATE,
    OPTION_TOTAL,
    OPTION_FACTOR,
    OPTION_IGNORED, /* of flamegraph.pl: taken, so that its command lines work, and without effect */
    OPTION_TIME_ORDER,
    OPTION_SOURCE,
    OPTION_SUBTITLE,
    OPTION_MEMORY,
    OPTION_AT,
    OPTION_ALLOC_FN,
    OPTION_WRAPPERS,
    OPTION_WEIGHT,
    OPTION_REDACT,
    OPTION_QUIET,
    OPTION_HELP
};

#define ALWAYS UINT32_MAX

struct option_row {
    enum option_id id;
    unsigned set;                       /* enum option_set: any of these bits */
    char letter;                        /* 0: none */
    const char *name, *argument, *help; /* help NULL: it is not told */
};

static const struct option_row rows[] = {
    {OPTION_OUTPUT, OPTIONS_OUTPUT, 'o', "output", "FILE", "write to FILE (- is standard output)"},
    {OPTION_FORMAT, OPTIONS_FORMAT, 0, "format", "FORMAT", "see above; else the ending of FILE says it"},
    {OPTION_TOP, OPTIONS_TOP, 'n', "top", "N", "show N functions; 0 shows all"},
    {OPTION_SORT, OPTIONS_COLUMNS, 0, "sort", "COLUMN", "order of the functions; default self"},
    {OPTION_COLUMNS, OPTIONS_COLUMNS, 0, "columns", "LIST", "what the table shows: self,self%,calls,function"},
    {OPTION_FUNCTION, OPTIONS_FILTER | OPTIONS_FUNCTION, 0, "function", "REGEX",
     "only functions whose names match, and what they call"},
    {OPTION_IGNORE, OPTIONS_FILTER, 0, "ignore", "REGEX", "without these functions and what they call"},
    {OPTION_MODULE, OPTIONS_FILTER, 0, "module", "REGEX", "only functions of object files whose paths match"},
    {OPTION_DEPTH, OPTIONS_FILTER, 0, "depth", "N", "no calls deeper than N"},
    {OPTION_MIN, OPTIONS_FILTER, 0, "min", "TIME", "no call paths that take less, as 10us"},
    {OPTION_THREAD, OPTIONS_FILTER | OPTIONS_WINDOW, 0, "thread", "TID", "only this thread"},
    {OPTION_PID, OPTIONS_FILTER | OPTIONS_WINDOW, 0, "pid", "PID", "only this process"},
    {OPTION_TIME, OPTIONS_FILTER | OPTIONS_WINDOW, 0, "time", "A..B", "only from A to B after the start: 1.5s..2s"},
    {OPTION_NO_FOLD, OPTIONS_FILTER, 0, "no-fold", NULL, "recursion as deep as it was; else it is shown once"},
    {OPTION_SLOWEST, OPTIONS_SLOWEST, 0, "slowest", "N", "the N slowest are slow; default: what is above p99"},
    {OPTION_CALL, OPTIONS_CALL, 0, "call", "ID", "only this call, as tracean outliers lists it"},
    {OPTION_TITLE, OPTIONS_PICTURE, 0, "title", "TEXT", "the picture's title"},
    {OPTION_MIN_WIDTH, OPTIONS_PICTURE, 0, "min-width", "PERCENT", "merge what is narrower; default: nothing"},
    {OPTION_MAX_SIZE, OPTIONS_PICTURE, 0, "max-size", "SIZE", "merge as much as it takes to stay below, as 8M or 500k"},
    {OPTION_MIN_WIDTH_PX, OPTIONS_PICTURE, 0, "minwidth", "PX", "the same in pixels of 1200, or with % behind"},
    {OPTION_UNIT, OPTIONS_TABLE, 0, "unit", "UNIT", "of times in tables: ns, us, ms, s; default: what fits each"},
    {OPTION_UNIT, OPTIONS_PICTURE, 0, "unit", "NAME", "what folded stacks count; default samples"},
    {OPTION_UNIT, OPTIONS_PICTURE, 0, "countname", "NAME", "the same as --unit"},
    {OPTION_SUBTITLE, OPTIONS_FLAME, 0, "subtitle", "TEXT", "the line below the title"},
    {OPTION_WIDTH, OPTIONS_FLAME, 0, "width", "PX", "width without a browser; default 1200"},
    {OPTION_INVERTED, OPTIONS_FLAME, 0, "inverted", NULL, "callers above, callees below"},
    {OPTION_REVERSE, OPTIONS_FLAME, 0, "reverse", NULL, "begin with functions, each with its callers"},
    {OPTION_COLORS, OPTIONS_FLAME, 0, "colors", "WORD", "name, module, file, self; or of flamegraph.pl: mem, java …"},
    {OPTION_TIME_ORDER, OPTIONS_FLAME, 0, "time-order", NULL, "calls as they followed one another, by thread"},
    {OPTION_TIME_ORDER, OPTIONS_FLAME, 0, "flamechart", NULL, "the same as --time-order"},
    {OPTION_DIFF, OPTIONS_FLAME | OPTIONS_PAGE | OPTIONS_DIFF, 0, "diff", NULL,
     "of two inputs: how the second differs from the first"},
    {OPTION_NEGATE, OPTIONS_FLAME | OPTIONS_PAGE, 0, "negate", NULL, "how the first differs from the second"},
    {OPTION_TOTAL, OPTIONS_FLAME, 0, "total", "COUNT", "folded stacks: how much the whole width is, if not their sum"},
    {OPTION_FACTOR, OPTIONS_FLAME, 0, "factor", "NUMBER", "folded stacks: multiply all counts by it"},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "height", "PX", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "fonttype", "FONT", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "fontsize", "PX", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "fontwidth", "PART", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "encoding", "NAME", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "bgcolors", "WORD", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "nametype", "TEXT", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "notes", "TEXT", NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "hash", NULL, NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "random", NULL, NULL},
    {OPTION_IGNORED, OPTIONS_FLAME, 0, "cp", NULL, NULL},
    {OPTION_SOURCE, OPTIONS_PAGE, 0, "source", NULL, "put the source of the first 100 functions into the page"},
    {OPTION_MEMORY, OPTIONS_MEMORY, 0, "memory", NULL, "the heap: who allocated what, and when it was most"},
    {OPTION_AT, OPTIONS_MEMORY | OPTIONS_WEIGHT, 0, "at", "T|A..B",
     "the heap T after the start; what grew from A to B"},
    {OPTION_WEIGHT, OPTIONS_WEIGHT, 0, "weight", "WHAT", "memory: bytes, allocs, peak, leaked, live, grown (--at)"},
    {OPTION_ALLOC_FN, OPTIONS_MEMORY | OPTIONS_WEIGHT | OPTIONS_WRAPPERS, 0, "alloc-fn", "REGEX",
     "functions that only pass memory on, and no others"},
    {OPTION_WRAPPERS, OPTIONS_MEMORY | OPTIONS_WEIGHT | OPTIONS_WRAPPERS, 0, "wrappers", "HOW",
     "which functions pass memory on: auto, names, none"},
    {OPTION_FORCE_SYMBOLS, OPTIONS_SYMBOLS, 0, "force-symbols", NULL, "names also from binaries that were rebuilt"},
    {OPTION_DEMANGLE, OPTIONS_SYMBOLS, 0, "demangle", "HOW", "C++ and Rust names: yes, short (no arguments), no"},
    {OPTION_DEBUG_DIR, OPTIONS_SYMBOLS, 0, "debug-dir", "DIR", "separate debug files; default /usr/lib/debug"},
    {OPTION_COLOR, OPTIONS_COLOR, 0, "color", "WHEN", "auto, always or never"},
    {OPTION_NO_COLOR, OPTIONS_COLOR, 0, "no-color", NULL, "the same as --color=never"},
    {OPTION_NO_PAGER, OPTIONS_COLOR, 0, "no-pager", NULL, "a long text goes past the terminal"},
    {OPTION_REDACT, OPTIONS_REDACT, 0, "redact", NULL, "without folders, arguments and host, to be handed out"},
    {OPTION_QUIET, ALWAYS, 'q', "quiet", NULL, "no notices on standard error"},
    {OPTION_HELP, ALWAYS, 'h', "help", NULL, "this text"},
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static bool row_is_in(const struct option_row *row, unsigned set)
{
    return (row->set & set) != 0 || row->set == ALWAYS;
}

/* ---- Help --------------------------------------------------------------------------------------- */

static void help_exit(const char *verb, unsigned set, const char *usage, const char *about, const char *examples)
{
    printf("Usage: tracean %s [OPTION…] %s\n\n%s\n\nOptions:\n", verb, usage, about);
    for (size_t i = 0; i < NR_ROWS; i++) {
        const struct option_row *row = &rows[i];
        if (!row_is_in(row, set) || row->help == NULL)
            continue;
        char left[48];
        snprintf(left, sizeof(left), "%c%c%s--%s%s%s", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                 row->letter ? ", " : "  ", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
        printf("  %-26s  %s\n", left, row->help);
    }
    printf("\nExamples:\n%s\n\nExit status:\n"
           "  0 all went well; 1 wrong usage; 2 an input cannot be used;\n"
           "  3 done, but the trace is incomplete; 4 the output cannot be written\n",
           examples);
    exit(fflush(stdout) == 0 ? ERR_NONE : ERR_OUTPUT);
}

/* ---- The command line --------------------------------------------------------------------------- */

/* Where an option that is a text goes, whatever is to be checked of it; NULL: it is none. */
static const char **text_of(struct options *options, enum option_id id)
{
    switch (id) {
    case OPTION_OUTPUT:
        return &options->output;
    case OPTION_FORMAT:
        return &options->format;
    case OPTION_FUNCTION:
        return &options->function;
    case OPTION_IGNORE:
        return &options->ignore;
    case OPTION_MODULE:
        return &options->module;
    case OPTION_SORT:
        return &options->sort;
    case OPTION_COLUMNS:
        return &options->column_list;
    case OPTION_DEBUG_DIR:
        return &options->debug_dir;
    case OPTION_TITLE:
        return &options->title;
    case OPTION_SUBTITLE:
        return &options->subtitle;
    case OPTION_UNIT:
        return &options->unit;
    case OPTION_ALLOC_FN:
        return &options->alloc_fn;
    default:
        return NULL;
    }
}

/* Where an option without a value goes; NULL: it has one. */
static bool *flag_of(struct options *options, enum option_id id)
{
    switch (id) {
    case OPTION_NO_PAGER:
        return &options->no_pager;
    case OPTION_FORCE_SYMBOLS:
        return &options->force_symbols;
    case OPTION_INVERTED:
        return &options->inverted;
    case OPTION_NO_FOLD:
        return &options->no_fold;
    case OPTION_REVERSE:
        return &options->reversed;
    case OPTION_DIFF:
        return &options->diff;
    case OPTION_NEGATE:
        return &options->negate;
    case OPTION_TIME_ORDER:
        return &options->time_order;
    case OPTION_SOURCE:
        return &options->source;
    case OPTION_MEMORY:
        return &options->memory;
    case OPTION_REDACT:
        return &options->redact;
    case OPTION_QUIET:
        return &options->quiet;
    default:
        return NULL;
    }
}

static uint32_t *number_of(struct options *options, enum option_id id, uint32_t *least)
{
    *least = id == OPTION_TOP ? 0 : id == OPTION_WIDTH ? 100 : 1;
    switch (id) {
    case OPTION_DEPTH:
        return &options->depth;
    case OPTION_THREAD:
        return &options->thread;
    case OPTION_PID:
        return &options->process;
    case OPTION_TOP:
        return &options->top;
    case OPTION_SLOWEST:
        return &options->slowest;
    case OPTION_WIDTH:
        return &options->width_px;
    default:
        return NULL;
    }
}

/* The first of its names. */
static const char *name_of(enum option_id id)
{
    size_t i = 0;
    while (rows[i].id != id)
        i++;
    return rows[i].name;
}

static int option_take(struct options *options, enum option_id id, const char *value, struct err *err)
{
    const char **text = text_of(options, id);
    bool *flag = flag_of(options, id);
    if (text)
        *text = value;
    if (flag)
        *flag = true;
    uint32_t least, *number = number_of(options, id, &least);
    if (number)
        return value_number(name_of(id), value, least, number, err);
    switch (id) {
    case OPTION_OUTPUT:
        return value[0] != '\0' ? 0 : err_set(err, ERR_USAGE, "-o: the name is empty");
    case OPTION_FUNCTION:
    case OPTION_IGNORE:
    case OPTION_MODULE:
        return value_regex(name_of(id), value, err);
    case OPTION_ALLOC_FN:
        options->wrappers = WRAPPERS_NAMES;
        return value_regex(name_of(id), value, err);
    case OPTION_MIN:
        return value_duration(name_of(id), value, &options->min_ns, err);
    case OPTION_TIME:
        return value_range(options, value, err);
    case OPTION_COLOR:
        return value_color(options, value, err);
    case OPTION_NO_COLOR:
        options->color = COLOR_NEVER;
        return 0;
    case OPTION_CALL:
        return value_call(options, value, err);
    case OPTION_SORT:
        return function_columns_check(value, err);
    case OPTION_COLUMNS:
        return function_columns_choose(&(struct function_columns){0}, value, err);
    case OPTION_DEMANGLE:
        return value_demangle(options, value, err);
    case OPTION_MIN_WIDTH:
        return value_percent(value, &options->min_width, err);
    case OPTION_MAX_SIZE:
        return value_size(value, &options->most_bytes, err);
    case OPTION_MIN_WIDTH_PX:
        return value_pixels(value, &options->min_width, err);
    case OPTION_TOTAL:
        return value_positive("total", value, &options->total, err);
    case OPTION_FACTOR:
        return value_positive("factor", value, &options->factor, err);
    case OPTION_COLORS:
        return value_colors(options, value, err);
    case OPTION_AT:
        return value_instants(value, options->at_ns, err);
    case OPTION_WEIGHT:
        return value_weight(options, value, err);
    case OPTION_WRAPPERS:
        return value_wrappers(options, value, err);
    default:
        return 0;
    }
}

/* What getopt_long needs for the rows of `set`. */
static void getopt_tables(unsigned set, struct option *longs, char *shorts)
{
    size_t nr = 0;
    *shorts++ = ':'; /* tell a missing value from an unknown option */
    for (size_t i = 0; i < NR_ROWS; i++) {
        if (!row_is_in(&rows[i], set))
            continue;
        longs[nr++] =
            (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, (int)rows[i].id};
        if (rows[i].letter) {
            *shorts++ = rows[i].letter;
            if (rows[i].argument)
                *shorts++ = ':';
        }
    }
    longs[nr] = (struct option){0};
    *shorts = '\0';
}

static enum option_id option_of_letter(int letter)
{
    for (size_t i = 0; i < NR_ROWS; i++)
        if (rows[i].letter && rows[i].letter == letter)
            return rows[i].id;
    return OPTION_HELP;
}

/* True when any row of an option is in the set. */
static bool option_is_in(enum option_id id, unsigned set)
{
    bool found = false;
    for (size_t i = 0; i < NR_ROWS; i++)
        found |= rows[i].id == id && row_is_in(&rows[i], set);
    return found;
}

/* A line of options. */
struct line {
    unsigned known, taken;   /* enum option_set: which there are, and which of them have an effect */
    const char *const *help; /* usage, about, examples; NULL: it is no command line */
};

static const char *format_of_file(const char *path)
{
    static const struct {
        const char *ending, *format;
    } formats[] = {{"svg", "svg"},
                   {"json", "json"},
                   {"csv", "csv"},
                   {"md", "markdown"},
                   {"html", "html"},
                   {"folded", "folded"},
                   {"pprof", "pprof"},
                   {"pb", "pprof"},
                   {"massif", "massif"},
                   {"heapsnapshot", "heapsnapshot"},
                   {"heapprofile", "heapprofile"}};

    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(dot + 1, formats[i].ending) == 0)
            return formats[i].format;
    return NULL;
}

/* There is no such option, or more than one begins like this. */
static int option_unknown(const char *word, const char *verb, const struct option *longs, struct err *err)
{
    const char *names[NR_ROWS];
    char name[64] = "";
    size_t nr = 0;
    for (; longs[nr].name; nr++)
        names[nr] = longs[nr].name;
    if (strncmp(word, "--", 2) == 0)
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *meant = near_word(name, names, nr);
    if (meant)
        return err_set(err, ERR_USAGE, "%s: no such option; did you mean --%s? (see tracean %s --help)", word, meant,
                       verb);
    return err_set(err, ERR_USAGE, "%s: no such option (see tracean %s --help)", word, verb);
}

static int option_wrong(int argc, char **argv, int code, const struct option *longs, struct err *err)
{
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    if (optopt > 0 && optopt < OPTION_OUTPUT && word[0] == '-' && word[1] == '-') /* "--quiet=yes" */
        return err_set(err, ERR_USAGE, "%s: wrong option (see tracean %s --help)", word, argv[0]);
    if (code == ':')
        return err_set(err, ERR_USAGE, "%s: wants a value (see tracean %s --help)", word, argv[0]);
    if (optopt > 0 && optopt < OPTION_OUTPUT)
        return err_set(err, ERR_USAGE, "-%c: no such option (see tracean %s --help)", optopt, argv[0]);
    return option_unknown(word, argv[0], longs, err);
}

/* The options of a line, those that the verb takes. What follows them begins at argv[optind]. */
static int line_parse(struct options *options, int argc, char **argv, const struct line *line, struct err *err)
{
    struct option longs[NR_ROWS + 1];
    char shorts[2 * NR_ROWS + 2];
    getopt_tables(line->known, longs, shorts);
    opterr = 0;
    optind = 0; /* begin anew */
    for (int code; (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (code == '?' || code == ':')
            return option_wrong(argc, argv, code, longs, err);
        enum option_id id = code >= OPTION_OUTPUT ? (enum option_id)code : option_of_letter(code);
        if (line->help == NULL && (id == OPTION_HELP || id == OPTION_OUTPUT))
            return err_set(err, ERR_USAGE, "--%s: belongs on the command line", name_of(id));
        if (id == OPTION_HELP)
            help_exit(argv[0], line->taken, line->help[0], line->help[1], line->help[2]);
        if (option_is_in(id, line->taken) && option_take(options, id, optarg, err) != 0)
            return -1;
    }
    return 0;
}

enum { ENVIRONMENT_WORDS = 64 };

static int environment_words(struct options *options, const char *verb, unsigned set, char *value, struct err *err)
{
    char *argv[ENVIRONMENT_WORDS + 2];
    char name[16];
    const struct line line = {.known = ALWAYS, .taken = set};
    snprintf(name, sizeof(name), "%s", verb); /* for messages */
    size_t nr = shell_words(value, argv + 1, ENVIRONMENT_WORDS);
    if (nr > ENVIRONMENT_WORDS)
        return err_set(err, ERR_USAGE, "a quote has no end, or there are more than %d words", ENVIRONMENT_WORDS);
    argv[0] = name;
    argv[nr + 1] = NULL;
    if (line_parse(options, (int)nr + 1, argv, &line, err) != 0)
        return -1;
    return optind > (int)nr ? 0 : err_set(err, ERR_USAGE, "\"%s\": only options stand there", argv[optind]);
}

/* What the environment says stands first: the command line has the last word. */
static int environment_parse(struct options *options, const char *verb, unsigned set, struct err *err)
{
    const char *value = getenv(OPTIONS_ENVIRONMENT);
    struct err found = {0};
    if (!value)
        return 0;
    if (strlen(value) >= sizeof(options->environment))
        return err_set(err, ERR_USAGE, OPTIONS_ENVIRONMENT ": is longer than %u bytes", OPTIONS_ENVIRONMENT_BYTES - 1);
    strcpy(options->environment, value);
    if (environment_words(options, verb, set, options->environment, &found) == 0)
        return 0;
    return err_set(err, found.code, OPTIONS_ENVIRONMENT ": %s", found.text);
}

/* An instant is one of the heap. */
static int instant_check(struct options *options, unsigned option_set, struct err *err)
{
    if (options->at_ns[0] == UINT64_MAX || options->weight != WEIGHT_TIME)
        return 0;
    options->memory = (option_set & OPTIONS_MEMORY) != 0;
    return options->memory ? 0 : err_set(err, ERR_USAGE, "--at: of what? --weight live or grown says it");
}

int options_parse(struct options *options, int argc, char **argv, unsigned option_set, const char *usage,
                  const char *about, const char *examples, struct err *err)
{
    static char default_name[] = "trace.zst";
    static char *default_inputs[] = {default_name, NULL};
    const char *help[] = {usage, about, examples};
    const struct line line = {.known = option_set, .taken = option_set, .help = help};
    *options =
        (struct options){.to_ns = UINT64_MAX, .top = UINT32_MAX, .min_width = -1, .at_ns = {UINT64_MAX, UINT64_MAX}};
    if (environment_parse(options, argv[0], option_set, err) != 0)
        return -1;
    const char *usual_format = options->format; /* less than what the name of the output says */
    options->format = NULL;
    if (line_parse(options, argc, argv, &line, err) != 0)
        return -1;
    if ((option_set & OPTIONS_TABLE) != 0 && options->unit && value_unit(options, options->unit, err) != 0)
        return -1;
    if (instant_check(options, option_set, err) != 0)
        return -1;
    if (options->redact && options->source)
        return err_set(err, ERR_USAGE, "--redact: not with source");
    if ((option_set & OPTIONS_SUBJECT) != 0) {
        if (optind >= argc)
            return err_set(err, ERR_USAGE, "%s: name a function (see tracean %s --help)", argv[0], argv[0]);
        options->subject = argv[optind++];
    }
    options->default_input = optind >= argc;
    options->inputs = options->default_input ? default_inputs : argv + optind;
    options->nr_inputs = options->default_input ? 1 : argc - optind;
    if (!options->format && options->output && (option_set & OPTIONS_FORMAT) != 0)
        options->format = format_of_file(options->output);
    if (!options->format)
        options->format = usual_format;
    return 0;
}

/* Set to something that is neither empty nor `no`. */
static bool environment_says(const char *name, const char *no)
{
    const char *value = getenv(name);
    return value && value[0] != '\0' && strcmp(value, no) != 0;
}

bool options_color(const struct options *options, const struct out *out)
{
    if (options->color != COLOR_AUTO)
        return options->color == COLOR_ALWAYS;
    if (environment_says("NO_COLOR", ""))
        return false;
    if (environment_says("CLICOLOR_FORCE", "0") || environment_says("FORCE_COLOR", "0"))
        return true;
    const char *terminal = getenv("TERM");
    return out_is_terminal(out) && !(terminal && strcmp(terminal, "dumb") == 0);
}
