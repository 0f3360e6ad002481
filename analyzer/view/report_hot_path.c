/*
 * The hot path as a table. Frames that hand all of the time on are counted, not listed.
 */
#include "view/report.h"

#include "base/number.h"
#include "profile/hot_path.h"

#include <stdio.h>
#include <string.h>

#define FOLD_ROWS    8u  /* a path that is longer is folded */
#define FOLD_PERCENT 99u /* of its time, that a frame hands on to the next, for it to be folded */
#define INDENT_MAX   20u

static const struct table_column columns[] = {
    {"TOTAL", "inclusive_ns", TABLE_TIME, 0}, {"TOTAL%", "inclusive_percent", TABLE_SHARE, 0},
    {"SELF", "exclusive_ns", TABLE_TIME, 2},  {"CALLS", "calls", TABLE_COUNT, 1},
    {"FUNCTION", "label", TABLE_TEXT, 0},
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void name_add(struct table *table, unsigned row, const char *name, enum table_style style)
{
    char prefix[2 * INDENT_MAX + 8] = "";
    if (row > 0)
        snprintf(prefix, sizeof(prefix), "%*s└ ", 2 * (int)(row < INDENT_MAX ? row - 1 : INDENT_MAX - 1), "");
    table_text_within(table, prefix, name, "", style);
}

static void path_row(struct table *table, unsigned row, const struct profile *profile, uint32_t at)
{
    const struct profile_node *node = &profile->nodes[at];
    table_number(table, node->inclusive_ns);
    table_share(table, node->inclusive_ns, profile->nodes[0].inclusive_ns, TABLE_PLAIN);
    table_number(table, node->exclusive_ns);
    if (profile->facts.has_calls)
        table_number(table, node->calls);
    else
        table_empty(table);
    name_add(table, row, profile->functions[node->function].label, TABLE_BOLD);
}

static void fold_row(struct table *table, unsigned row, uint32_t nr)
{
    char number[NUMBER_BYTES], text[NUMBER_BYTES + 32];
    for (unsigned i = 0; i + 1 < NR_COLUMNS; i++)
        table_empty(table);
    snprintf(text, sizeof(text), "… %s frames that hand it on", number_grouped(number, nr));
    name_add(table, row, text, TABLE_PLAIN);
}

/* A frame on the way that is not worth a row. */
static bool hands_on(const struct profile *profile, uint32_t at)
{
    uint32_t next = hot_path_next(profile, at);
    return profile->nodes[at].depth > 1 && next != 0 &&
           (double)profile->nodes[next].inclusive_ns * 100 >= (double)profile->nodes[at].inclusive_ns * FOLD_PERCENT;
}

static void path_rows(struct table *table, const struct profile *profile, bool fold)
{
    unsigned row = 0;
    for (uint32_t at = hot_path_next(profile, 0), nr; at != 0; row++) {
        uint32_t behind = at;
        for (nr = 0; fold && hands_on(profile, behind); nr++)
            behind = hot_path_next(profile, behind);
        if (nr > 1) {
            fold_row(table, row, nr);
            at = behind;
        } else {
            path_row(table, row, profile, at);
            at = hot_path_next(profile, at);
        }
    }
}

int report_hot_path(const struct profile *profile, struct sheet *sheet, struct err *err)
{
    struct table table;
    uint32_t length = 0;
    for (uint32_t at = hot_path_next(profile, 0); at != 0; at = hot_path_next(profile, at))
        length++;
    if (length == 0)
        return 0;
    table_init(&table, columns, NR_COLUMNS);
    path_rows(&table, profile, length > FOLD_ROWS);
    sheet_heading(sheet, "HOT PATH: the heaviest callee while it takes half of its caller's time");
    int result = sheet_table(sheet, "hot_path", &table, err);
    table_release(&table);
    return result;
}
