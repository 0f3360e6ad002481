/*
 * The constants are spelled out as FORMAT.md has them: a slip in format.h must not be repeated here.
 */
#include "random.h"
#include "trace_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

void raw_put(struct writer_bytes *to, const void *bytes, size_t nr)
{
    if (to->nr + nr > to->capacity) {
        to->capacity = 2 * (to->nr + nr) + 64;
        to->bytes = realloc(to->bytes, to->capacity);
        if (to->bytes == NULL)
            abort();
    }
    if (nr > 0)
        memcpy(to->bytes + to->nr, bytes, nr);
    to->nr += nr;
}

static void put_little_endian(struct writer_bytes *to, uint64_t value, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++)
        raw_put(to, &(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
}

void raw_put8(struct writer_bytes *to, unsigned value)
{
    put_little_endian(to, value, 1);
}

void raw_put16(struct writer_bytes *to, unsigned value)
{
    put_little_endian(to, value, 2);
}

void raw_put32(struct writer_bytes *to, uint32_t value)
{
    put_little_endian(to, value, 4);
}

void raw_put64(struct writer_bytes *to, uint64_t value)
{
    put_little_endian(to, value, 8);
}

void raw_put_varint(struct writer_bytes *to, uint64_t value)
{
    for (; value > 127; value /= 128)
        raw_put8(to, 128 | (unsigned)(value % 128));
    raw_put8(to, (unsigned)value);
}

static void put_field(struct writer_bytes *to, uint64_t key, const void *value, size_t nr)
{
    raw_put_varint(to, key);
    raw_put_varint(to, nr);
    raw_put(to, value, nr);
}

void raw_put_number(struct writer_bytes *to, uint64_t key, uint64_t number)
{
    struct writer_bytes value = {0};
    raw_put_varint(&value, number);
    put_field(to, key, value.bytes, value.nr);
    raw_free(&value);
}

void raw_put_text(struct writer_bytes *to, uint64_t key, const char *text)
{
    put_field(to, key, text, strlen(text));
}

void raw_free(struct writer_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct writer_bytes){0};
}

/* RFC 3720 B.4: the polynomial 0x1EDC6F41, reflected. */
uint32_t writer_crc(const uint8_t *bytes, size_t nr)
{
    uint32_t remainder = 0xFFFFFFFF;
    for (size_t i = 0; i < 8 * nr; i++) {
        uint32_t bit = ((uint32_t)bytes[i / 8] >> (i % 8)) & 1;
        remainder = (remainder ^ bit) & 1 ? (remainder >> 1) ^ 0x82F63B78 : remainder >> 1;
    }
    return remainder ^ 0xFFFFFFFF;
}

void writer_init(struct writer *writer)
{
    *writer = (struct writer){.session = 0x1122334455667788, .anchor_ticks = 1000, .anchor_ns = 1000};
}

void writer_free(struct writer *writer)
{
    raw_free(&writer->file);
}

static void put_frame(struct writer_bytes *to, const struct writer_bytes *raw)
{
    size_t room = ZSTD_compressBound(raw->nr);
    uint8_t *packed = malloc(room);
    static ZSTD_CCtx *context; /* kept: fuzzers write a million traces */
    if (context == NULL)
        context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t nr = ZSTD_compress2(context, packed, room, raw->nr > 0 ? raw->bytes : packed, raw->nr);
    if (ZSTD_isError(nr))
        abort();
    raw_put(to, packed, nr);
    free(packed);
}

static uint64_t mutation(struct writer *writer)
{
    return random_next(&writer->mutations);
}

/* Some bytes of the payload become others; often the numbers at its beginning. The block around it stays intact. */
static void payload_mutate(struct writer *writer, const struct writer_bytes *payload)
{
    static const uint8_t values[] = {0, 1, 2, 7, 8, 0x7f, 0x80, 0xfe, 0xff};
    if (payload->nr == 0 || mutation(writer) % 4 != 0)
        return;
    for (uint64_t i = mutation(writer) % 4 + 1; i > 0; i--) {
        size_t range = mutation(writer) % 2 == 0 || payload->nr < 150 ? payload->nr : 150;
        uint64_t value = mutation(writer);
        payload->bytes[mutation(writer) % range] =
            value % 2 == 0 ? (uint8_t)(value >> 8) : values[value / 2 % sizeof(values)];
    }
}

void writer_block(struct writer *writer, unsigned type, uint32_t thread, uint32_t nr_events, uint64_t first_ticks,
                  uint64_t last_ticks, const struct writer_bytes *payload)
{
    struct writer_bytes frame = {0}, header = {0};
    if (writer->mutations != 0)
        payload_mutate(writer, payload);
    put_frame(&frame, payload);
    raw_put32(&header, 0x184D2A5C);
    raw_put32(&header, 88);
    raw_put(&header, "\x8A\x74\x72\x61\x63\x65\x72\x74", 8);
    raw_put16(&header, 1);
    raw_put8(&header, type);
    raw_put8(&header, 0);
    raw_put32(&header, writer->sequence++);
    raw_put64(&header, writer->session);
    raw_put32(&header, (uint32_t)frame.nr);
    raw_put32(&header, (uint32_t)payload->nr);
    raw_put32(&header, thread);
    raw_put32(&header, nr_events);
    raw_put64(&header, first_ticks);
    raw_put64(&header, last_ticks);
    raw_put64(&header, writer->anchor_ticks);
    raw_put64(&header, writer->anchor_ns);
    raw_put(&header, (const uint8_t[12]){0}, 12);
    raw_put32(&header, writer_crc(header.bytes, header.nr));
    raw_put(&writer->file, header.bytes, header.nr);
    raw_put(&writer->file, frame.bytes, frame.nr);
    writer->nr_events += nr_events;
    raw_free(&frame);
    raw_free(&header);
}

static void put_description(struct writer *writer, unsigned type, uint32_t thread, struct writer_bytes *payload)
{
    writer_block(writer, type, thread, 0, 0, 0, payload);
    raw_free(payload);
}

void writer_session(struct writer *writer, uint64_t clock)
{
    struct writer_bytes payload = {0};
    raw_put_text(&payload, 2, "0.1.0");
    raw_put_number(&payload, 4, clock);
    raw_put_number(&payload, 6, 10);
    raw_put_number(&payload, 8, 1700000000000000000);
    raw_put_text(&payload, 10, "host");
    raw_put_text(&payload, 12, "6.1");
    raw_put_number(&payload, 16, 0);
    put_description(writer, 1, 0, &payload);
}

void writer_process(struct writer *writer, uint32_t serial, uint32_t pid, uint32_t parent, uint64_t start_ticks,
                    unsigned origin)
{
    struct writer_bytes payload = {0};
    raw_put_number(&payload, 31, serial);
    raw_put_number(&payload, 32, pid);
    raw_put_number(&payload, 34, parent);
    raw_put_number(&payload, 36, start_ticks);
    put_field(&payload, 38, "./app\0-x", 9);
    raw_put_text(&payload, 40, "/bin/app");
    raw_put_text(&payload, 42, "/tmp");
    raw_put_number(&payload, 44, origin);
    put_description(writer, 2, 0, &payload);
}

void writer_module(struct writer *writer, uint32_t process, uint64_t base, uint64_t ticks, const char *path,
                   uint64_t address, uint64_t bytes)
{
    struct writer_bytes payload = {0}, load = {0}, segment = {0};
    raw_put_number(&load, 64, base);
    raw_put_number(&load, 66, ticks);
    raw_put_text(&load, 68, path);
    raw_put_text(&load, 70, "\x01\x02\x03\x04");
    raw_put_varint(&segment, address);
    raw_put_varint(&segment, bytes);
    raw_put_varint(&segment, 1);
    put_field(&load, 72, segment.bytes, segment.nr);
    raw_put_number(&payload, 31, process);
    put_field(&payload, 61, load.bytes, load.nr);
    put_description(writer, 4, 0, &payload);
    raw_free(&load);
    raw_free(&segment);
}

void writer_module_unload(struct writer *writer, uint32_t process, uint64_t base, uint64_t ticks)
{
    struct writer_bytes payload = {0}, unload = {0};
    raw_put_number(&unload, 64, base);
    raw_put_number(&unload, 66, ticks);
    raw_put_number(&payload, 31, process);
    put_field(&payload, 63, unload.bytes, unload.nr);
    put_description(writer, 4, 0, &payload);
    raw_free(&unload);
}

void writer_end(struct writer *writer, uint64_t failure)
{
    struct writer_bytes payload = {0};
    raw_put_number(&payload, 81, writer->sequence);
    raw_put_number(&payload, 82, writer->nr_events);
    if (failure != 0) {
        raw_put_number(&payload, 84, failure);
        raw_put_number(&payload, 86, 28);
    }
    put_description(writer, 6, 0, &payload);
}

struct writer_thread *writer_thread_new(struct writer *writer, uint32_t serial, uint32_t process, uint32_t tid,
                                        uint64_t start_ticks)
{
    struct writer_thread *thread = calloc(1, sizeof(*thread));
    struct writer_bytes payload = {0};
    if (thread == NULL)
        abort();
    thread->writer = writer;
    thread->serial = serial;
    thread->process = process;
    thread->tick_unit = 1;
    thread->list_max = WRITER_DEPTH_MAX;
    thread->base_ticks = thread->ticks = start_ticks;
    raw_put_number(&payload, 31, process);
    raw_put_number(&payload, 51, serial);
    raw_put_number(&payload, 52, tid);
    raw_put_number(&payload, 36, start_ticks);
    put_description(writer, 3, serial, &payload);
    return thread;
}

static void chunk_clear(struct writer_thread *thread)
{
    raw_free(&thread->symbols);
    raw_free(&thread->deltas);
    raw_free(&thread->wide);
    raw_free(&thread->dict);
    raw_free(&thread->ext);
    raw_free(&thread->callers);
    raw_free(&thread->addresses);
    raw_free(&thread->sizes);
    raw_free(&thread->callers_of);
    raw_free(&thread->released);
    thread->last_alloc = thread->last_release = thread->last_caller = thread->nr_callers = 0;
    thread->nr_symbols = thread->nr_events = thread->nr_dict = 0;
}

void writer_thread_free(struct writer_thread *thread)
{
    chunk_clear(thread);
    free(thread);
}

static uint64_t zigzag(uint64_t difference)
{
    return (int64_t)difference < 0 ? ~(difference << 1) : difference << 1;
}

/* An entry of DICT or STACK after one whose fn and site are `fn` and `site`. */
static void put_entry(struct writer_bytes *to, const struct writer_frame *frame, uint64_t *fn, uint64_t *site)
{
    if (frame->region != NULL) {
        raw_put_varint(to, strlen(frame->region) << 2 | 1);
        raw_put(to, frame->region, strlen(frame->region));
        return;
    }
    raw_put_varint(to, zigzag(frame->fn - *fn) << 2 | (frame->inlined ? 2 : 0));
    raw_put_varint(to, zigzag(frame->site - *site));
    *fn = frame->fn;
    *site = frame->site;
}

static void put_symbol(struct writer_thread *thread, uint64_t ticks, unsigned symbol)
{
    uint64_t delta = ticks - thread->ticks;
    raw_put16(&thread->symbols, symbol);
    if (delta % thread->tick_unit == 0 && delta / thread->tick_unit < 255) {
        raw_put8(&thread->deltas, (unsigned)(delta / thread->tick_unit));
    } else {
        raw_put8(&thread->deltas, 255);
        raw_put_varint(&thread->wide, delta);
    }
    thread->ticks = ticks;
    thread->nr_symbols++;
}

static bool frame_is_same(const struct writer_frame *a, const struct writer_frame *b)
{
    return a->region == b->region && a->fn == b->fn && a->site == b->site && a->inlined == b->inlined;
}

static void frame_enter(struct writer_thread *thread, const struct writer_frame *frame)
{
    uint32_t i = 0;
    while (i < thread->nr_dict && !frame_is_same(&thread->known[i], frame))
        i++;
    if (i == sizeof(thread->known) / sizeof(thread->known[0]) || thread->depth == WRITER_DEPTH_MAX)
        abort();
    if (i == thread->nr_dict)
        thread->known[thread->nr_dict++] = *frame;
    put_symbol(thread, frame->ticks, 8 + i);
    thread->frames[thread->depth++] = *frame;
}

static void count_event(struct writer_thread *thread)
{
    thread->nr_events++;
    thread->hook_calls++;
    thread->recorded++;
}

void thread_enter(struct writer_thread *thread, uint64_t ticks, uint64_t fn, uint64_t site, bool inlined)
{
    frame_enter(thread, &(struct writer_frame){.fn = fn, .site = site, .ticks = ticks, .inlined = inlined});
    count_event(thread);
}

void thread_region(struct writer_thread *thread, uint64_t ticks, const char *name)
{
    frame_enter(thread, &(struct writer_frame){.region = name, .ticks = ticks});
}

void thread_exit(struct writer_thread *thread, uint64_t ticks)
{
    put_symbol(thread, ticks, 0);
    if (thread->depth > 0 && thread->frames[--thread->depth].region == NULL)
        count_event(thread);
}

void thread_unwind(struct writer_thread *thread, uint64_t ticks)
{
    put_symbol(thread, ticks, 1);
    if (thread->depth > 0)
        thread->depth--;
}

void thread_ext(struct writer_thread *thread, uint64_t ticks, uint64_t kind, const struct writer_bytes *value)
{
    put_symbol(thread, ticks, 2);
    put_field(&thread->ext, kind, value->bytes, value->nr);
}

void thread_orphan(struct writer_thread *thread, uint64_t ticks, uint64_t fn)
{
    struct writer_bytes value = {0};
    raw_put_varint(&value, fn);
    thread_ext(thread, ticks, 8, &value);
    raw_free(&value);
    count_event(thread);
}

/* A caller for each allocation: nothing says that it must be there once only. */
void thread_alloc(struct writer_thread *thread, uint64_t ticks, uint64_t address, uint64_t bytes, unsigned api,
                  uint64_t caller)
{
    put_symbol(thread, ticks, 3);
    raw_put_varint(&thread->callers, api);
    raw_put_varint(&thread->callers, zigzag(caller - thread->last_caller));
    raw_put_varint(&thread->addresses, zigzag((address >> thread->shift) - thread->last_alloc));
    raw_put_varint(&thread->sizes, bytes);
    raw_put_varint(&thread->callers_of, thread->nr_callers++);
    thread->last_caller = caller;
    thread->last_alloc = address >> thread->shift;
    thread->memory_recorded++;
}

static void put_release(struct writer_thread *thread, uint64_t ticks, uint64_t address, unsigned symbol)
{
    put_symbol(thread, ticks, symbol);
    raw_put_varint(&thread->released, zigzag((address >> thread->shift) - thread->last_release));
    thread->last_release = address >> thread->shift;
    thread->memory_recorded++;
}

void thread_free(struct writer_thread *thread, uint64_t ticks, uint64_t address)
{
    put_release(thread, ticks, address, 4);
}

void thread_realloc(struct writer_thread *thread, uint64_t ticks, uint64_t address)
{
    put_release(thread, ticks, address, 5);
}

static void put_memory(const struct writer_thread *thread, struct writer_bytes *memory)
{
    const struct writer_bytes *const columns[] = {&thread->callers, &thread->addresses, &thread->sizes,
                                                  &thread->callers_of, &thread->released};
    raw_put_varint(memory, thread->memory_recorded);
    raw_put_varint(memory, thread->memory_dropped);
    raw_put_varint(memory, thread->shift);
    raw_put_varint(memory, thread->nr_callers);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        raw_put(memory, columns[i]->bytes, columns[i]->nr);
}

static void put_head(const struct writer_thread *thread, struct writer_bytes *payload, uint32_t nr_stack,
                     uint32_t nr_sections)
{
    const uint32_t numbers[] = {thread->process, thread->number,      thread->nr_symbols, thread->tick_unit,
                                thread->nr_dict, thread->stack_depth, nr_stack,           thread->flags};
    const uint64_t counts[] = {thread->base_ticks, thread->hook_calls, thread->recorded,
                               thread->dropped,    thread->torn,       thread->stalled};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        raw_put32(payload, numbers[i]);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        raw_put64(payload, counts[i]);
    raw_put32(payload, nr_sections);
    raw_put(payload, (const uint8_t[12]){0}, 12);
}

void thread_payload(struct writer_thread *thread, struct writer_bytes *payload)
{
    struct writer_bytes stack = {0}, memory = {0};
    uint32_t nr_sections = thread->memory_recorded + thread->memory_dropped > 0 ? 7 : 6;
    uint32_t nr_stack = thread->stack_depth < thread->list_max ? thread->stack_depth : thread->list_max;
    uint64_t fn = 0, site = 0;
    raw_free(&thread->dict);
    for (uint32_t i = 0; i < thread->nr_dict; i++)
        put_entry(&thread->dict, &thread->known[i], &fn, &site);
    fn = site = 0;
    for (uint32_t i = thread->stack_depth - nr_stack; i < thread->stack_depth; i++) {
        put_entry(&stack, &thread->stack[i], &fn, &site);
        raw_put_varint(&stack, thread->base_ticks - thread->stack[i].ticks);
        raw_put_varint(&stack, thread->stack[i].inherited);
        raw_put_varint(&stack, zigzag(i == 0 ? 0x7fff0000 : (uint64_t)-64));
    }
    put_memory(thread, &memory);
    put_head(thread, payload, nr_stack, nr_sections);
    const struct writer_bytes *const sections[] = {&thread->symbols, &thread->deltas, &thread->wide, &thread->dict,
                                                   &stack,           &thread->ext,    &memory};
    for (uint32_t i = 0; i < nr_sections; i++) {
        raw_put32(payload, i + 1);
        raw_put32(payload, (uint32_t)sections[i]->nr);
    }
    for (uint32_t i = 0; i < nr_sections; i++)
        raw_put(payload, sections[i]->bytes, sections[i]->nr);
    raw_free(&stack);
    raw_free(&memory);
}

void thread_flush(struct writer_thread *thread)
{
    struct writer_bytes payload = {0};
    thread_payload(thread, &payload);
    writer_block(thread->writer, 5, thread->serial, thread->nr_events, thread->base_ticks, thread->ticks, &payload);
    raw_free(&payload);
    chunk_clear(thread);
    thread->number++;
    thread->flags = 0;
    thread->base_ticks = thread->ticks;
    memcpy(thread->stack, thread->frames, thread->depth * sizeof(thread->frames[0]));
    thread->stack_depth = thread->depth;
}

char *raw_save(const uint8_t *bytes, size_t nr)
{
    char *path = strdup("/tmp/trace-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, bytes, nr) != (ssize_t)nr)
        abort();
    close(fd);
    return path;
}

char *writer_save(const struct writer *writer)
{
    return raw_save(writer->file.bytes, writer->file.nr);
}

int writer_memory(const struct writer *writer, char path[64])
{
    int fd = memfd_create("trace", MFD_CLOEXEC);
    if (fd < 0 || write(fd, writer->file.bytes, writer->file.nr) != (ssize_t)writer->file.nr)
        abort();
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

void writer_sample(struct writer *writer)
{
    writer_init(writer);
    writer_session(writer, 0);
    writer_process(writer, 1, 100, 0, 1000, 0);
    writer_module(writer, 1, 0x10000, 1000, "/bin/app", 0x1000, 0x1000);
    struct writer_thread *one = writer_thread_new(writer, 1, 1, 100, 1000);
    thread_enter(one, 1100, 0x11000, 0x11004, false);
    thread_enter(one, 1200, 0x11100, 0x11010, true);
    thread_exit(one, 1300);
    thread_region(one, 1310, "phase");
    thread_enter(one, 1320, 0x11200, 0x11020, false);
    thread_flush(one);
    writer->anchor_ticks = writer->anchor_ns = 2000;
    struct writer_thread *two = writer_thread_new(writer, 2, 1, 101, 1400);
    thread_enter(two, 1500, 0x11300, 0x99, false);
    thread_orphan(two, 1600, 0x11400);
    thread_unwind(two, 100000);
    two->flags = 1;
    thread_flush(two);
    writer_module_unload(writer, 1, 0x10000, 1900000);
    thread_unwind(one, 200000);
    thread_exit(one, 200001);
    thread_enter(one, 200002, 0x11100, 0x11010, false);
    thread_flush(one);
    writer_end(writer, 0);
    writer_thread_free(one);
    writer_thread_free(two);
}
