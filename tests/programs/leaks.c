/*
 * Every shape in which blocks can be held or lost, each block of a size of its own: what a leak checker says of it can
 * be told by sizes alone. No output, no stdio: its buffers would be blocks, too. With an argument it leaves out what
 * leak checkers disagree on: memory that the program maps itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct node {
    void *next, *other;
    char rest[];
};

static void *volatile kept[40];
static unsigned nr_kept;
static __thread void *volatile of_thread;
static volatile uintptr_t disguised;

static struct {
    char odd;
    char pointer[sizeof(void *)]; /* not aligned */
} packed;

static char *volatile inner;         /* points to the middle of a block */
static char *volatile behind;        /* points behind the end of one */
static struct node **volatile table; /* a hash table with lists of nodes */

#define KEEP(block) (kept[nr_kept++] = (block))

#define ONCE __attribute__((noinline))

/* Nothing of what the functions before had on the stack stays there. */
static ONCE void wipe(void)
{
    volatile char stack[16 << 10];
    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = 0;
}

static ONCE void held(void)
{
    struct node *first = malloc(101), *second = malloc(102), *third = malloc(103);
    first->next = second;
    second->next = third;
    third->next = first;
    KEEP(first);
    KEEP(calloc(2, 52));
    KEEP(realloc(malloc(50), 105));
    KEEP(malloc(0));
    of_thread = malloc(106);
}

static ONCE void lost(void)
{
    struct node *first = malloc(201), *second = malloc(202), *third = malloc(203);
    first->next = second;
    second->next = third;
    third->next = NULL;
    struct node *alone = realloc(malloc(20), 204);
    memset(alone, 0, 204);
    disguised = (uintptr_t)calloc(1, 205) ^ 0xffffffffffffu;
}

/* A cycle, and a block that leads to it; another cycle, to which nothing leads. */
static ONCE void cycles(void)
{
    struct node *one = calloc(1, 301), *two = calloc(1, 302), *three = calloc(1, 303), *tail = calloc(1, 304);
    one->next = two;
    two->next = three;
    three->next = one;
    tail->next = two;
    struct node *left = calloc(1, 305), *right = calloc(1, 306);
    left->next = right;
    right->next = left;
}

/* A tree whose nodes know their parent: its root is lost. */
static ONCE void tree(void)
{
    struct node *root = calloc(1, 401), *left = calloc(1, 402), *right = calloc(1, 403);
    root->next = left;
    root->other = right;
    left->next = right->next = root;
}

static ONCE void interior(void)
{
    struct node *whole = calloc(1, 501), *of_whole = calloc(1, 502);
    whole->next = of_whole;
    inner = (char *)whole + 64;
    struct node *lost_whole = calloc(1, 503), *lost_part = calloc(1, 504);
    lost_whole->next = (char *)lost_part + 8;
    behind = (char *)calloc(1, 512) + 512;
}

static ONCE void misaligned(void)
{
    void *block = calloc(1, 601);
    memcpy(packed.pointer, &block, sizeof block);
    void *aligned[2];
    if (posix_memalign(&aligned[0], 64, 640) == 0 && posix_memalign(&aligned[1], 256, 768) == 0)
        KEEP(aligned[0]);
    memset(aligned[1], 0, 768);
    aligned[0] = aligned[1] = NULL;
}

/* What only a released block points to. */
static ONCE void dangling(void)
{
    struct node *released = calloc(1, 701);
    KEEP(released);
    released->other = calloc(1, 702);
    free(released);
    KEEP(calloc(1, 701)); /* in its place, and empty */
}

static ONCE void hashed(void)
{
    table = calloc(8, sizeof *table);
    struct node *node = calloc(1, 801);
    table[3] = node;
    node->next = calloc(1, 802);
    node = calloc(1, 803);
    table[5] = node;
    table = realloc(table, 16 * sizeof *table);
    memset(table + 8, 0, 8 * sizeof *table);
}

/* So large that malloc maps them. */
static ONCE void large(void)
{
    struct node *first = malloc(1 << 20), *second = malloc(2 << 20);
    memset(first, 0, 1 << 20);
    memset(second, 0, 2 << 20);
    KEEP(first);
    ((void **)first)[100000] = calloc(1, 901);
    ((void **)second)[100000] = calloc(1, 902);
}

static ONCE void mapped(void)
{
    void **memory = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory[500] = calloc(1, 1001);
    ((struct node *)memory[500])->next = calloc(1, 1002);
}

/* Deep in the stack, where nobody comes again: no word that is left over there is taken for a pointer. */
static ONCE void shapes_make(int with_mappings)
{
    void (*const shapes[])(void) = {held, lost, cycles, tree, interior, misaligned, dangling, hashed, large};
    volatile char depth[64 << 10];
    depth[0] = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        shapes[i]();
        wipe();
    }
    if (with_mappings)
        mapped();
    wipe();
    depth[sizeof depth - 1] = 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    shapes_make(argc == 1);
    wipe();
    return 0;
}
