/*
 * clang's musttail: a function that is left by a jump to another has returned before that begins. Its exit hook runs
 * before the jump, so the two are neighbours.
 *
 * row: R8
 * expect: main 1
 * expect: count_down 1000
 * expect: land 1000
 * expect-call: main > count_down 1000
 * expect-call: main > land 1000
 * expect-compiler: clang
 */
static volatile int sink;

__attribute__((noinline)) static int land(int value)
{
    sink++;
    return value;
}

__attribute__((noinline)) static int count_down(int value)
{
    __attribute__((musttail)) return land(value - 1);
}

int main(void)
{
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += count_down(1);
    return sum;
}
