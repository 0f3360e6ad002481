/*
 * The smallest traced program: nothing in it knows that it is traced.
 *
 * expect: main 1
 * expect: greet 3
 * expect: letters_count 3
 */
#include <stdio.h>

static volatile unsigned nr_letters;

__attribute__((noinline)) static void letters_count(const char *word)
{
    for (; *word != '\0'; word++)
        nr_letters++;
}

__attribute__((noinline)) static void greet(const char *name)
{
    letters_count(name);
}

int main(void)
{
    greet("Ada");
    greet("Grace");
    greet("Edsger");
    printf("greeted 3 people, %u letters\n", nr_letters);
    return 0;
}
