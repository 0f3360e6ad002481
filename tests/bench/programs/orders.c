/*
 * What an application does with SQLite: fill tables with prepared statements in a transaction, look rows up, prepare
 * small queries, join, group and sort, change and delete. The argument is how many thousand orders there are.
 */
#include "sqlite3.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned random_below(unsigned limit)
{
    static unsigned seed = 42;
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % limit;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return statement;
}

static long run(sqlite3_stmt *statement)
{
    long sum = 0;
    while (sqlite3_step(statement) == SQLITE_ROW)
        sum += sqlite3_column_int(statement, 0) + sqlite3_column_bytes(statement, 1);
    sqlite3_reset(statement);
    return sum;
}

static void execute(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = prepare(db, sql);
    run(statement);
    sqlite3_finalize(statement);
}

static void fill(sqlite3 *db, int nr_customers, int nr_orders)
{
    char text[64];
    execute(db, "begin");
    sqlite3_stmt *statement = prepare(db, "insert into customer values(?, ?, ?)");
    for (int i = 0; i < nr_customers; i++) {
        sqlite3_bind_int(statement, 1, i);
        snprintf(text, sizeof text, "customer-%05u", random_below(99999));
        sqlite3_bind_text(statement, 2, text, -1, SQLITE_TRANSIENT);
        snprintf(text, sizeof text, "city-%u", random_below(50));
        sqlite3_bind_text(statement, 3, text, -1, SQLITE_TRANSIENT);
        run(statement);
    }
    sqlite3_finalize(statement);
    statement = prepare(db, "insert into orders values(?, ?, ?, ?, ?)");
    for (int i = 0; i < nr_orders; i++) {
        sqlite3_bind_int(statement, 1, i);
        sqlite3_bind_int(statement, 2, (int)random_below((unsigned)nr_customers));
        sqlite3_bind_int(statement, 3, (int)random_below(365));
        sqlite3_bind_double(statement, 4, random_below(100000) / 100.0);
        snprintf(text, sizeof text, "%u boxes, to be left at the door", random_below(20));
        sqlite3_bind_text(statement, 5, text, -1, SQLITE_TRANSIENT);
        run(statement);
    }
    sqlite3_finalize(statement);
    execute(db, "commit");
}

static long look_up(sqlite3 *db, int nr_customers)
{
    long sum = 0;
    sqlite3_stmt *statement = prepare(db, "select id, note from orders where customer = ? order by day desc limit 5");
    for (int i = 0; i < nr_customers; i++) {
        sqlite3_bind_int(statement, 1, (int)random_below((unsigned)nr_customers));
        sum += run(statement);
    }
    sqlite3_finalize(statement);
    for (int i = 0; i < nr_customers / 5; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "select count(*), max(total) from orders where day = %u and total > %u",
                 random_below(365), random_below(900));
        statement = prepare(db, sql);
        sum += run(statement);
        sqlite3_finalize(statement);
    }
    return sum;
}

static long ask(sqlite3 *db)
{
    static const char *const queries[] = {
        "select count(*), city, sum(total) s from orders join customer c on c.id = customer group by city order by s",
        "select count(*) n, name from customer c join orders o on o.customer = c.id where total > 500 group by c.id "
        "having n > 3 order by n desc, name",
        "select day, avg(total) from orders where note like '%7 boxes%' group by day",
        "select length(name), upper(substr(name, 1, 8)) from customer where city like 'city-1%' order by name",
    };
    long sum = 0;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        sqlite3_stmt *statement = prepare(db, queries[i]);
        sum += run(statement);
        sqlite3_finalize(statement);
    }
    return sum;
}

int main(int argc, char **argv)
{
    int thousands = argc > 1 ? atoi(argv[1]) : 1;
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return 1;
    execute(db, "create table customer(id integer primary key, name text, city text)");
    execute(db, "create table orders(id integer primary key, customer int, day int, total real, note text)");
    execute(db, "create index orders_customer on orders(customer)");
    execute(db, "create index orders_day on orders(day)");
    fill(db, 200 * thousands, 1000 * thousands);
    long sum = look_up(db, 200 * thousands) + ask(db);
    execute(db, "update orders set total = total * 1.1 where day < 100");
    execute(db, "delete from orders where day > 330");
    sqlite3_close(db);
    printf("%ld\n", sum);
    return 0;
}
