/*
 * SQLite as a caller uses it who prepares nothing: each row is a statement of text, and so is each look-up of one. Most
 * of the time goes into parsing, which allocates once in 100 ns. The argument is how many rows there are.
 */
#include "sqlite3.h"

#include <stdio.h>
#include <stdlib.h>

static int row_count(void *nr_rows, int nr_columns, char **values, char **names)
{
    (void)nr_columns;
    (void)values;
    (void)names;
    ++*(long *)nr_rows;
    return 0;
}

static void execute(sqlite3 *db, const char *sql, long *nr_rows)
{
    if (sqlite3_exec(db, sql, row_count, nr_rows, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
    exit(1);
}

int main(int argc, char **argv)
{
    int nr = argc > 1 ? atoi(argv[1]) : 20000;
    long nr_rows = 0;
    char sql[128];
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return 1;
    execute(db, "CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT, value REAL); BEGIN", &nr_rows);
    for (int i = 0; i < nr; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO items VALUES(%d, 'item %d', %d.5)", i, i * 7, i);
        execute(db, sql, &nr_rows);
        snprintf(sql, sizeof sql, "SELECT id, name, value FROM items WHERE id = %d", i / 2);
        execute(db, sql, &nr_rows);
    }
    execute(db, "COMMIT", &nr_rows);
    printf("%ld rows\n", nr_rows);
    sqlite3_close(db);
    return nr_rows == nr ? 0 : 1;
}
