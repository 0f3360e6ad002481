/*
 * longjmp() out of nested calls: each of ten broken documents is left from five levels deep. Neither compiler calls the
 * exit hook then; the frames are closed as unwound.
 *
 * expect: main 1
 * expect: document_read 10
 * expect: element_read 50
 * expect-unwound: 50
 */
#include <setjmp.h>
#include <stdio.h>

#define DEPTH_MAX    9
#define BROKEN_DEPTH 5

static jmp_buf broken;
static volatile int nr_elements;

__attribute__((noinline)) static void element_read(int depth)
{
    nr_elements++;
    if (depth == BROKEN_DEPTH)
        longjmp(broken, 1);
    if (depth < DEPTH_MAX)
        element_read(depth + 1);
    nr_elements++;
}

/* Returns 1 when the document is broken. */
__attribute__((noinline)) static int document_read(void)
{
    if (setjmp(broken) != 0)
        return 1;
    element_read(1);
    return 0;
}

int main(void)
{
    int nr_broken = 0;
    for (int i = 0; i < 10; i++)
        nr_broken += document_read();
    printf("%d of 10 documents are broken\n", nr_broken);
    return 0;
}
