/*
 * What a view is: a function from a profile to text. Adding one means adding a file and a line in cmd/view_table.c.
 *
 * A view never opens a file, never prints an error, never exits, and never shows a name but through base/escape.h.
 */
#ifndef VIEW_H
#define VIEW_H

#include "base/err.h"
#include "base/number.h"
#include "base/out.h"
#include "profile/profile.h"

struct by_thread;
struct chart;
struct heap_profile;
struct pair;
struct palette;
struct sources;

/* The formats of views that are lines and tables (view/sheet.h). */
enum view_format { VIEW_TEXT, VIEW_JSON, VIEW_CSV, VIEW_MARKDOWN, VIEW_HTML };

/* What has a colour of its own in a flame graph. */
enum view_colors { COLORS_NAME, COLORS_MODULE, COLORS_FILE, COLORS_SELF };

struct view_options {
    enum view_format format;
    uint32_t top;                   /* rows or functions shown; 0: all. Views choose when it is UINT32_MAX */
    const char *subject;            /* peek, hist, list: the function's name or a regular expression */
    const char *sort, *column_list; /* words of view/function_columns.h; NULL: choose */
    bool color;                     /* escape sequences are welcome */
    unsigned columns;               /* width to keep to; 0: no limit */
    enum number_unit unit;          /* of times in tables */
    const char *title;              /* NULL: made from the facts */
    double min_width;        /* flame graph: share of the run, in percent, below which frames are left out; < 0: none */
    uint32_t width_px;       /* flame graph; 0: choose */
    uint64_t whole;          /* flame graph: what the whole width is, when that is more than the sum; 0: the sum */
    bool inverted;           /* flame graph: root on top */
    enum view_colors colors; /* flame graph */
    const struct palette *palette; /* flame graph: other colours; NULL: the usual ones */
    bool reversed;                 /* flame graph: begin with every function's callers */
    const char *subtitle;
    const struct pair *pair;         /* of two profiles, of which the one that is shown is `both`; NULL: of one */
    const struct sources *sources;   /* of functions; NULL: none */
    const struct by_thread *threads; /* page: the threads of the same trace; NULL: not known */
    const struct chart *chart;       /* the calls in time; NULL: not known */
    const struct heap_profile *heap; /* page: of the same trace; NULL: not known */
};

/* The format of that name, NULL: text. 0, or -1 when it is none of lines and tables. */
int view_format_find(const char *name, enum view_format *format);

#endif
