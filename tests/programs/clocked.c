/*
 * Functions that keep their own books: how often they were called, and how long they worked, by the clock. Recursion,
 * mutual recursion, frames left by a jump, and threads. At the end each prints "NAME CALLS OWN_NS INCLUSIVE_NS" (with
 * recursion counted once), for a report to be compared with.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <time.h>

#define QUIET    __attribute__((no_instrument_function))
#define NOINLINE __attribute__((noinline))

enum { WORK_NS = 100 * 1000 };

struct book {
    const char *name;
    long calls, own_ns, inclusive_ns, since_ns;
    int depth;
};

static QUIET long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

static QUIET void begin(struct book *book)
{
    book->calls++;
    if (book->depth++ == 0)
        book->since_ns = now_ns();
}

static QUIET void end(struct book *book)
{
    if (--book->depth == 0)
        book->inclusive_ns += now_ns() - book->since_ns;
}

static QUIET void work(struct book *book)
{
    long start_ns = now_ns(), passed_ns;
    while ((passed_ns = now_ns() - start_ns) < WORK_NS) {
    }
    book->own_ns += passed_ns;
}

static QUIET void print(const struct book *book)
{
    printf("%s %ld %ld %ld\n", book->name, book->calls, book->own_ns, book->inclusive_ns);
}

static struct book of_dive = {.name = "dive"}, of_ping = {.name = "ping"}, of_pong = {.name = "pong"},
                   of_climb = {.name = "climb"}, of_land = {.name = "land"}, of_fall = {.name = "fall"},
                   of_red = {.name = "red"}, of_green = {.name = "green"};

static jmp_buf ground;

NOINLINE static void dive(int depth)
{
    begin(&of_dive);
    work(&of_dive);
    if (depth > 1)
        dive(depth - 1);
    work(&of_dive);
    end(&of_dive);
}

NOINLINE static void pong(int left);

NOINLINE static void ping(int left)
{
    begin(&of_ping);
    work(&of_ping);
    if (left > 0)
        pong(left - 1);
    end(&of_ping);
}

NOINLINE static void pong(int left)
{
    begin(&of_pong);
    work(&of_pong);
    if (left > 0)
        ping(left - 1);
    work(&of_pong);
    end(&of_pong);
}

/* The first thing behind the jump: frames that it left end here. */
NOINLINE static void land(void)
{
    begin(&of_land);
    work(&of_land);
    end(&of_land);
}

NOINLINE static void climb(int left)
{
    begin(&of_climb);
    work(&of_climb);
    if (left == 0) {
        of_climb.depth = 1;
        end(&of_climb);
        longjmp(ground, 1);
    }
    climb(left - 1);
}

NOINLINE static void fall(void)
{
    begin(&of_fall);
    work(&of_fall);
    if (setjmp(ground) == 0)
        climb(6);
    land();
    end(&of_fall);
}

NOINLINE static void red(void)
{
    begin(&of_red);
    work(&of_red);
    end(&of_red);
}

NOINLINE static void green(void)
{
    begin(&of_green);
    work(&of_green);
    work(&of_green);
    end(&of_green);
}

static void *paint(void *colour)
{
    for (int i = 0; i < 12; i++)
        colour == NULL ? red() : green();
    return NULL;
}

int main(void)
{
    static const struct book *const books[] = {&of_dive, &of_ping, &of_pong, &of_climb,
                                               &of_land, &of_fall, &of_red,  &of_green};
    pthread_t threads[2];
    for (int i = 0; i < 3; i++)
        dive(8);
    ping(9);
    fall();
    fall();
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, paint, i == 0 ? NULL : threads);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < sizeof books / sizeof *books; i++)
        print(books[i]);
    return 0;
}
