/*
 * Objects of each thread, made at first use and destroyed when the thread ends, and objects of the program.
 *
 * row: R14
 * expect: main 1
 * expect: Local::Local() 101
 * expect: Local::~Local() 101
 * expect: Global::Global() 1
 * expect: Global::~Global() 1
 * expect: helper() 304
 */
#include <atomic>
#include <pthread.h>

static std::atomic<int> sink;

__attribute__((noinline)) static void helper()
{
    sink++;
}

struct Local {
    int uses;

    __attribute__((noinline)) Local() : uses(0)
    {
        helper();
    }

    __attribute__((noinline)) ~Local()
    {
        helper();
    }
};

static struct Global {
    __attribute__((noinline)) Global()
    {
    }

    __attribute__((noinline)) ~Global()
    {
        helper();
    }
} global;

static thread_local Local local;

__attribute__((no_instrument_function)) static void *thread_main(void *argument)
{
    local.uses++;
    helper();
    return argument;
}

int main()
{
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        pthread_create(&thread, nullptr, thread_main, nullptr);
        pthread_join(thread, nullptr);
    }
    thread_main(nullptr);
    return 0;
}
