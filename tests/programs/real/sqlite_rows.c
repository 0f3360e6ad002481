/*
 * A database in memory, without chance and without the clock: rows are inserted, changed, joined, sorted and deleted,
 * so that every allocator of SQLite has work. Nothing is left to it at the end.
 */
#include "sqlite3.h"

#include <stdio.h>
#include <stdlib.h>

static sqlite3 *database;

static void run(const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(database));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int rows = argc > 1 ? atoi(argv[1]) : 500;
    char sql[200];
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* all memory is malloc's */
    if (sqlite3_open(":memory:", &database) != SQLITE_OK)
        return 1;
    run("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT, length INTEGER); CREATE INDEX by_word ON words (word)");
    for (int i = 0; i < rows; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO words (word, length) VALUES (hex(%d * 7919 %% 10007), %d)", i, i % 17);
        run(sql);
        snprintf(sql, sizeof sql, "SELECT count(*), max(word) FROM words WHERE length = %d GROUP BY id %% 5", i % 17);
        if (i % 10 == 0)
            run(sql);
    }
    run("SELECT a.word, b.word FROM words a JOIN words b ON a.length = b.length WHERE a.id < 50 ORDER BY b.word");
    run("UPDATE words SET word = word || 'changed' WHERE id % 3 = 0; DELETE FROM words WHERE id % 2 = 0; VACUUM");
    sqlite3_close(database);
    sqlite3_shutdown();
    printf("%d rows\n", rows);
    return 0;
}
