/*
 * A ring of slots. Threads take the next likely chunk and its slot, in order, when the slot is free; the reader waits
 * for the slot that is its turn, and frees it when it asks for the next.
 */
#include "trace/ahead.h"

#include "trace/block.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

enum { THREADS_MAX = 4, SLOTS_PER_THREAD = 4, SLOTS_MAX = THREADS_MAX * SLOTS_PER_THREAD };

struct slot {
    struct chunk chunk;
    struct err err; /* why there is none */
    bool done;
};

struct worker {
    struct ahead *ahead;
    struct block_file file; /* its own way into the file */
    pthread_t thread;
};

struct ahead {
    struct trace *trace;
    uint32_t *numbers; /* of the likely chunks */
    uint32_t nr;
    struct slot slots[SLOTS_MAX];
    struct slot alone; /* for what was not likely */
    struct worker workers[THREADS_MAX];
    unsigned nr_workers;
    uint32_t nr_slots;

    pthread_mutex_t lock; /* of what follows, and of the slots' `done` */
    pthread_cond_t is_done, is_free;
    uint32_t nr_taken; /* by threads */
    uint32_t nr_given; /* to the reader; the last one is in its hands */
    bool stops;
};

static void slot_load(struct slot *slot, const struct trace *trace, struct block_file *file,
                      const struct trace_chunk *block)
{
    slot->err = (struct err){0};
    slot->chunk.anchors = trace_gaps(trace);
    if (block_load(file, block->offset, block->payload_bytes, block->raw_bytes, &slot->chunk.raw, &slot->err) == 0)
        chunk_decode(&slot->chunk, block->raw_bytes, block, &slot->err);
}

static void *worker_run(void *context)
{
    struct worker *worker = context;
    struct ahead *ahead = worker->ahead;
    pthread_mutex_lock(&ahead->lock);
    for (;;) {
        /* The reader holds the slot of the chunk before nr_given. */
        while (!ahead->stops && ahead->nr_taken < ahead->nr && ahead->nr_taken + 1 >= ahead->nr_given + ahead->nr_slots)
            pthread_cond_wait(&ahead->is_free, &ahead->lock);
        if (ahead->stops || ahead->nr_taken == ahead->nr)
            break;
        uint32_t turn = ahead->nr_taken++;
        struct slot *slot = &ahead->slots[turn % ahead->nr_slots];
        pthread_mutex_unlock(&ahead->lock);
        slot_load(slot, ahead->trace, &worker->file, &ahead->trace->chunks[ahead->numbers[turn]]);
        pthread_mutex_lock(&ahead->lock);
        slot->done = true;
        pthread_cond_signal(&ahead->is_done);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* Signals are the main thread's. */
static int worker_start(struct worker *worker, struct ahead *ahead)
{
    struct err ignored = {0};
    sigset_t all, before;
    worker->ahead = ahead;
    worker->file.fd = trace_file_dup(ahead->trace);
    if (worker->file.fd < 0 || block_file_init(&worker->file, &ignored) != 0) {
        block_file_release(&worker->file);
        return -1;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&worker->thread, NULL, worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0)
        block_file_release(&worker->file);
    return result == 0 ? 0 : -1;
}

unsigned ahead_threads(void)
{
    cpu_set_t set;
    unsigned nr = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    return nr - 1 < THREADS_MAX ? nr - 1 : THREADS_MAX;
}

struct ahead *ahead_new(struct trace *trace, const bool *likely, unsigned nr_threads, struct err *err)
{
    struct ahead *ahead = calloc(1, sizeof(*ahead));
    uint32_t *numbers = calloc((size_t)trace->nr_chunks + 1, sizeof(*numbers));
    if (ahead == NULL || numbers == NULL) {
        free(ahead);
        free(numbers);
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    ahead->trace = trace;
    ahead->numbers = numbers;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->is_done, NULL);
    pthread_cond_init(&ahead->is_free, NULL);
    for (uint32_t i = 0; i < trace->nr_chunks; i++) {
        if (likely[i])
            numbers[ahead->nr++] = i;
    }
    /* A thread costs more than the few chunks of a small trace. */
    nr_threads = nr_threads < THREADS_MAX ? nr_threads : THREADS_MAX;
    nr_threads = nr_threads < ahead->nr / SLOTS_PER_THREAD ? nr_threads : ahead->nr / SLOTS_PER_THREAD;
    ahead->nr_slots = nr_threads * SLOTS_PER_THREAD;
    while (ahead->nr_workers < nr_threads && worker_start(&ahead->workers[ahead->nr_workers], ahead) == 0)
        ahead->nr_workers++;
    return ahead;
}

void ahead_free(struct ahead *ahead)
{
    if (ahead == NULL)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stops = true;
    pthread_cond_broadcast(&ahead->is_free);
    pthread_mutex_unlock(&ahead->lock);
    for (unsigned i = 0; i < ahead->nr_workers; i++) {
        pthread_join(ahead->workers[i].thread, NULL);
        block_file_release(&ahead->workers[i].file);
    }
    for (unsigned i = 0; i < SLOTS_MAX; i++)
        chunk_release(&ahead->slots[i].chunk);
    chunk_release(&ahead->alone.chunk);
    pthread_cond_destroy(&ahead->is_free);
    pthread_cond_destroy(&ahead->is_done);
    pthread_mutex_destroy(&ahead->lock);
    free(ahead->numbers);
    free(ahead);
}

/* The slot of the next likely chunk, when it is done; the one before is free again. */
static struct slot *slot_wait(struct ahead *ahead)
{
    struct slot *slot = &ahead->slots[ahead->nr_given % ahead->nr_slots];
    pthread_mutex_lock(&ahead->lock);
    ahead->nr_given++;
    pthread_cond_broadcast(&ahead->is_free);
    while (!slot->done)
        pthread_cond_wait(&ahead->is_done, &ahead->lock);
    slot->done = false;
    pthread_mutex_unlock(&ahead->lock);
    return slot;
}

const struct chunk *ahead_chunk(struct ahead *ahead, uint32_t number, struct err *err)
{
    struct slot *slot = NULL;
    while (ahead->nr_workers > 0 && ahead->nr_given < ahead->nr && ahead->numbers[ahead->nr_given] <= number)
        slot = slot_wait(ahead);
    if (slot == NULL || ahead->numbers[ahead->nr_given - 1] != number) {
        slot = &ahead->alone;
        slot->err = (struct err){0};
        chunk_load(ahead->trace, &ahead->trace->chunks[number], &slot->chunk, &slot->err);
    }
    if (slot->err.code == ERR_NONE)
        return &slot->chunk;
    *err = slot->err;
    return NULL;
}
