/*
 * Ten thousand calls deep, and a recursion that comes back through another function.
 *
 * row: R11
 * expect: main 1
 * expect: dive 10001
 * expect: ping 500
 * expect: pong 500
 */
static volatile int sink;

__attribute__((noinline)) static int dive(int depth)
{
    if (depth == 0)
        return 0;
    int below = dive(depth - 1);
    sink++;
    return below + 1;
}

__attribute__((noinline)) static int pong(int left);

__attribute__((noinline)) static int ping(int left)
{
    int rest = pong(left);
    sink++;
    return rest + 1;
}

__attribute__((noinline)) static int pong(int left)
{
    int rest = left > 1 ? ping(left - 1) : 0;
    sink++;
    return rest + 1;
}

int main(void)
{
    dive(10000);
    return ping(500) == 1000 ? 0 : 1;
}
