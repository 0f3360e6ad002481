/*
 * Who retains what, by construction: a list kept by a variable, a hash table with the nodes that it owns, a tree that
 * only a thread's stack knows, two owners of one block, a pool. It prints what a snapshot of it must say: lines of
 * "ROOT BYTES BLOCKS".
 */
#include "tracert/tracert.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LIST = 1000, BUCKETS = 64, ENTRIES = 500, LEAVES = 30 };

struct item {
    struct item *next;
    void *owned;
    long rest[2];
};

static struct item *volatile list;
static struct item **volatile table;
static struct item *volatile first_owner, *volatile second_owner;
static void *volatile pool;
static sem_t ready, over;

#define ONCE __attribute__((noinline))

static ONCE struct item *item_make(struct item *next, size_t owned_bytes)
{
    struct item *item = calloc(1, sizeof *item);
    item->next = next;
    if (owned_bytes > 0)
        item->owned = calloc(1, owned_bytes);
    return item;
}

static ONCE void list_make(void)
{
    for (int i = 0; i < LIST; i++)
        list = item_make(list, 0);
    printf("list %zu %d\n", LIST * sizeof *list, LIST);
}

static ONCE void table_make(void)
{
    table = calloc(BUCKETS, sizeof *table);
    for (int i = 0; i < ENTRIES; i++)
        table[i % BUCKETS] = item_make(table[i % BUCKETS], 100);
    printf("table %zu %d\n", BUCKETS * sizeof *table + ENTRIES * (sizeof **table + 100), 1 + 2 * ENTRIES);
}

/* What both point to, neither retains. */
static ONCE void shared_make(void)
{
    first_owner = item_make(NULL, 0);
    second_owner = item_make(NULL, 0);
    first_owner->owned = second_owner->owned = calloc(1, 5000);
    printf("first_owner %zu 1\nsecond_owner %zu 1\n", sizeof *first_owner, sizeof *second_owner);
}

/* Blocks in a block: what points to one of them does not hold the others. */
static ONCE void pool_make(void)
{
    char *memory = calloc(1, 4096);
    pool = memory;
    tracert_alloc(memory + 1024, 64);
    tracert_alloc(memory + 2048, 128);
    *(void **)(void *)memory = memory + 1024;
    *(void **)(void *)(memory + 1024) = memory + 2048;
    printf("pool %d 3\n", 4096 + 64 + 128);
}

static ONCE void *thread_run(void *unused)
{
    struct item *volatile leaves[LEAVES];
    for (int i = 0; i < LEAVES; i++)
        leaves[i] = item_make(NULL, 200);
    sem_post(&ready);
    sem_wait(&over);
    for (int i = 0; i < LEAVES; i++) {
        free(leaves[i]->owned);
        free(leaves[i]);
    }
    return unused;
}

/* Deep in the stack: what is left over there is not part of the snapshot. */
static ONCE void all_make(void)
{
    volatile char depth[64 << 10];
    depth[0] = 0;
    list_make();
    table_make();
    shared_make();
    pool_make();
    depth[sizeof depth - 1] = 0;
}

int main(void)
{
    pthread_t thread;
    setvbuf(stdout, NULL, _IONBF, 0);
    sem_init(&ready, 0, 0);
    sem_init(&over, 0, 0);
    all_make();
    pthread_create(&thread, NULL, thread_run, NULL);
    sem_wait(&ready);
    printf("thread %zu %d\n", LEAVES * (sizeof(struct item) + 200), 2 * LEAVES);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL); /* the thread comes to rest */
    if (!tracert_heap_snapshot("all of it"))
        return 1;
    sem_post(&over);
    pthread_join(thread, NULL);
    return 0;
}
