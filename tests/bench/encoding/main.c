/*
 * What the drain makes of a segment, and the analyzer of a chunk, one processor each: the events of a trace go once
 * more through the encoder and zstd, and back. With the clock that they were recorded with, and with a fine one: each
 * difference spread evenly over a step of the recorded one, as noise, which is the worst that a real clock can do.
 *
 * usage: encoding TRACE [LEVEL…]
 */
#include "drain/encode.h"
#include "drain/sink.h"
#include "trace/decode.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

enum { ROUNDS = 5 };

/* A chunk as the words that a thread left. */
struct piece {
    uint64_t *words[2]; /* with the recorded clock, with a fine one; one more before the first */
    uint32_t nr_words;
    uint64_t high, base_ticks;
    struct segment_entry *dict;
    uint32_t nr_dict;
    struct frame *frames;
    uint32_t nr_frames;
    uint8_t *packed; /* as the analyzer gets it */
    uint32_t packed_bytes, raw_bytes;
};

static double cpu_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes + 64);
    if (memory == NULL)
        abort();
    return memory;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "encoding: %s\n", what);
    exit(1);
}

static struct frame frame_of(const struct chunk_frame *open)
{
    return (struct frame){.function = open->entry.fn,
                          .site = open->entry.site,
                          .sp = open->entry.inlined ? FRAME_INLINED : 0,
                          .ticks = open->enter_ticks};
}

/* The tables of a chunk, as a segment has them. Regions count as functions. */
static void piece_tables(struct piece *piece, const struct chunk *chunk)
{
    piece->nr_dict = chunk->head.nr_dict;
    piece->dict = allocate(piece->nr_dict * sizeof *piece->dict);
    for (uint32_t i = 0; i < piece->nr_dict; i++)
        piece->dict[i] = (struct segment_entry){
            .function = chunk->dict[i].fn, .site = chunk->dict[i].site | (chunk->dict[i].inlined ? ENTRY_INLINED : 0)};
    piece->nr_frames = chunk->head.nr_stack;
    piece->frames = allocate(piece->nr_frames * sizeof *piece->frames);
    for (uint32_t i = 0; i < piece->nr_frames; i++)
        piece->frames[i] = frame_of(&chunk->stack[i]);
}

static void piece_make(struct piece *piece, const struct chunk *chunk, uint64_t step)
{
    static uint64_t seed = 1;
    struct chunk_cursor cursor;
    *piece = (struct piece){.base_ticks = chunk->head.base_ticks & UINT32_MAX};
    piece_tables(piece, chunk);
    piece->words[0] = allocate((chunk->head.nr_symbols + 1u) * 8u);
    piece->words[1] = allocate((chunk->head.nr_symbols + 1u) * 8u);
    uint64_t fine = piece->base_ticks, last = chunk->head.base_ticks;
    chunk_begin(chunk, &cursor);
    while (cursor.index < chunk->head.nr_symbols) {
        uint64_t symbol = chunk_next(chunk, &cursor);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t noisy = cursor.ticks - last + (seed >> 33) % step;
        fine += noisy > step / 2 ? noisy - step / 2 : 1;
        last = cursor.ticks;
        if (symbol != TF_SYM_EXIT && symbol < TF_SYM_ENTER)
            continue; /* rare, and not what is measured */
        piece->words[0][piece->nr_words] = cursor.ticks << WORD_TICKS_SHIFT | WORD_FILLED | symbol;
        piece->words[1][piece->nr_words++] = fine << WORD_TICKS_SHIFT | WORD_FILLED | symbol;
    }
}

static struct piece *pieces_load(const char *path, uint32_t *nr, uint32_t *step)
{
    struct err err = {0};
    struct chunk chunk = {0};
    struct trace *trace = trace_open(path, &err);
    if (trace == NULL)
        fail(err.text);
    *nr = trace->nr_chunks;
    *step = trace->clock_step_ticks > 0 ? (uint32_t)trace->clock_step_ticks : 1;
    struct piece *pieces = allocate(*nr * sizeof *pieces);
    for (uint32_t i = 0; i < *nr; i++) {
        if (chunk_load(trace, &trace->chunks[i], &chunk, &err) != 0)
            fail(err.text);
        piece_make(&pieces[i], &chunk, *step > 1 ? *step : 26);
    }
    chunk_release(&chunk);
    trace_close(trace);
    return pieces;
}

struct bench {
    struct region region;
    struct encoder encoder;
    struct sink sink;
    struct piece *pieces;
    uint32_t nr_pieces;
};

/* As the drain does it, but for notes. */
static void piece_encode(struct bench *bench, struct piece *piece, int clock)
{
    struct encoder *encoder = &bench->encoder;
    const uint64_t *words = piece->words[clock], *end = words + piece->nr_words;
    struct part parts[ENCODE_NR_PARTS];
    encoder_begin(encoder, piece->base_ticks, piece->frames, piece->nr_frames, piece->nr_frames, piece->dict,
                  piece->nr_dict);
    while ((words = encoder_put_words(encoder, words, end, 0, piece->nr_dict)) < end) {
        encoder_put(encoder, (uint32_t)*words & 0xffff, *words >> WORD_TICKS_SHIFT);
        words++;
    }
    struct tf_chunk_head head = {.process = 1};
    struct tf_header header = {.type = TF_BLOCK_CHUNK, .thread = 1, .last_ticks = encoder->last_ticks};
    uint32_t nr_parts = encoder_store(encoder, &head, bench->sink.raw, parts);
    if (sink_write_parts(&bench->sink, &header, parts, nr_parts) != 0)
        fail("cannot write");
    piece->packed_bytes = header.payload_bytes;
    piece->raw_bytes = header.raw_bytes;
}

/* ns an event, of the best round; *bytes is what all of it takes on disk. */
static double encode(struct bench *bench, int clock, double events, double *bytes)
{
    double best_s = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start_s = cpu_s();
        *bytes = 0;
        for (uint32_t i = 0; i < bench->nr_pieces; i++) {
            piece_encode(bench, &bench->pieces[i], clock);
            *bytes += TF_HEADER_BYTES + bench->pieces[i].packed_bytes;
        }
        double took_s = cpu_s() - start_s;
        best_s = took_s < best_s ? took_s : best_s;
    }
    for (uint32_t i = 0; i < bench->nr_pieces; i++) {
        struct piece *piece = &bench->pieces[i];
        piece_encode(bench, piece, clock);
        free(piece->packed);
        piece->packed = allocate(piece->packed_bytes);
        memcpy(piece->packed, bench->sink.packed + TF_HEADER_BYTES, piece->packed_bytes);
    }
    return best_s / events * 1e9;
}

/* ns an event: decompressed, checked, looked at one by one. */
static double decode(const struct bench *bench, double events)
{
    const struct trace_chunk block = {.last_ticks = UINT64_MAX};
    struct chunk chunk = {0};
    struct err err = {0};
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    double best_s = 1e9;
    uint64_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start_s = cpu_s();
        for (uint32_t i = 0; i < bench->nr_pieces; i++) {
            const struct piece *piece = &bench->pieces[i];
            struct chunk_cursor cursor;
            if (buffer_reserve(&chunk.raw, piece->raw_bytes, &err) != 0 ||
                ZSTD_decompressDCtx(zstd, chunk.raw.bytes, piece->raw_bytes, piece->packed, piece->packed_bytes) !=
                    piece->raw_bytes ||
                chunk_decode(&chunk, piece->raw_bytes, &block, &err) != 0)
                fail(err.text);
            chunk_begin(&chunk, &cursor);
            while (cursor.index < chunk.head.nr_symbols)
                sum += chunk_next(&chunk, &cursor);
            sum += cursor.ticks;
        }
        double took_s = cpu_s() - start_s;
        best_s = took_s < best_s ? took_s : best_s;
    }
    __asm__ volatile("" : : "r"(sum));
    chunk_release(&chunk);
    ZSTD_freeDCtx(zstd);
    return best_s / events * 1e9;
}

static void report(struct bench *bench, int level, uint32_t step)
{
    static const char *const clocks[] = {"as recorded", "fine"};
    double events = 0;
    for (uint32_t i = 0; i < bench->nr_pieces; i++)
        events += bench->pieces[i].nr_words;
    for (int clock = 0; clock < 2; clock++) {
        double bytes = 0;
        bench->region.clock_step = clock == 0 ? step : 1;
        bench->sink.fd = open("/dev/null", O_WRONLY);
        if (bench->sink.fd < 0 || encoder_init(&bench->encoder, &bench->region) != 0 ||
            sink_init(&bench->sink, level, TF_CLOCK_MONOTONIC, 1) != 0)
            fail("no memory");
        double encode_ns = encode(bench, clock, events, &bytes);
        double decode_ns = decode(bench, events);
        printf("%5d  %-12s %8u %9.4f %10.2f %10.2f %10.0f\n", level, clocks[clock], bench->region.clock_step,
               bytes / events, encode_ns, decode_ns, 1e3 / decode_ns);
    }
}

int main(int argc, char **argv)
{
    static struct bench bench;
    uint32_t step = 1;
    if (argc < 2) {
        fprintf(stderr, "usage: %s TRACE [LEVEL…]\n", argv[0]);
        return 1;
    }
    bench.pieces = pieces_load(argv[1], &bench.nr_pieces, &step);
    printf("level  clock        ticks/step   B/event  drain ns  decode ns  M events/s\n");
    if (argc == 2)
        report(&bench, 1, step);
    for (int i = 2; i < argc; i++)
        report(&bench, atoi(argv[i]), step);
    return 0;
}
