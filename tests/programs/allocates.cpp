/*
 * Calls every form of operator new and delete, also such that throw, and tells what it did: "ALLOCATIONS BYTES
 * RELEASES".
 */
#include <cstdio>
#include <new>
#include <stdexcept>
#include <unistd.h>

struct alignas(64) wide {
    char bytes[192];
};

static unsigned long nr_allocs, nr_bytes, nr_frees;
static int handled;
static void *volatile seen; /* what nobody sees may be left out by the compiler */

template <typename T> static T *came(T *block, size_t bytes)
{
    seen = block;
    nr_allocs++;
    nr_bytes += bytes;
    return block;
}

static void give_up()
{
    if (++handled > 2)
        throw std::runtime_error("no more");
}

static bool throws()
{
    volatile size_t too_much = static_cast<size_t>(1) << 60;
    try {
        char *volatile never = new char[too_much];
        delete[] never;
    } catch (const std::exception &) {
        char *volatile never = new (std::nothrow) char[too_much];
        return never == nullptr;
    }
    return false;
}

int main()
{
    int *leaked = came(new int(3), sizeof(int));
    wide *leaked_wide = came(new wide[2], 2 * sizeof(wide));
    delete came(new int(4), sizeof(int));
    delete[] came(new char[101], 101);
    delete came(new wide, sizeof(wide));
    delete[] came(new wide[3], 3 * sizeof(wide));
    ::operator delete(came(new (std::nothrow) long, sizeof(long)), std::nothrow);
    ::operator delete[](came(new (std::nothrow) char[55], 55), std::nothrow);
    ::operator delete(came(new (std::nothrow) wide, sizeof(wide)), std::align_val_t(64), std::nothrow);
    ::operator delete[](came(new (std::nothrow) wide[2], 2 * sizeof(wide)), std::align_val_t(64), std::nothrow);
    ::operator delete(came(::operator new(77), 77), static_cast<size_t>(77));
    nr_frees += 9;
    bool good = throws();
    std::set_new_handler(give_up);
    try {
        char *volatile never = new char[static_cast<size_t>(1) << 60];
        good = never == nullptr;
    } catch (const std::runtime_error &) {
    }
    delete came(new int(6), sizeof(int)); /* what was thrown has left nothing behind */
    nr_frees++;
    char text[100];
    int length = snprintf(text, sizeof text, "%lu %lu %lu\n", nr_allocs, nr_bytes, nr_frees);
    return write(1, text, static_cast<size_t>(length)) != length || !good || *leaked != 3 || leaked_wide == nullptr;
}
