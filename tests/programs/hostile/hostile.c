/*
 * Functions whose symbols rename.sh turns into names that nobody means well with. Each calls leaf() as often as its
 * number says.
 */
#define HOSTILES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9)

static volatile int sum;

__attribute__((noinline)) static void leaf(void)
{
    for (int i = 0; i < 1000; i++)
        sum += i;
}

#define DECLARE(n) void hostile_##n(void);
#define DEFINE(n)                   \
    void hostile_##n(void)          \
    {                               \
        for (int i = 0; i < n; i++) \
            leaf();                 \
    }
#define CALL(n) hostile_##n();

HOSTILES(DECLARE)
HOSTILES(DEFINE)

int main(void)
{
    HOSTILES(CALL)
    return 0;
}
