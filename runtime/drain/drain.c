#include "drain/drain.h"

#include "clock.h"
#include "drain/memory.h"
#include "drain/session_facts.h"
#include "drain/sink.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>

enum {
    SLEEP_NS = 20 * 1000 * 1000,           /* the longest the drain does not look for dead processes */
    FINISH_NS = 500 * 1000,                /* the same when a process is about to end */
    FORK_GRACE_NS = 1000 * 1000 * 1000,    /* for a forked child to join when everybody else has ended */
    LATE_NS = 20 * 1000 * 1000,            /* how often late threads are looked for */
    FINISH_LINGER_NS = 1000 * 1000 * 1000, /* how long a process that is about to end is looked at often */
    TAIL_SLOTS = RING_NOTE_DATA_MAX / RING_DATA_BYTES +
                 64 /* a dead thread's unfilled slots are passed over when a filled one is this near */
};

/* ---- Threads --------------------------------------------------------------------------------------- */

static uint32_t process_by_serial(const struct drain *drain, uint32_t serial)
{
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        if (serial != 0 && drain->processes[i].serial == serial)
            return i;
    }
    return UINT32_MAX;
}

/* Write the PROCESS block of a process, after those of its living ancestors. */
static void process_announce(struct drain *drain, uint32_t index)
{
    const struct region_process *processes = drain->region->processes;
    while (!drain->processes[index].announced) {
        uint32_t first = index; /* the outermost one that is not known yet */
        for (;;) {
            uint32_t parent = process_by_serial(drain, processes[first].parent);
            if (parent == UINT32_MAX || drain->processes[parent].announced)
                break;
            first = parent;
        }
        facts_write_process(&drain->sink, &processes[first]);
        drain->processes[first].announced = true;
    }
}

/* Take notice of processes that have joined since the last look. */
static void processes_join(struct drain *drain)
{
    uint32_t joined = __atomic_load_n(&drain->region->next_process, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        const struct region_process *process = &drain->region->processes[i];
        if (__atomic_load_n(&process->state, __ATOMIC_ACQUIRE) != PROCESS_LIVE ||
            drain->processes[i].serial == process->serial)
            continue;
        long pidfd = sys_pidfd_open((int)process->pid);
        drain->processes[i].serial = process->serial;
        drain->processes[i].announced = false;
        drain->processes[i].pidfd = pidfd >= 0 ? (int)pidfd : pidfd == -ESRCH ? -2 : -1;
    }
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        if (drain->processes[i].serial != 0)
            process_announce(drain, i);
    }
    drain->processes_seen = joined;
}

static void slot_flush(struct drain *drain, uint32_t index, bool dead);

/* The stack that a forked child's first thread begins with. */
static void thread_inherit(struct drain *drain, struct drain_thread *thread, const struct region_slot *slot)
{
    uint32_t parent = slot->fork_slot - 1;
    const struct region_slot *from = &drain->region->slots[parent];
    if (parent < REGION_NR_SLOTS && from->generation == slot->fork_generation && from->read_at <= slot->fork_at)
        slot_flush(drain, parent, false); /* up to the fork at least: the note was there before the child */
    struct fork_snapshot *snapshot = chunker_snapshot(&drain->chunker, parent, slot->fork_generation, slot->fork_at);
    if (snapshot == NULL)
        return;
    stack_inherit(&thread->stack, snapshot->frames, snapshot->depth);
    snapshot_release(snapshot);
}

/* The slot's present owner; made known when it is new. */
static struct drain_thread *thread_of(struct drain *drain, uint32_t index)
{
    struct drain_thread *thread = &drain->threads[index];
    const struct region_slot *slot = &drain->region->slots[index];
    if (thread->serial != 0 && thread->generation == slot->generation)
        return thread;
    stack_release(&thread->stack);
    memset(thread, 0, sizeof *thread);
    if (drain->processes[slot->process].serial != drain->region->processes[slot->process].serial)
        processes_join(drain);
    if (slot->fork_slot != 0)
        thread_inherit(drain, thread, slot);
    thread->serial = ++drain->last_thread;
    thread->generation = slot->generation;
    thread->process_serial = drain->region->processes[slot->process].serial;
    thread->last_ticks = slot->start_ticks;
    facts_write_thread(&drain->sink, thread->process_serial, thread->serial, slot->tid, slot->start_ticks);
    return thread;
}

/* Tell a waiting owner that there is room. */
static void slot_wake(struct region_slot *slot)
{
    if (!__atomic_load_n(&slot->waiting, __ATOMIC_SEQ_CST))
        return;
    __atomic_fetch_add(&slot->space, 1, __ATOMIC_SEQ_CST);
    sys_futex(&slot->space, FUTEX_WAKE, 1, NULL);
}

static void slot_free(struct drain *drain, uint32_t index)
{
    struct region_slot *slot = &drain->region->slots[index];
    stack_release(&drain->threads[index].stack);
    drain->threads[index].serial = 0;
    __atomic_store_n(&slot->waiting, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->state, SLOT_FREE, __ATOMIC_RELEASE);
}

/* Take everything up to `end`, however many chunks that makes. */
static void slot_take_all(struct drain *drain, uint32_t index, uint64_t end, enum chunk_torn torn, bool last)
{
    struct drain_thread *thread = thread_of(drain, index);
    struct region_slot *slot = &drain->region->slots[index];
    bool ended = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == SLOT_ENDED; /* then its frames are closed, too */
    while (chunk_take(&drain->chunker, thread, index, end, torn, last)) {
        slot_wake(slot);
        if (slot->read_at >= end && !(ended && thread->stack.depth > 0))
            break;
    }
}

/* The end of what a thread has left in its ring: after the last filled slot that is within reach of the ones before. */
static uint64_t slot_tail(struct region *region, uint32_t index)
{
    uint64_t at = region->slots[index].read_at;
    uint64_t full = at + region_ring_bytes(region, index);
    uint64_t end = at;
    while (at < full && at < end + TAIL_SLOTS * RING_SLOT_BYTES) {
        bool filled = chunk_is_filled(region, index, at);
        at += RING_SLOT_BYTES;
        if (filled)
            end = at;
    }
    return end;
}

/* The end of the last filled slot in [begin, end); `begin` when there is none. */
static uint64_t slot_filled_end(struct region *region, uint32_t index, uint64_t begin, uint64_t end)
{
    while (end > begin && !chunk_is_filled(region, index, end - RING_SLOT_BYTES))
        end -= RING_SLOT_BYTES;
    return end;
}

/* Take what is there. `dead`: the owner is gone, unfilled slots stay unfilled, and the slot becomes free. */
static void slot_flush(struct drain *drain, uint32_t index, bool dead)
{
    struct region *region = drain->region;
    struct region_slot *slot = &region->slots[index];
    uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) & SLOT_STATE_MASK;
    if (state == SLOT_FREE || (state == SLOT_CLAIMED && !dead))
        return;
    if (state != SLOT_CLAIMED) {
        uint64_t end = state == SLOT_ENDED ? slot->final_at : slot_tail(region, index);
        bool over = dead || state == SLOT_ENDED;
        slot_take_all(drain, index, end, over ? CHUNK_SKIP_GAP : CHUNK_STOP_AT_GAP, over);
    }
    if (dead || state == SLOT_ENDED)
        slot_free(drain, index);
}

/* The owner has filled a chunk, waits for room, or has ended: serve it. Returns true when something was taken. */
static bool slot_serve(struct drain *drain, uint32_t index)
{
    struct region *region = drain->region;
    struct region_slot *slot = &region->slots[index];
    uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
    if (state == SLOT_ENDED) {
        slot_flush(drain, index, false);
        return true;
    }
    if (state != SLOT_LIVE)
        return false;
    uint64_t chunk = region_chunk_bytes(region_ring_bytes(region, index));
    uint64_t before = slot->read_at;
    uint64_t end = (before | (chunk - 1)) + 1;
    if (__atomic_load_n(&slot->waiting, __ATOMIC_ACQUIRE)) { /* it may have been served since; what is there is there */
        uint64_t filled = slot_filled_end(region, index, before, before + region_ring_bytes(region, index));
        end = filled < end ? filled : end;
        if (end == before)
            return false;
    } else if (!chunk_is_filled(region, index, end - RING_SLOT_BYTES)) {
        return false;
    }
    struct drain_thread *thread = thread_of(drain, index);
    /* A gap at the very front, behind filled slots, is a hook that was left by a jump out of a signal handler. */
    enum chunk_torn torn = chunk_is_filled(region, index, before) ? CHUNK_STOP_AT_GAP : CHUNK_SKIP_GAP;
    bool busy = chunk_take(&drain->chunker, thread, index, end, torn, false);
    slot_wake(slot);
    return busy;
}

static bool slots_serve(struct drain *drain)
{
    bool busy = false;
    uint32_t nr = __atomic_load_n(&drain->region->nr_slots_used, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < nr; i++)
        busy |= slot_serve(drain, i);
    return busy;
}

/* ---- Processes ---------------------------------------------------------------------------------------- */

static void process_flush(struct drain *drain, uint32_t index, bool dead)
{
    uint32_t nr = __atomic_load_n(&drain->region->nr_slots_used, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < nr; i++) {
        const struct region_slot *slot = &drain->region->slots[i];
        uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
        uint32_t owner = (state & SLOT_STATE_MASK) == SLOT_CLAIMED ? state >> SLOT_STATE_BITS : slot->process;
        if (state != SLOT_FREE && owner == index)
            slot_flush(drain, i, dead);
    }
}

static void process_end(struct drain *drain, uint32_t index)
{
    struct region_process *process = &drain->region->processes[index];
    process_flush(drain, index, true);
    if (drain->processes[index].pidfd >= 0)
        sys_close(drain->processes[index].pidfd);
    drain->processes[index].serial = 0;
    __atomic_fetch_sub(&drain->region->nr_live, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&process->state, PROCESS_FREE, __ATOMIC_RELEASE);
}

/*
 * A thread that called a hook after its last farewell got a ring that it cannot give back: the drain has to see that it
 * is gone. Its pid means the same here as there (session.c refuses other namespaces).
 */
static void slots_reap_late(struct drain *drain)
{
    const struct region *region = drain->region;
    uint64_t now = clock_monotonic_ns();
    if (now - drain->late_ns < LATE_NS)
        return;
    drain->late_ns = now;
    uint32_t nr = __atomic_load_n(&region->nr_slots_used, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < nr; i++) {
        const struct region_slot *slot = &region->slots[i];
        if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == SLOT_LIVE && slot->late &&
            sys_kill_thread((int)region->processes[slot->process].pid, (int)slot->tid) == -ESRCH)
            slot_flush(drain, i, true);
    }
}

static bool process_is_gone(const struct drain *drain, uint32_t index)
{
    const struct region_process *process = &drain->region->processes[index];
    if ((__atomic_load_n(&process->origin, __ATOMIC_ACQUIRE) & PROCESS_REPLACED) != 0)
        return true;
    int pidfd = drain->processes[index].pidfd;
    if (pidfd >= 0)
        return (drain->polls[index].revents & POLLIN) != 0;
    return pidfd == -2 || sys_kill_thread((int)process->pid, (int)process->pid) == -ESRCH;
}

/* Finish with processes that have ended. */
static void processes_reap(struct drain *drain)
{
    const struct timespec now = {0, 0};
    processes_join(drain); /* one that had its serial, but not yet its place, when next_process was looked at */
    drain->looked_ns = clock_monotonic_ns();
    slots_reap_late(drain);
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        drain->polls[i].fd = drain->processes[i].serial != 0 ? drain->processes[i].pidfd : -1;
        drain->polls[i].events = POLLIN;
        drain->polls[i].revents = 0;
    }
    sys_poll(drain->polls, REGION_NR_PROCESSES, &now);
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        if (drain->processes[i].serial == 0)
            continue;
        if (process_is_gone(drain, i))
            process_end(drain, i);
    }
}

/* A process is at its end and asks for its events to be in the file: write an END for now; more may follow. */
static void processes_finish(struct drain *drain)
{
    for (uint32_t i = 0; i < REGION_NR_PROCESSES; i++) {
        struct region_process *process = &drain->region->processes[i];
        if (drain->processes[i].serial == 0 || __atomic_load_n(&process->finish, __ATOMIC_ACQUIRE) != FINISH_ASKED)
            continue;
        for (uint32_t j = 0; j < REGION_NR_PROCESSES; j++) {
            if (drain->processes[j].serial != 0)
                process_flush(drain, j, false);
        }
        facts_write_end(&drain->sink, drain->region, TF_FAILURE_NONE, 0);
        drain->finish_ns = clock_monotonic_ns();
        __atomic_store_n(&process->finish, FINISH_DONE, __ATOMIC_SEQ_CST);
        sys_futex(&process->finish, FUTEX_WAKE, 1, NULL);
    }
}

/* ---- The loop -------------------------------------------------------------------------------------------- */

/* Let the programs know when the file has failed. */
static void drain_publish_failure(struct drain *drain)
{
    if (drain->sink.failure == TF_FAILURE_NONE || drain->region->drain_failure != TF_FAILURE_NONE)
        return;
    drain->region->drain_error = drain->sink.error;
    __atomic_store_n(&drain->region->drain_failure, (uint32_t)drain->sink.failure, __ATOMIC_RELEASE);
}

static void drain_sleep(struct drain *drain, uint32_t doorbell)
{
    struct region *region = drain->region;
    bool finishing = drain->looked_ns - drain->finish_ns < FINISH_LINGER_NS;
    const struct timespec timeout = {0, finishing ? FINISH_NS : SLEEP_NS};
    __atomic_store_n(&region->drain_asleep, 1, __ATOMIC_SEQ_CST);
    sys_futex(&region->doorbell, FUTEX_WAIT, doorbell, &timeout);
    __atomic_store_n(&region->drain_asleep, 0, __ATOMIC_SEQ_CST);
}

/* True when no process is left, and none that was forked can still come; then the session is closed to others. */
static bool drain_is_done(struct drain *drain, uint64_t *alone_since_ns)
{
    struct region *region = drain->region;
    uint64_t now = clock_monotonic_ns();
    uint32_t nobody = 0;
    if (__atomic_load_n(&region->nr_live, __ATOMIC_SEQ_CST) != 0) {
        *alone_since_ns = 0;
        return false;
    }
    if (*alone_since_ns == 0)
        *alone_since_ns = now;
    if (__atomic_load_n(&region->forks, __ATOMIC_SEQ_CST) != 0 && now - *alone_since_ns <= FORK_GRACE_NS)
        return false;
    return __atomic_compare_exchange_n(&region->nr_live, &nobody, REGION_CLOSED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void drain_run(struct drain *drain)
{
    uint64_t alone_since_ns = 0;
    for (;;) {
        uint32_t doorbell = __atomic_load_n(&drain->region->doorbell, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&drain->region->next_process, __ATOMIC_ACQUIRE) != drain->processes_seen)
            processes_join(drain);
        __atomic_fetch_add(&drain->region->drain_beats, 1, __ATOMIC_RELAXED);
        bool busy = slots_serve(drain);
        processes_finish(drain);
        drain_publish_failure(drain);
        if (!busy || clock_monotonic_ns() - drain->looked_ns > SLEEP_NS) {
            processes_reap(drain);
            if (drain_is_done(drain, &alone_since_ns))
                break;
        }
        if (!busy)
            drain_sleep(drain, doorbell);
    }
    if (drain->sink.end_offset == UINT64_MAX)
        facts_write_end(&drain->sink, drain->region, TF_FAILURE_NONE, drain->resumed);
    sys_unlinkat(AT_FDCWD, drain->region_path);
}

int drain_allocate(struct drain *drain, struct region *region, const char *region_path)
{
    memset(drain, 0, sizeof *drain);
    drain->region = region;
    drain->region_path = region_path;
    drain->threads = memory_map(REGION_NR_SLOTS * sizeof *drain->threads);
    drain->processes = memory_map(REGION_NR_PROCESSES * sizeof *drain->processes);
    drain->polls = memory_map(REGION_NR_PROCESSES * sizeof *drain->polls);
    if (drain->threads == NULL || drain->processes == NULL || drain->polls == NULL ||
        chunker_init(&drain->chunker, region, &drain->sink) != 0)
        return -ENOMEM;
    return 0;
}

void drain_announce(struct region *region)
{
    static struct robust_list node;
    static struct robust_list_head head;
    node.next = &head.list;
    head.list.next = &node;
    head.futex_offset = (long)((uintptr_t)&region->drain_alive - (uintptr_t)&node);
    __atomic_store_n(&region->drain_alive, (uint32_t)sys_gettid(), __ATOMIC_RELEASE);
    sys_set_robust_list(&head, sizeof head);
}
