/*
 * A sawtooth: a cache is filled with 200 entries of 100 bytes and cleared, 40 times. Nearly, `grows`: entries come and
 * some go, but never most of them; `wanders`: entries come and go by chance, so that there are more or fewer.
 */
#include "pattern.h"

#include <stdint.h>
#include <stdlib.h>

enum { ENTRIES = 200, ENTRY_BYTES = 100, TURNS = 40, STEPS = 40000, PLACES = 4000 };

static void *entries[PLACES];
static int nr;
static uint64_t state = 88172645463325252u;

static void entry_add(void)
{
    if (nr == PLACES || (entries[nr++] = malloc(ENTRY_BYTES)) == NULL)
        abort();
}

static void entries_drop(int most)
{
    while (nr > 0 && most-- > 0)
        free(entries[--nr]);
}

static void fills_and_empties(void)
{
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < ENTRIES; i++)
            entry_add();
        entries_drop(ENTRIES);
    }
}

static void grows(void)
{
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < ENTRIES / 4; i++)
            entry_add();
        entries_drop(ENTRIES / 8);
    }
}

static void wanders(void)
{
    for (int i = 0; i < STEPS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        if ((state >> 63) == 0 && nr < PLACES)
            entry_add();
        else
            entries_drop(1);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "grows") == 0)
        grows();
    else if (argc > 1 && strcmp(argv[1], "wanders") == 0)
        wanders();
    else
        fills_and_empties();
    entries_drop(nr);
    return 0;
}
