#include "modules.h"

#include "bytes.h"
#include "ring.h"
#include "session.h"
#include "sys.h"
#include "thread.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/auxv.h>

enum {
    MODULES_MAX = 2048,
    SEGMENTS_MAX = 32,
    LOOK_TICKS = 1 << 21, /* about a millisecond or more, whatever the clock */
    FORK_LOOK_NS = 1000 * 1000,
    FORK_LOOKS = 1000 /* a second: as long as a fork waits for lookers, or they for it */
};

/* What has been reported, by address. A forked child inherits it, as the trace's reader does. */
struct module {
    uint64_t base;
    uint64_t
        dynamic; /* address of the dynamic section: tells a successor at the same base from the one before, mostly */
    uint32_t name_hash;
    uint32_t seen; /* number of the scan that saw it last; 0: free entry */
};

static struct module modules_known[MODULES_MAX];
static uint32_t modules_nr;
static uint32_t modules_scan_number;
static uint64_t modules_adds, modules_subs; /* the loader's counts of loads and unloads at the last scan */
static uint64_t modules_looked_ticks;       /* atomic */
static uint32_t modules_lock;               /* atomic; a scan that finds it taken leaves the work to the holder */

static uint32_t modules_inside; /* threads of ours in the loader's list; atomic; futex of forks */
static uint32_t modules_forks;  /* under way: nobody enters the list; atomic; futex of who wants to */
static uint32_t modules_shy;    /* a forked child: the loader's lock may have been copied taken; atomic */

static uint32_t text_hash(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

static const char *module_path(const struct dl_phdr_info *info, char *buffer, size_t bytes)
{
    if (info->dlpi_name != NULL && info->dlpi_name[0] != '\0')
        return info->dlpi_name;
    if (modules_nr > 0)
        return "";
    long length = sys_readlinkat(AT_FDCWD, "/proc/self/exe", buffer, bytes - 1);
    const char *executed = (const char *)getauxval(AT_EXECFN);
    if (length <= 0) /* no /proc here: as it was called */
        return executed == NULL ? "" : executed;
    buffer[length] = '\0';
    return buffer;
}

/* The GNU build-id among the notes of one segment: its bytes, or 0. */
static uint32_t notes_build_id(const uint8_t *notes, uint64_t bytes, const uint8_t **id)
{
    uint64_t at = 0;
    while (at + sizeof(ElfW(Nhdr)) <= bytes) {
        const ElfW(Nhdr) *note = (const void *)(notes + at);
        uint64_t name = at + sizeof *note;
        uint64_t data = name + ((note->n_namesz + 3u) & ~3u);
        if (data + note->n_descsz > bytes)
            return 0;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
            *id = notes + data;
            return note->n_descsz < 64 ? note->n_descsz : 64;
        }
        at = data + ((note->n_descsz + 3u) & ~3u);
    }
    return 0;
}

/* As tf_put_field() and tf_put_field_number(), but without a call. */
static uint8_t *field_put(uint8_t *p, uint32_t key, const void *value, size_t bytes)
{
    p = tf_put_varint(p, key);
    p = tf_put_varint(p, bytes);
    bytes_copy(p, value, bytes);
    return p + bytes;
}

static uint8_t *field_put_number(uint8_t *p, uint32_t key, uint64_t number)
{
    uint8_t value[TF_VARINT_MAX];
    return field_put(p, key, value, (size_t)(tf_put_varint(value, number) - value));
}

/* Append the fields that describe the object's segments and build-id. Returns the new end. */
static uint8_t *module_describe(uint8_t *p, const struct dl_phdr_info *info, const char *path, uint64_t ticks)
{
    p = field_put_number(p, TF_FIELD_MODULE_BASE, info->dlpi_addr);
    p = field_put_number(p, TF_FIELD_TICKS, ticks);
    p = field_put(p, TF_FIELD_MODULE_PATH, path, text_length(path, PATH_MAX));
    int segments = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && segments++ < SEGMENTS_MAX) {
            uint8_t value[3 * TF_VARINT_MAX];
            uint8_t *end = tf_put_varint(value, header->p_vaddr);
            end = tf_put_varint(end, header->p_memsz);
            end = tf_put_varint(end, (header->p_flags & PF_X) != 0);
            p = field_put(p, TF_FIELD_SEGMENT, value, (size_t)(end - value));
        } else if (header->p_type == PT_NOTE) {
            const uint8_t *id = NULL;
            uint32_t bytes = notes_build_id((const uint8_t *)(info->dlpi_addr + header->p_vaddr), header->p_memsz, &id);
            if (bytes > 0)
                p = field_put(p, TF_FIELD_BUILD_ID, id, bytes);
        }
    }
    return p;
}

static struct module *module_find(uint64_t base, uint64_t dynamic, uint32_t name_hash)
{
    for (uint32_t i = 0; i < modules_nr; i++) {
        struct module *module = &modules_known[i];
        if (module->seen != 0 && module->base == base && module->dynamic == dynamic && module->name_hash == name_hash)
            return module;
    }
    return NULL;
}

/* What the scan under way has found; modules_lock guards them. */
static bool modules_come, modules_gone;

/* A static program's C library does not know the program's segments at its very beginning: the next scan will. */
static bool modules_lacking;

/* When the process began, for what was there from the beginning. */
static uint64_t start_ticks(void)
{
    return tracert__session.region->processes[tracert__session.process].start_ticks;
}

static struct module *module_new(void)
{
    for (uint32_t i = 0; i < modules_nr; i++) {
        if (modules_known[i].seen == 0)
            return &modules_known[i];
    }
    return modules_nr < MODULES_MAX ? &modules_known[modules_nr++] : NULL;
}

static int module_visit(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    modules_adds = info->dlpi_adds;
    modules_subs = info->dlpi_subs;
    static char exe[PATH_MAX]; /* not on the stack, which may be a coroutine's; modules_lock guards them */
    static uint8_t fields[NOTE_DATA_MAX];
    uint64_t dynamic = 0;
    if (info->dlpi_phnum == 0) {
        modules_lacking = true;
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    }
    uint32_t hash = text_hash(info->dlpi_name == NULL ? "" : info->dlpi_name);
    struct module *module = module_find(info->dlpi_addr, dynamic, hash);
    if (module == NULL) {
        const char *path = module_path(info, exe, sizeof exe);
        module = module_new();
        if (module == NULL)
            return 1;
        module->base = info->dlpi_addr;
        module->dynamic = dynamic;
        module->name_hash = hash;
        uint64_t ticks = modules_lacking ? start_ticks() : clock_now(tracert__session.clock);
        uint8_t *end = module_describe(fields, info, path, ticks);
        tracert__note(NOTE_MODULE_LOAD, 0, fields, (uint32_t)(end - fields));
        modules_come = true;
    }
    module->seen = modules_scan_number;
    return 0;
}

static void modules_report_gone(void)
{
    for (uint32_t i = 0; i < modules_nr; i++) {
        struct module *module = &modules_known[i];
        if (module->seen == 0 || module->seen == modules_scan_number)
            continue;
        uint8_t fields[4 * TF_VARINT_MAX];
        uint8_t *end = field_put_number(fields, TF_FIELD_MODULE_BASE, module->base);
        end = field_put_number(end, TF_FIELD_TICKS, clock_now(tracert__session.clock));
        tracert__note(NOTE_MODULE_UNLOAD, 0, fields, (uint32_t)(end - fields));
        modules_gone = true;
        module->seen = 0;
    }
}

/* ---- The loader's lock ------------------------------------------------------------------------------ */

/* Wait until `count` is 0. False: it has not become so in time. */
static bool await_nobody(uint32_t *count)
{
    const struct timespec timeout = {0, FORK_LOOK_NS};
    for (int i = 0; i < FORK_LOOKS; i++) {
        uint32_t seen = __atomic_load_n(count, __ATOMIC_SEQ_CST);
        if (seen == 0)
            return true;
        sys_futex(count, FUTEX_WAIT_PRIVATE, seen, &timeout);
    }
    return __atomic_load_n(count, __ATOMIC_SEQ_CST) == 0;
}

static void list_leave(const uint64_t *old)
{
    if (__atomic_sub_fetch(&modules_inside, 1, __ATOMIC_SEQ_CST) == 0 &&
        __atomic_load_n(&modules_forks, __ATOMIC_SEQ_CST) != 0)
        sys_futex(&modules_inside, FUTEX_WAKE_PRIVATE, INT_MAX, NULL);
    sys_sigprocmask(SIG_SETMASK, old, NULL);
}

/*
 * May the calling thread look at the loader's list? Then with signals blocked, as a handler that jumped out of
 * dl_iterate_phdr would leave the lock taken for ever. `certainly`: after the forks that are under way.
 */
static bool list_enter(bool certainly, uint64_t *old)
{
    const uint64_t all = ~0ull;
    for (;;) {
        bool too_long = certainly && !await_nobody(&modules_forks);
        sys_sigprocmask(SIG_BLOCK, &all, old);
        __atomic_fetch_add(&modules_inside, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&modules_forks, __ATOMIC_SEQ_CST) == 0 || too_long)
            return true;
        list_leave(old);
        if (!certainly)
            return false;
    }
}

void tracert__modules_before_fork(void)
{
    __atomic_fetch_add(&modules_forks, 1, __ATOMIC_SEQ_CST);
    await_nobody(&modules_inside); /* in vain: the program forks where it looks itself, or hardly gets to run */
}

void tracert__modules_after_fork_in_parent(void)
{
    if (__atomic_sub_fetch(&modules_forks, 1, __ATOMIC_SEQ_CST) == 0)
        sys_futex(&modules_forks, FUTEX_WAKE_PRIVATE, INT_MAX, NULL);
}

void tracert__modules_after_fork_in_child(bool alone)
{
    modules_forks = modules_inside = modules_lock = 0;
    if (!alone)
        modules_shy = 1;
}

/* ---- Looking ------------------------------------------------------------------------------------------ */

void tracert__modules_scan(void)
{
    uint64_t old;
    uint32_t expected = 0;
    list_enter(true, &old);
    __atomic_store_n(&modules_shy, 0, __ATOMIC_RELAXED); /* the program itself has just used the loader */
    if (__atomic_compare_exchange_n(&modules_lock, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        modules_scan_number++;
        dl_iterate_phdr(module_visit, NULL);
        modules_report_gone();
        if (modules_come || modules_gone)
            tracert__thread_end_chunk(modules_gone);
        modules_come = modules_gone = false;
        __atomic_store_n(&modules_lock, 0, __ATOMIC_RELEASE);
    }
    list_leave(&old);
}

static int module_counts(struct dl_phdr_info *info, size_t size, void *changed)
{
    (void)size;
    *(bool *)changed = info->dlpi_adds != modules_adds || info->dlpi_subs != modules_subs;
    return 1;
}

void tracert__modules_look(bool certainly)
{
    uint64_t now = clock_now(tracert__session.clock);
    bool changed = certainly;
    if (!changed && __atomic_load_n(&modules_shy, __ATOMIC_RELAXED))
        return;
    if (!changed && now - __atomic_load_n(&modules_looked_ticks, __ATOMIC_RELAXED) < LOOK_TICKS)
        return;
    __atomic_store_n(&modules_looked_ticks, now, __ATOMIC_RELAXED);
    uint64_t old;
    if (!changed && list_enter(false, &old)) {
        dl_iterate_phdr(module_counts, &changed);
        list_leave(&old);
    }
    if (changed)
        tracert__modules_scan();
}

void tracert__modules_complete(void)
{
    if (!modules_lacking)
        return;
    tracert__modules_scan();
    modules_lacking = false;
}
