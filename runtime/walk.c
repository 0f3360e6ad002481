#include "walk.h"

#include "path_hash.h"
#include "sys.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_LOW  4096u        /* nothing is mapped below */
#define ADDRESS_HIGH (1ull << 47) /* programs lie below */

/* The mapping that the thread's stack was last found in; the counter is older where it may have changed. */
static __thread struct {
    uint64_t low, high;
    uint32_t when;
} walk_stack_known __attribute__((tls_model("initial-exec")));

static uint32_t walk_changes; /* atomic: how often mappings have gone */

void walk_forget(void)
{
    __atomic_fetch_add(&walk_changes, 1, __ATOMIC_RELAXED);
}

/* ---- /proc/self/maps, a character at a time -------------------------------------------------------- */

struct maps {
    int fd;
    uint32_t at, nr;
    char bytes[512];
};

/* The next character; 0 at the end. */
static char maps_next(struct maps *maps)
{
    if (maps->at == maps->nr) {
        long got = sys_read(maps->fd, maps->bytes, sizeof maps->bytes);
        if (got <= 0)
            return 0;
        maps->at = 0;
        maps->nr = (uint32_t)got;
    }
    return maps->bytes[maps->at++];
}

/* A hexadecimal number and the character behind it, which *end is then. */
static uint64_t maps_number(struct maps *maps, char *end)
{
    uint64_t number = 0;
    for (;;) {
        char c = *end = maps_next(maps);
        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return number;
    }
}

/* Find the mapping of `address` that can be read and written. False: there is none, or no /proc. */
static bool maps_find(uint64_t address, uint64_t *low, uint64_t *high)
{
    struct maps maps = {.fd = (int)sys_openat(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0)};
    bool found = false;
    char c = maps.fd < 0 ? '\0' : '-';
    while (!found && c != '\0') {
        *low = maps_number(&maps, &c);
        *high = maps_number(&maps, &c);
        bool usable = maps_next(&maps) == 'r';
        usable = maps_next(&maps) == 'w' && usable;
        found = usable && address >= *low && address < *high;
        while (!found && c != '\0' && c != '\n')
            c = maps_next(&maps);
    }
    if (maps.fd >= 0)
        sys_close(maps.fd);
    return found;
}

/* ---- The chain -------------------------------------------------------------------------------------- */

static bool stack_is_known(uint64_t address)
{
    return address >= walk_stack_known.low && address < walk_stack_known.high &&
           walk_stack_known.when == __atomic_load_n(&walk_changes, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) bool stack_find(uint64_t address)
{
    uint32_t when = __atomic_load_n(&walk_changes, __ATOMIC_RELAXED);
    uint64_t low;
    uint64_t high;
    if (!maps_find(address, &low, &high))
        return false;
    walk_stack_known.high = 0; /* a handler that comes here finds nothing, or all of it */
    __asm__ volatile("" : : : "memory");
    walk_stack_known.low = low;
    walk_stack_known.when = when;
    __asm__ volatile("" : : : "memory");
    walk_stack_known.high = high;
    return true;
}

void walk_stack(const void *frame, struct walk *walk)
{
    uint64_t at = (uint64_t)frame;
    walk->nr = 0;
    walk->hash = 0;
    if (!stack_is_known(at) && !stack_find(at))
        return;
    uint64_t end = walk_stack_known.high - 2 * sizeof(uint64_t);
    /* The first one is the caller of the frame itself. */
    uint64_t next = *(const uint64_t *)at;
    while (next > at && next <= end && (next & 7) == 0 && walk->nr < WALK_MAX) {
        const uint64_t *words = (const uint64_t *)next;
        if (words[1] < ADDRESS_LOW || words[1] >= ADDRESS_HIGH)
            return;
        walk->returns[walk->nr++] = words[1];
        walk->hash = path_hash(walk->hash, 0, words[1]);
        at = next;
        next = words[0];
    }
}
