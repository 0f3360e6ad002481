/*
 * What a program maps for itself, without a file: beside its heap. What allocators map is theirs: it is not told, as
 * what they give out is.
 */
#include "interpose/interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The object that malloc lies in; 0, 0: not known yet. */
static struct {
    uint64_t low, high;
} allocator;

static int object_take(struct dl_phdr_info *info, size_t bytes, void *data)
{
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    uint64_t wanted = *(const uint64_t *)data;
    (void)bytes;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD)
            continue;
        uint64_t begin = info->dlpi_addr + segment->p_vaddr;
        low = begin < low ? begin : low;
        high = begin + segment->p_memsz > high ? begin + segment->p_memsz : high;
    }
    if (wanted < low || wanted >= high)
        return 0;
    allocator.low = low;
    allocator.high = high;
    return 1;
}

void tracert__interpose_allocator_is(const void *function)
{
    uint64_t address = (uint64_t)function;
    dl_iterate_phdr(object_take, &address);
}

/* The kernel maps whole pages. */
static size_t whole_pages(size_t bytes)
{
    size_t page = getauxval(AT_PAGESZ);
    return page == 0 ? bytes : (bytes + page - 1) / page * page;
}

static bool is_wanted(const void *caller)
{
    /* Until the allocator is known it may be what asks, with a lock held that starting a session would need. */
    return !tracert__heap_is_off && allocator.high != 0 &&
           (uint64_t)caller - allocator.low >= allocator.high - allocator.low;
}

static struct {
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
    void *(*mremap)(void *, size_t, size_t, int, void *);
    void *(*sbrk)(intptr_t);
    int (*brk)(void *);
} real;

/* Here, as looking them up may allocate and lock. Who calls them before this, calls the system itself. */
__attribute__((constructor(101))) static void real_find(void)
{
    *(void **)&real.brk = tracert__interpose_next("brk");
    *(void **)&real.sbrk = tracert__interpose_next("sbrk");
    *(void **)&real.mremap = tracert__interpose_next("mremap");
    *(void **)&real.munmap = tracert__interpose_next("munmap");
    *(void **)&real.mmap = tracert__interpose_next("mmap");
}

static void *map_told(void *address, size_t bytes, int protection, int flags, int fd, off_t offset, const void *caller)
{
    bool wanted = is_wanted(caller);
    if (wanted && (flags & MAP_FIXED) != 0)
        tracert__heap_unmapped(address, whole_pages(bytes), TF_MAP_PLAIN);
    void *mapped = real.mmap != NULL ? real.mmap(address, bytes, protection, flags, fd, offset)
                                     : (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
    if (wanted && mapped != MAP_FAILED && (flags & MAP_ANONYMOUS) != 0)
        tracert__heap_mapped(mapped, whole_pages(bytes), TF_MAP_PLAIN);
    return mapped;
}

EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return map_told(address, bytes, protection, flags, fd, offset, CALLER);
}

EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return map_told(address, bytes, protection, flags, fd, offset, CALLER);
}

EXPORT int munmap(void *address, size_t bytes)
{
    bool wanted = is_wanted(CALLER);
    if (wanted)
        tracert__heap_unmapped(address, whole_pages(bytes), TF_MAP_MOVED);
    int result = real.munmap != NULL ? real.munmap(address, bytes) : (int)syscall(SYS_munmap, address, bytes);
    if (wanted && result != 0) /* it is still there */
        tracert__heap_mapped(address, whole_pages(bytes), TF_MAP_MOVED);
    return result;
}

EXPORT void *mremap(void *address, size_t old_bytes, size_t bytes, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *place = (flags & MREMAP_FIXED) != 0 ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    bool wanted = is_wanted(CALLER);
    if (wanted && place != NULL)
        tracert__heap_unmapped(place, whole_pages(bytes), TF_MAP_PLAIN);
    if (wanted)
        tracert__heap_unmapped(address, whole_pages(old_bytes), TF_MAP_MOVED);
    void *mapped = real.mremap != NULL ? real.mremap(address, old_bytes, bytes, flags, place)
                                       : (void *)syscall(SYS_mremap, address, old_bytes, bytes, flags, place);
    if (wanted && mapped != MAP_FAILED)
        tracert__heap_mapped(mapped, whole_pages(bytes), TF_MAP_MOVED);
    else if (wanted)
        tracert__heap_mapped(address, whole_pages(old_bytes), TF_MAP_MOVED);
    return mapped;
}

/* ---- The break ------------------------------------------------------------------------------------ */

/* It is at `old`, and is to move to `end`. */
static void break_told(const char *old, const char *end)
{
    if (end < old)
        tracert__heap_unmapped(end, (size_t)(old - end), TF_MAP_BREAK);
}

/* It has; or has not: what was told to go is still there. */
static void break_moved(const char *old, const char *end, bool moved)
{
    if (moved && end > old)
        tracert__heap_mapped(old, (size_t)(end - old), TF_MAP_BREAK);
    else if (!moved && end < old)
        tracert__heap_mapped(end, (size_t)(old - end), TF_MAP_BREAK);
}

EXPORT void *sbrk(intptr_t bytes)
{
    if (real.sbrk == NULL) {
        errno = ENOMEM;
        return (void *)-1;
    }
    if (!is_wanted(CALLER))
        return real.sbrk(bytes);
    const char *before = real.sbrk(0);
    break_told(before, before + bytes);
    void *old = real.sbrk(bytes);
    break_moved(before, before + bytes, old != (void *)-1);
    return old;
}

EXPORT int brk(void *end)
{
    if (real.brk == NULL || real.sbrk == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (!is_wanted(CALLER))
        return real.brk(end);
    const char *before = real.sbrk(0);
    break_told(before, end);
    int result = real.brk(end);
    break_moved(before, end, result == 0);
    return result;
}
