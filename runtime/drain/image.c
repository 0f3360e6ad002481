#include "drain/image.h"

#include "bytes.h"
#include "diag.h"
#include "drain/image_maps.h"
#include "drain/memory.h"
#include "drain/sink.h"
#include "drain/spawn.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

enum {
    READY_NS = 100 * 1000 * 1000, /* the parent has to look at some files in /proc only */
    READY_LOOKS = 50,
    PAGE = TF_PAGE_BYTES,
    BLOCK_PAGES = 256, /* contents of one PAGES block */
    MAP_PAGES = 512,   /* entries of pagemap read at once */
    HEAD_BYTES = TF_PAGES_HEAD_BYTES + BLOCK_PAGES * TF_PAGES_RUN_BYTES
};

#define PAGE_IS_THERE (3ull << 62) /* in pagemap: present, or swapped out */

struct image {
    const struct image_request *request;
    struct sink sink;
    struct image_maps mappings;
    int pagemap_fd, memory_fd;
    struct image_range runs[BLOCK_PAGES]; /* of the block being made */
    uint32_t nr_runs, nr_pages;
    uint64_t there[MAP_PAGES]; /* entries of pagemap */
    bool replaces;             /* an earlier image of this process, which is to stay until this one is whole */
    char wanted[PATH_MAX], path[PATH_MAX];
    char path_new[PATH_MAX]; /* `replaces`: where it lies until then; "": nowhere */
};

/* ---- The file ------------------------------------------------------------------------------------- */

static bool text_put(char *path, size_t *used, const char *text, size_t bytes)
{
    if (*used + bytes >= PATH_MAX)
        return false;
    memcpy(path + *used, text, bytes);
    *used += bytes;
    path[*used] = '\0';
    return true;
}

/* Letters, digits and a few others stay, as they are harmless in a file's name anywhere. */
static bool name_put(char *path, size_t *used, const char *name)
{
    for (; *name != '\0'; name++) {
        char c = *name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!text_put(path, used, plain ? &c : "_", 1))
            return false;
    }
    return true;
}

/* "run/trace.zst" becomes "run/trace.1-NAME.heap". */
static bool path_make(char *path, const struct image_request *request)
{
    const char *slash = strrchr(request->trace, '/');
    const char *dot = strrchr(request->trace, '.');
    size_t stem =
        dot == NULL || dot < slash || dot == slash + 1 ? strlen(request->trace) : (size_t)(dot - request->trace);
    char digits[TEXT_NUMBER_BYTES];
    const char *number = text_number(digits, request->file_number);
    size_t used = 0;
    return text_put(path, &used, request->trace, stem) && text_put(path, &used, ".", 1) &&
           text_put(path, &used, number, strlen(number)) &&
           (request->name[0] == '\0' || text_put(path, &used, "-", 1)) && name_put(path, &used, request->name) &&
           text_put(path, &used, ".heap", 5);
}

static int image_open(struct image *image)
{
    const struct image_request *request = image->request;
    int result = sink_init(&image->sink, request->level, (enum tf_clock)request->clock, request->session);
    if (result != 0)
        return result;
    if (!path_make(image->wanted, request))
        return -ENAMETOOLONG;
    image->replaces = request->file_number != request->number;
    if (image->replaces)
        return sink_create(&image->sink, image->wanted, (int)request->pid, image->path_new);
    return sink_open(&image->sink, image->wanted, (int)request->pid, false, image->path);
}

/* ---- Whose memory it is --------------------------------------------------------------------------- */

/* The parent says what its other threads were doing, or has been killed. */
static void request_await(struct image_request *request)
{
    const struct timespec timeout = {0, READY_NS};
    for (int i = 0; i < READY_LOOKS && !__atomic_load_n(&request->ready, __ATOMIC_ACQUIRE); i++)
        sys_futex(&request->ready, FUTEX_WAIT, 0, &timeout);
    if (!__atomic_load_n(&request->ready, __ATOMIC_ACQUIRE))
        request->nr_threads = 0;
}

static uint8_t *thread_put(uint8_t *p, uint32_t tid, uint64_t stack_pointer, const struct image_request *own)
{
    uint8_t fields[(3 + IMAGE_REGISTERS_MAX) * 2 * TF_VARINT_MAX];
    uint8_t *end = tf_put_field_number(fields, TF_FIELD_TID, tid);
    if (stack_pointer != 0)
        end = tf_put_field_number(end, TF_FIELD_STACK_POINTER, stack_pointer);
    for (uint32_t i = 0; own != NULL && i < own->nr_registers && i < IMAGE_REGISTERS_MAX; i++)
        end = tf_put_field_number(end, TF_FIELD_REGISTER, own->registers[i]);
    if (own != NULL)
        end = tf_put_field_number(end, TF_FIELD_THREAD_POINTER, own->thread_pointer);
    return tf_put_field(p, TF_FIELD_IMAGE_THREAD, fields, (size_t)(end - fields));
}

static int block_write(struct image *image, enum tf_block_type type, size_t bytes)
{
    struct tf_header header = {.type = (uint8_t)type};
    return sink_write(&image->sink, &header, bytes);
}

static int facts_write(struct image *image)
{
    const struct image_request *request = image->request;
    const char *file = strrchr(request->trace, '/') + 1;
    uint8_t *p = image->sink.raw;
    p = tf_put_field_number(p, TF_FIELD_IMAGE_NUMBER, request->number);
    p = tf_put_field_number(p, TF_FIELD_PROCESS, request->process);
    p = tf_put_field_number(p, TF_FIELD_PID, request->pid);
    if (request->name[0] != '\0')
        p = tf_put_field(p, TF_FIELD_IMAGE_NAME, request->name, strlen(request->name));
    p = tf_put_field(p, TF_FIELD_IMAGE_TRACE, file, strlen(file));
    p = thread_put(p, request->tid, request->stack_pointer, request);
    for (uint32_t i = 0; i < request->nr_threads; i++)
        p = thread_put(p, request->threads[i].tid, request->threads[i].stack_pointer, NULL);
    return block_write(image, TF_BLOCK_IMAGE, (size_t)(p - image->sink.raw));
}

/* ---- What is mapped ------------------------------------------------------------------------------- */

static int mappings_write(struct image *image)
{
    uint8_t *p = image->sink.raw;
    for (uint32_t i = 0; i < image->mappings.nr; i++) {
        const struct image_map *mapping = &image->mappings.all[i];
        uint8_t *fields = image->sink.raw + TF_RAW_MAX / 2; /* out of the way of what is being written */
        uint8_t *end = tf_put_field_number(fields, TF_FIELD_MAPPING_START, mapping->start);
        end = tf_put_field_number(end, TF_FIELD_MAPPING_BYTES, mapping->end - mapping->start);
        end = tf_put_field_number(end, TF_FIELD_MAPPING_FLAGS, mapping->flags);
        if (mapping->path_bytes > 0)
            end = tf_put_field(end, TF_FIELD_MAPPING_PATH, image->mappings.paths + mapping->path, mapping->path_bytes);
        p = tf_put_field(p, TF_FIELD_MAPPING, fields, (size_t)(end - fields));
        if (p - image->sink.raw < TF_RAW_MAX / 2 - 2 * PATH_MAX)
            continue;
        if (block_write(image, TF_BLOCK_MAPPINGS, (size_t)(p - image->sink.raw)) != 0)
            return -1;
        p = image->sink.raw;
    }
    return block_write(image, TF_BLOCK_MAPPINGS, (size_t)(p - image->sink.raw));
}

/* ---- Contents ------------------------------------------------------------------------------------- */

/* Contents are gathered behind the largest head that there can be; the head is written right before them. */
static uint8_t *page_place(const struct image *image)
{
    return image->sink.raw + HEAD_BYTES + (size_t)image->nr_pages * PAGE;
}

static int pages_write(struct image *image)
{
    size_t head_bytes = TF_PAGES_HEAD_BYTES + (size_t)image->nr_runs * TF_PAGES_RUN_BYTES;
    size_t bytes = (size_t)image->nr_pages * PAGE;
    if (image->nr_pages == 0)
        return 0;
    uint8_t *p = image->sink.raw;
    tf_store32(p, image->nr_runs);
    tf_store32(p + 4, 0);
    p += TF_PAGES_HEAD_BYTES;
    for (uint32_t i = 0; i < image->nr_runs; i++, p += TF_PAGES_RUN_BYTES) {
        tf_store64(p, image->runs[i].start);
        tf_store64(p + 8, image->runs[i].end - image->runs[i].start);
    }
    memmove(p, image->sink.raw + HEAD_BYTES, bytes);
    image->nr_runs = image->nr_pages = 0;
    return block_write(image, TF_BLOCK_PAGES, head_bytes + bytes);
}

static bool page_is_zero(const uint8_t *page)
{
    const uint64_t *word = (const uint64_t *)(const void *)page;
    uint64_t any = 0;
    for (size_t i = 0; i < PAGE / sizeof *word; i++)
        any |= word[i];
    return any == 0;
}

/* The page at `address` lies at page_place(): keep it, unless there is nothing in it. */
static int page_keep(struct image *image, uint64_t address, bool *starts)
{
    if (page_is_zero(page_place(image))) {
        *starts = true;
        return 0;
    }
    if (*starts || image->nr_runs == 0)
        image->runs[image->nr_runs++] = (struct image_range){address, address};
    *starts = false;
    image->runs[image->nr_runs - 1].end += PAGE;
    if (++image->nr_pages < BLOCK_PAGES)
        return 0;
    *starts = true;
    return pages_write(image);
}

/* Pages that are there, one after the other. */
static int run_write(struct image *image, uint64_t start, uint64_t end)
{
    bool starts = true;
    for (uint64_t at = start; at < end; at += PAGE) {
        /* Through the kernel: what cannot be read is an error and not a signal. */
        if (sys_pread(image->memory_fd, page_place(image), PAGE, at) != PAGE)
            starts = true;
        else if (page_keep(image, at, &starts) != 0)
            return -1;
    }
    return 0;
}

static int mapping_write(struct image *image, const struct image_map *mapping)
{
    uint64_t *there = image->there;
    for (uint64_t at = mapping->start; at < mapping->end;) {
        uint64_t left = (mapping->end - at) / PAGE;
        uint32_t nr = left < MAP_PAGES ? (uint32_t)left : MAP_PAGES;
        if (sys_pread(image->pagemap_fd, there, nr * sizeof *there, at / PAGE * sizeof *there) !=
            (long)(nr * sizeof *there))
            memset(there, 0xff, nr * sizeof *there); /* unknown: look at each */
        for (uint32_t i = 0; i < nr;) {
            uint32_t first = i;
            while (i < nr && (there[i] & PAGE_IS_THERE) != 0)
                i++;
            if (i > first && run_write(image, at + (uint64_t)first * PAGE, at + (uint64_t)i * PAGE) != 0)
                return -1;
            i += i == first;
        }
        at += (uint64_t)nr * PAGE;
    }
    return 0;
}

static int contents_write(struct image *image)
{
    for (uint32_t i = 0; i < image->mappings.nr; i++) {
        const struct image_map *mapping = &image->mappings.all[i];
        if ((mapping->flags & TF_MAPPING_LEFT_OUT) == 0 && mapping_write(image, mapping) != 0)
            return -1;
    }
    return pages_write(image);
}

static int end_write(struct image *image)
{
    struct sink *sink = &image->sink;
    uint8_t *p = tf_put_field_number(sink->raw, TF_FIELD_NR_BLOCKS, sink->sequence);
    if (sink->failure != TF_FAILURE_NONE) {
        p = tf_put_field_number(p, TF_FIELD_FAILURE, (uint64_t)sink->failure);
        p = tf_put_field_number(p, TF_FIELD_FAILURE_ERRNO, (uint64_t)sink->error);
    }
    return block_write(image, TF_BLOCK_END, (size_t)(p - sink->raw));
}

/* ---- The child ------------------------------------------------------------------------------------ */

static _Noreturn void image_fail(int error)
{
    diag_line("no image of the heap: ", diag_errno(error), NULL);
    sys_exit(IMAGE_SAID);
}

/* What there is has been written. How the child ends: see image_main(). */
static int image_finish(struct image *image)
{
    struct sink *sink = &image->sink;
    int error = sink->failure == TF_FAILURE_NONE ? 0 : sink->error;
    if (image->replaces && sink->failure == TF_FAILURE_NONE)
        error =
            -sink_publish(sink, image->wanted, (int)image->request->pid, SINK_KEEP_NONE, image->path_new, image->path);
    else if (image->replaces && image->path_new[0] != '\0')
        sys_unlinkat(AT_FDCWD, image->path_new);
    return error >= 0 && error < IMAGE_SAID ? error : EIO;
}

_Noreturn void image_main(const void *argument)
{
    /* On the stack, which is not part of the image: what is in here would be taken for pointers of the program's. */
    struct image image = {.request = argument};
    struct image_request *request = (struct image_request *)(uintptr_t)argument;
    tracert__sys(SYS_setsid, 0, 0, 0, 0, 0, 0);
    tracert__sys(SYS_prctl, 15 /* PR_SET_NAME */, (long)"tracert-image", 0, 0, 0, 0);
    /* First what is mapped: from here on there is more, and it is ours. */
    int result = image_maps_read(&image.mappings, request->ours, IMAGE_RANGES);
    if (result == 0)
        result = image_open(&image);
    if (result != 0)
        image_fail(-result);
    drain_close_descriptors(&image.sink);
    image.pagemap_fd = (int)sys_openat(AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0);
    image.memory_fd = (int)sys_openat(AT_FDCWD, "/proc/self/mem", O_RDONLY | O_CLOEXEC, 0);
    request_await(request);
    if (facts_write(&image) == 0 && mappings_write(&image) == 0 && image.memory_fd >= 0)
        contents_write(&image);
    end_write(&image);
    sys_exit(image_finish(&image));
}
