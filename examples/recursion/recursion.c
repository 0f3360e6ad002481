/*
 * A function that calls itself, and two that call each other. Inclusive time counts a recursive function once: fib()
 * takes no more of the run than its outermost call.
 *
 * expect: main 1
 * expect: fib 1973
 * expect: is_even 101
 * expect: is_odd 100
 */
#include <stdio.h>

static volatile int nr_steps; /* stepped after each call, so that no compiler turns the recursion into a loop */

static int is_odd(int number);

__attribute__((noinline)) static int fib(int number)
{
    if (number < 2)
        return number;
    int before = fib(number - 1);
    nr_steps++;
    int sum = before + fib(number - 2);
    nr_steps++;
    return sum;
}

__attribute__((noinline)) static int is_even(int number)
{
    int answer = number == 0 || is_odd(number - 1);
    nr_steps++;
    return answer;
}

__attribute__((noinline)) static int is_odd(int number)
{
    int answer = number != 0 && is_even(number - 1);
    nr_steps++;
    return answer;
}

int main(void)
{
    int even = is_even(200);
    printf("fib(15) is %d, 200 is %s\n", fib(15), even ? "even" : "odd");
    return 0;
}
