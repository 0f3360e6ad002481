/*
 * Functions that pass memory on, by names that tell nothing, and functions that look much like them. Five users ask
 * each of them for memory, 20 times each; the table in check_memory_paths.c says whose it is.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ONCE __attribute__((noinline))

enum { NR_TIMES = 20, NR_KEPT = 2000 };

static void *kept[NR_KEPT];
static unsigned nr_kept;

static ONCE void *grab(size_t bytes)
{
    return malloc(bytes);
}

/* Passes on what was passed on. */
static ONCE void *hand(size_t bytes)
{
    char *block = grab(bytes + 8);
    block[0] = 'h';
    return block;
}

/* Allocates and releases, each of its calls one of both. */
static ONCE void *swap(void *old, size_t bytes)
{
    if (bytes > 0)
        return realloc(old, bytes);
    free(old);
    return NULL;
}

/* Objects of one kind: they are its own. */
static ONCE void *item(int number)
{
    int *block = malloc(48);
    *block = number;
    return block;
}

/* Of any length for everyone. */
static ONCE char *text(int number)
{
    size_t bytes = 1 + (size_t)number % 7;
    char *block = malloc(bytes + 1);
    memset(block, 'x', bytes);
    block[bytes] = '\0';
    return block;
}

/* Memory for many calls at once. */
static ONCE void *pooled(size_t bytes)
{
    static char *rest;
    static size_t left;
    if (left < bytes) {
        left = 8 * bytes;
        rest = malloc(left);
        kept[nr_kept++] = rest;
    }
    left -= bytes;
    return rest + left;
}

static ONCE void fill(char *block, size_t bytes)
{
    memset(block, 1, bytes);
}

/* As much as its caller says, but there is more that it does. */
static ONCE void *filled(size_t bytes)
{
    char *block = malloc(bytes);
    fill(block, bytes);
    return block;
}

#define USER(name, bytes)                    \
    static ONCE void name(void)              \
    {                                        \
        for (int i = 0; i < NR_TIMES; i++) { \
            kept[nr_kept++] = grab(bytes);   \
            kept[nr_kept++] = hand(bytes);   \
            kept[nr_kept++] = item(i);       \
            kept[nr_kept++] = text(i);       \
            kept[nr_kept++] = filled(bytes); \
            swap(swap(NULL, bytes), 0);      \
            pooled(bytes);                   \
        }                                    \
    }

USER(ant, 100)
USER(bee, 200)
USER(cat, 300)
USER(dog, 400)
USER(eel, (size_t)(500 + i % 3))

int main(void)
{
    ant();
    bee();
    cat();
    dog();
    eel();
    for (unsigned i = 0; i < nr_kept; i++)
        free(kept[i]);
    return 0;
}
