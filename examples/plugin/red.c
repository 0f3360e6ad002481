/* A plugin for plugin.c. */
int plugin_run(void);

static volatile int painted;

__attribute__((noinline)) static void red_paint(void)
{
    painted++;
}

int plugin_run(void)
{
    for (int i = 0; i < 100; i++)
        red_paint();
    return painted;
}
