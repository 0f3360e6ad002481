/*
 * The columns that a table of functions can have: the words of --columns and --sort.
 */
#ifndef FUNCTION_COLUMNS_H
#define FUNCTION_COLUMNS_H

#include "base/table.h"
#include "profile/profile.h"

#define FUNCTION_COLUMNS_MAX 32u

struct function_columns {
    unsigned nr;
    unsigned numbers[FUNCTION_COLUMNS_MAX]; /* which ones; private */
    struct table_column columns[FUNCTION_COLUMNS_MAX];
};

/* Choose the columns of a list like "self,self%,calls,function". 0, or -1 with ERR_USAGE set. */
int function_columns_choose(struct function_columns *columns, const char *list, struct err *err);

/* Check a word for --sort. 0, or -1 with ERR_USAGE set. */
int function_columns_check(const char *word, struct err *err);

/* Indexes of all functions: numbers in descending order, texts in ascending; equal ones in the profile's order. The
 * caller frees it; NULL with err set when memory ran out. */
uint32_t *function_columns_sort(const struct profile *profile, const char *word, struct err *err);

/* True when the function is too short to be timed: its row has an asterisk behind the name. */
bool function_columns_doubt(const struct profile *profile, uint32_t function);

/* Add a function's row; `sum_ns` is the exclusive time of the rows so far, this one included. */
void function_columns_row(const struct function_columns *columns, struct table *table, const struct profile *profile,
                          uint32_t function, uint64_t sum_ns);

/* How loud a share of the run is. */
enum table_style share_style(uint64_t part, uint64_t whole);

#endif
