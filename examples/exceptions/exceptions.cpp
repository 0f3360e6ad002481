/*
 * An exception thrown through recursion: every second of ten climbs fails at the top, and seven frames are left without
 * returning. GCC calls the exit hook while unwinding, clang does not; the call tree is the same.
 *
 * expect: main 1
 * expect: attempt(int) 10
 * expect: climb(int, int) 60
 * expect: top_check(int) 10
 * expect-unwound-gcc: 0
 * expect-unwound-clang: 35
 */
#include <cstdio>
#include <stdexcept>

static volatile int nr_steps;

__attribute__((noinline)) static void top_check(int number)
{
    nr_steps = nr_steps + 1;
    if (number % 2 != 0)
        throw std::runtime_error("the top is closed");
    nr_steps = nr_steps + 1;
}

__attribute__((noinline)) static void climb(int height, int number)
{
    if (height == 0)
        top_check(number);
    else
        climb(height - 1, number);
    nr_steps = nr_steps + 1;
}

__attribute__((noinline)) static bool attempt(int number)
{
    try {
        climb(5, number);
    } catch (const std::runtime_error &) {
        return false;
    }
    return true;
}

int main()
{
    int nr_reached = 0;
    for (int number = 0; number < 10; number++)
        nr_reached += attempt(number);
    std::printf("reached the top %d times of 10\n", nr_reached);
    return 0;
}
