/* A plugin for plugin.c. */
int plugin_run(void);

static volatile int painted;

__attribute__((noinline)) static void blue_paint(void)
{
    painted++;
}

int plugin_run(void)
{
    for (int i = 0; i < 200; i++)
        blue_paint();
    return painted;
}
