/*
 * The verbs. One file each; only these files and main.c print errors and decide exit statuses.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/err.h"
#include "base/number.h"
#include "base/out.h"
#include "symbols/symbols.h"
#include "cmd/view_table.h"

#include <stdbool.h>
#include <stdint.h>

struct by_thread;
struct chart;
struct heap_profile;
struct pair;
struct sources;

struct command {
    const char *name;
    const char *summary;               /* for --help: one line */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
};

#define OPTIONS_ENVIRONMENT       "TRACEAN_OPTIONS"
#define OPTIONS_ENVIRONMENT_BYTES 1024u

/* The options that mean the same everywhere. */
struct options {
    const char *output;      /* -o FILE; NULL: standard output */
    const char *format;      /* --format; NULL: the verb's first */
    const char *function;    /* --function REGEX (POSIX extended, on demangled names); NULL: all */
    const char *ignore;      /* --ignore REGEX: without these functions and what they call; NULL: none */
    const char *module;      /* --module REGEX: only functions of these object files; NULL: all */
    uint32_t depth;          /* --depth N: no calls deeper than that; 0: all */
    uint64_t min_ns;         /* --min TIME: no call paths with less; 0: all */
    uint32_t thread;         /* --thread TID; 0: all */
    uint32_t process;        /* --pid PID; 0: all */
    uint64_t from_ns, to_ns; /* --time A..B, from the start of the trace; 0 and UINT64_MAX: all */
    uint32_t top;            /* -n, --top; UINT32_MAX: the view's choice; 0: all */
    const char *sort;        /* --sort COLUMN (report); NULL: self */
    const char *column_list; /* --columns LIST (report); NULL: the report's choice */
    bool no_pager;           /* --no-pager */

    enum {
        COLOR_AUTO,
        COLOR_ALWAYS,
        COLOR_NEVER
    } color; /* --color=WHEN, --no-color; NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR are obeyed */

    bool redact;                /* --redact */
    bool quiet;                 /* -q: no notices, no progress */
    bool force_symbols;         /* --force-symbols */
    enum symbol_names names;    /* --demangle */
    const char *debug_dir;      /* --debug-dir DIR */
    const char *title;          /* --title (flamegraph, html) */
    bool no_fold;               /* --no-fold: recursion as deep as it was */
    double min_width;           /* --min-width PERCENT (flamegraph) */
    uint64_t most_bytes;        /* --max-size (flamegraph, html); 0: any */
    uint32_t width_px;          /* --width PX (flamegraph) */
    bool inverted;              /* --inverted (flamegraph) */
    bool reversed;              /* --reverse (flamegraph) */
    enum view_colors colors;    /* --colors (flamegraph) */
    const char *palette;        /* --colors of flamegraph.pl: a name that palette_find() knows; NULL: the usual ones */
    bool time_order;            /* --time-order (flamegraph) */
    bool diff;                  /* --diff (flamegraph, html): of two inputs, how the second differs */
    bool negate;                /* --negate: the second is the base */
    double total;               /* --total (flamegraph): what the whole width is; 0: the sum */
    double factor;              /* --factor (flamegraph of folded stacks); 0: 1 */
    const char *subtitle;       /* --subtitle (flamegraph) */
    const char *unit;           /* --unit NAME (flamegraph of folded stacks); NULL: samples */
    enum number_unit time_unit; /* --unit UNIT (tables): of times */
    const char *subject;        /* FUNC: the first word of the rest of the line, of verbs that take one */
    const struct pair *pair;    /* of the two inputs, once they are loaded */
    struct chart *chart;        /* filled while a single trace is loaded, and shown; NULL: not wanted */
    uint32_t slowest;           /* --slowest N (outliers); 0: what is above p99 */

    bool source;                     /* --source (html) */
    const struct by_thread *threads; /* of the trace that is shown, once they are loaded */
    const struct sources *sources;   /* what it found */

    struct call_id {
        uint32_t thread, depth; /* thread 0: none is asked for */
        uint64_t start_ns;
    } call; /* --call ID (calls) */

    bool memory;          /* --memory (report, export) */
    uint64_t at_ns[2];    /* --at; UINT64_MAX: no instant */
    const char *alloc_fn; /* --alloc-fn REGEX; NULL: the usual names */

    enum option_wrappers { WRAPPERS_AUTO, WRAPPERS_NAMES, WRAPPERS_NONE } wrappers; /* --wrappers */
    struct heap_profile **heap; /* set while a single trace with events of memory is loaded; NULL: not wanted */

    enum option_weight {
        WEIGHT_TIME,
        WEIGHT_BYTES,
        WEIGHT_ALLOCS,
        WEIGHT_PEAK,
        WEIGHT_LEAKED,
        WEIGHT_LIVE,
        WEIGHT_GROWN
    } weight; /* --weight (flamegraph, export) */

    char environment[OPTIONS_ENVIRONMENT_BYTES]; /* the words of TRACEAN_OPTIONS; members above point into it */

    char **inputs; /* the rest of the line; ./trace.zst when there is none */
    int nr_inputs;
    bool default_input; /* there was none */
    bool finds;         /* not an option: findings are shown, and what they need is looked for */
    bool name_notices;  /* not an option: notices say which trace they are about, for what is kept and merged */
};

/* Which of the options a verb takes; the others are usage errors. */
enum option_set {
    OPTIONS_OUTPUT = 1u << 0, /* -o */
    OPTIONS_FORMAT = 1u << 1,
    OPTIONS_FILTER = 1u << 2, /* --function --ignore --module --depth --min --thread --pid --time
                               --no-fold */
    OPTIONS_TOP = 1u << 3,
    OPTIONS_COLOR = 1u << 4,     /* --color --no-color --no-pager */
    OPTIONS_SYMBOLS = 1u << 5,   /* --force-symbols --demangle --debug-dir */
    OPTIONS_PICTURE = 1u << 6,   /* --title --min-width --max-size --unit */
    OPTIONS_FLAME = 1u << 7,     /* --width --inverted --reverse --colors --diff --subtitle --total --factor */
    OPTIONS_MEMORY = 1u << 8,    /* --memory --at --alloc-fn --wrappers */
    OPTIONS_WEIGHT = 1u << 9,    /* --weight --at --alloc-fn --wrappers */
    OPTIONS_COLUMNS = 1u << 10,  /* --sort --columns */
    OPTIONS_SUBJECT = 1u << 11,  /* FUNC before the inputs */
    OPTIONS_WINDOW = 1u << 12,   /* of OPTIONS_FILTER --thread --pid --time */
    OPTIONS_FUNCTION = 1u << 13, /* of OPTIONS_FILTER --function */
    OPTIONS_SLOWEST = 1u << 14,
    OPTIONS_CALL = 1u << 15,
    OPTIONS_PAGE = 1u << 16,     /* --source */
    OPTIONS_WRAPPERS = 1u << 17, /* of OPTIONS_MEMORY --alloc-fn --wrappers */
    OPTIONS_DIFF = 1u << 18,     /* of OPTIONS_FLAME --diff */
    OPTIONS_REDACT = 1u << 20,
    OPTIONS_TABLE = 1u << 19 /* --unit, of times */
};

/*
 * Parse a verb's command line with getopt_long, after the options in TRACEAN_OPTIONS, of which those that the verb does
 * not take have no effect. The options must stay where they are, as they point into themselves. `usage` is the verb's
 * text after "tracean VERB [OPTION…] "; `about` a paragraph, `examples` lines of examples for --help. --help prints and
 * exits 0 (the one exit in here); a wrong flag is -1 with ERR_USAGE.
 */
int options_parse(struct options *options, int argc, char **argv, unsigned option_set, const char *usage,
                  const char *about, const char *examples, struct err *err);

/* True when colour goes to `out` under these options and the environment. */
bool options_color(const struct options *options, const struct out *out);

/* Print "tracean: TEXT" to stderr and return the exit status of the error. */
int command_fail(const struct err *err);

/* Print "tracean: TEXT" (escaped) as a notice on stderr unless --quiet. */
void command_notice(const struct options *options, const char *text);

/* All of a profile's, and that it is incomplete if it is; `shown`: its own are on the screen already. */
struct profile;
void command_notices(const struct options *options, const struct profile *profile, bool shown);

struct view;

/* The view of a verb in the format that the options ask for. NULL with ERR_USAGE set when there is none. */
const struct view *command_view(const struct options *options, const char *verb, struct err *err);

/* Write the view to the output that the options name. Returns the exit status; prints errors and notices. */
int command_show(const struct options *options, const struct view *view, const struct profile *profile);

/* Writes an answer of any kind. 0, or -1 with err set. */
struct view_options;
typedef int command_writer(const void *answer, const struct view_options *view, struct out *out, struct err *err);

/* Write to the output that the options name: through a pager when it is text and taller than the terminal. The colour
 * and the width of `view` are set here. 0, or -1 with err set. */
int command_output(const struct options *options, command_writer *write, const void *answer, struct view_options *view,
                   bool is_text, struct err *err);

/* The same for lines and tables, in the format that the options ask for. */
int command_sheet(const struct options *options, const char *verb, command_writer *write, const void *answer,
                  struct err *err);

int cmd_report(int argc, char **argv);
int cmd_tree(int argc, char **argv);
int cmd_peek(int argc, char **argv);
int cmd_hist(int argc, char **argv);
int cmd_threads(int argc, char **argv);
int cmd_modules(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_outliers(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_flamegraph(int argc, char **argv);
int cmd_html(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_calls(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_heap(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_repair(int argc, char **argv);
int cmd_pack(int argc, char **argv);

#endif
