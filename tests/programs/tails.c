/*
 * Calls in tail position: with hooks they are calls like others, for the exit hook comes after them.
 *
 * row: R8
 * expect: main 1
 * expect: first 1000
 * expect: second 1000
 * expect: third 1000
 * expect: even 501
 * expect: odd 500
 * expect-call: main > first 1000
 * expect-call: first > second 1000
 * expect-call: second > third 1000
 * expect-call: odd > even 500
 */
static volatile int sink;

__attribute__((noinline)) static int third(int value)
{
    sink++;
    return value + 1;
}

__attribute__((noinline)) static int second(int value)
{
    return third(value + 1);
}

__attribute__((noinline)) static int first(int value)
{
    return second(value + 1);
}

__attribute__((noinline)) static int even(int value);

__attribute__((noinline)) static int odd(int value)
{
    return even(value - 1);
}

__attribute__((noinline)) static int even(int value)
{
    return value == 0 ? 1 : odd(value - 1);
}

int main(void)
{
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += first(0);
    return even(1000) == 1 && sum == 3000 ? 0 : 1;
}
