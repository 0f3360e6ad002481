/*
 * The verbs that are one table of the profile.
 */
#include "cmd/show.h"

enum {
    TABLE_OPTIONS = OPTIONS_OUTPUT | OPTIONS_FORMAT | OPTIONS_FILTER | OPTIONS_TOP | OPTIONS_COLOR | OPTIONS_REDACT |
                    OPTIONS_TABLE | OPTIONS_SYMBOLS
};

int cmd_tree(int argc, char **argv)
{
    static const char about[] =
        "The call tree: the call paths that take 1 % of the run or more, or with --top the N heaviest, and what is\n"
        "left out below each. Formats: text, json, csv, markdown, html.";
    static const char examples[] = "  tracean tree\n"
                                   "  tracean tree --function '^parse' --top 30 trace.zst\n"
                                   "  tracean tree --format csv --top 0 -o paths.csv";
    return load_and_show(argc, argv, TABLE_OPTIONS, about, examples);
}

int cmd_peek(int argc, char **argv)
{
    static const char about[] =
        "A function between its callers and its callees: time through each call, recursion counted once; 100 % is the\n"
        "function's total. FUNC is a name, or a regular expression for several. Formats: text, json, csv, markdown,\n"
        "html.";
    static const char examples[] = "  tracean peek lex_token\n"
                                   "  tracean peek '^lua_push' --top 3 trace.zst";
    return load_and_show(argc, argv, TABLE_OPTIONS | OPTIONS_SUBJECT, about, examples);
}

int cmd_hist(int argc, char **argv)
{
    static const char about[] =
        "How long the calls of a function took, from enter to exit: bins of equal ratio, with the calls in each and "
        "the\n"
        "time that they took together. FUNC is a name, or a regular expression for several. Formats: text, json, csv,\n"
        "markdown, html.";
    static const char examples[] = "  tracean hist lex_token\n"
                                   "  tracean hist lex_token --thread 4711 trace.zst";
    return load_and_show(argc, argv, TABLE_OPTIONS | OPTIONS_SUBJECT, about, examples);
}

int cmd_threads(int argc, char **argv)
{
    static const char about[] =
        "The threads: calls, first and last event (from the start of the trace), how long each waited for the tracer,\n"
        "and how many of its events are lost. Formats: text, json, csv, markdown, html.";
    static const char examples[] = "  tracean threads\n"
                                   "  tracean threads --format csv trace.zst";
    return load_and_show(argc, argv, TABLE_OPTIONS, about, examples);
}

int cmd_modules(int argc, char **argv)
{
    static const char about[] = "The object files: the time of their functions, the calls, how many functions.\n"
                                "Formats: text, json, csv, markdown, html.";
    static const char examples[] = "  tracean modules\n"
                                   "  tracean modules --format json trace.zst";
    return load_and_show(argc, argv, TABLE_OPTIONS, about, examples);
}
