#include "drain/drain.h"

#include "clock.h"
#include "drain/memory.h"
#include "drain/session_facts.h"
#include "drain/sink.h"
#include "drain/workers.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>

enum {
    NAP_FIRST_NS = 400 * 1000, /* between looks at rings while they fill … */
    NAP_LEAST_NS = 100 * 1000,
    NAP_MOST_NS = 700 * 1000,              /* … in which calls fill three quarters of one */
    NAPPING_NS = 20 * 1000 * 1000,         /* they fill while something was taken as lately as this */
    SLEEP_NS = 20 * 1000 * 1000,           /* the longest the drain does not look for dead processes */
    FINISH_NS = 500 * 1000,                /* the same when a process is about to end */
    FORK_GRACE_NS = 1000 * 1000 * 1000,    /* for a forked child to join when everybody else has ended */
    LATE_NS = 20 * 1000 * 1000,            /* how often late threads are looked for */
    CALIBRATE_AFTER_NS = 10 * 1000 * 1000, /* when programs have started and may let the drain calibrate */
    CALIBRATE_EVENTS = 20000,              /* as many are worth that the end of the program waits for it */
    FINISH_LINGER_NS = 1000 * 1000 * 1000, /* how long a process that is about to end is looked at often */
};

/* ---- Threads --------------------------------------------------------------------------------------- */

static uint32_t process_by_serial(const struct drain *drain, uint32_t serial)
{
    for (uint32_t i = 0; i < region_nr_processes(drain->region); i++) {
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
            if (parent == UINT32_MAX || drain->processes[parent].announced ||
                drain->processes[parent].serial >= drain->processes[first].serial) /* no parent has come later */
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
    for (uint32_t i = 0; i < region_nr_processes(drain->region); i++) {
        const struct region_process *process = &drain->region->processes[i];
        if (__atomic_load_n(&process->state, __ATOMIC_ACQUIRE) != PROCESS_LIVE ||
            drain->processes[i].serial == process->serial)
            continue;
        long pidfd = sys_pidfd_open((int)process->pid);
        drain->processes[i].serial = process->serial;
        drain->processes[i].announced = false;
        drain->processes[i].pidfd = pidfd >= 0 ? (int)pidfd : pidfd == -ESRCH ? -2 : -1;
    }
    for (uint32_t i = 0; i < region_nr_processes(drain->region); i++) {
        if (drain->processes[i].serial != 0)
            process_announce(drain, i);
    }
    drain->processes_seen = joined;
}

/* The slot's present owner; made known when it is new. */
static struct drain_thread *thread_of(struct drain *drain, uint32_t index)
{
    struct drain_thread *thread = &drain->threads[index];
    const struct region_slot *slot = &drain->region->slots[index];
    if (thread->serial != 0 && thread->generation == slot->generation)
        return thread;
    memset(thread, 0, sizeof *thread);
    uint32_t process = region_process_of(slot);
    if (drain->processes[process].serial != drain->region->processes[process].serial)
        processes_join(drain);
    thread->serial = ++drain->last_thread;
    thread->generation = slot->generation;
    thread->process_serial = drain->region->processes[process].serial;
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
    drain->threads[index].serial = 0;
    __atomic_store_n(&slot->waiting, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->state, SLOT_FREE, __ATOMIC_RELEASE);
}

static struct segment slot_segment(struct region *region, uint32_t index, uint32_t number)
{
    return segment_at(region_ring(region, index), region_ring_bytes(region, index), number);
}

/* The number of the next segment to be taken. */
static uint32_t slot_next(const struct region_slot *slot)
{
    return (uint32_t)(slot->read_at >> 32);
}

/* Segments below it are closed. None is left when there seem to be more than the ring has. */
static uint32_t slot_nr_closed(const struct region *region, uint32_t index)
{
    const struct region_slot *slot = &region->slots[index];
    uint32_t closed = __atomic_load_n(&slot->nr_closed, __ATOMIC_ACQUIRE);
    return closed - slot_next(slot) <= segments_of(region_ring_bytes(region, index)) ? closed : slot_next(slot);
}

/* The owner is gone: close the segment that it was filling in its stead. */
static void slot_close(struct drain *drain, uint32_t index)
{
    struct region_slot *slot = &drain->region->slots[index];
    if (slot->nr_opened == slot->nr_closed)
        return;
    struct segment segment = slot_segment(drain->region, index, slot->nr_opened - 1);
    segment.head->nr = segment_count(&segment);
    __atomic_store_n(&slot->nr_closed, slot->nr_opened, __ATOMIC_RELEASE);
}

/* Take what is filled of the segment that is being filled. */
static void slot_take_part(struct drain *drain, uint32_t index)
{
    struct region_slot *slot = &drain->region->slots[index];
    uint32_t number = slot_next(slot);
    if (number >= __atomic_load_n(&slot->nr_opened, __ATOMIC_ACQUIRE))
        return;
    struct segment segment = slot_segment(drain->region, index, number);
    uint32_t end = segment_count(&segment);
    if (end > (uint32_t)slot->read_at)
        chunk_take_open(&drain->chunker, thread_of(drain, index), index, end);
}

/* Take what is there. `dead`: the owner is gone, and the slot becomes free. */
static void slot_flush(struct drain *drain, uint32_t index, bool dead)
{
    struct region_slot *slot = &drain->region->slots[index];
    uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) & SLOT_STATE_MASK;
    bool over = dead || state == SLOT_ENDED;
    if (state == SLOT_FREE || (state == SLOT_CLAIMED && !dead))
        return;
    bool told = false; /* of its last drops */
    if (over)
        slot_close(drain, index);
    for (uint32_t closed; slot_next(slot) < (closed = slot_nr_closed(drain->region, index));) {
        told = over;
        chunk_take_closed(&drain->chunker, thread_of(drain, index), index, closed, over);
        slot_wake(slot);
    }
    if (over && !told && slot->dropped + slot->memory_dropped > 0)
        chunk_take_end(&drain->chunker, thread_of(drain, index), index);
    if (over)
        slot_free(drain, index);
    else
        slot_take_part(drain, index);
}

/* The owner has ended: serve it. */
static bool slot_serve_ended(struct drain *drain, uint32_t index)
{
    if (__atomic_load_n(&drain->region->slots[index].state, __ATOMIC_ACQUIRE) != SLOT_ENDED)
        return false;
    slot_flush(drain, index, false);
    return true;
}

/* Quarters of a ring that are closed. */
static uint32_t slot_quarters(const struct region *region, uint32_t index, uint32_t nr_closed)
{
    return 4 * nr_closed / segments_of(region_ring_bytes(region, index));
}

/* The owner lives and has closed a segment: a job. */
static bool slot_find_job(struct drain *drain, uint32_t index, struct job *job, uint32_t *quarters)
{
    struct region_slot *slot = &drain->region->slots[index];
    if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != SLOT_LIVE)
        return false;
    uint32_t closed = slot_nr_closed(drain->region, index);
    if (slot_next(slot) >= closed)
        return false;
    uint32_t full = slot_quarters(drain->region, index, closed - slot_next(slot));
    *quarters = full > *quarters ? full : *quarters;
    *job = (struct job){.slot = index, .end = closed, .thread = thread_of(drain, index)};
    return true;
}

/*
 * How long the next nap is, by what the last one has led to: each look costs a program that shares the processor tens
 * of microseconds, and a ring that is full costs more. `quarters`: of the fullest ring.
 */
static void nap_adjust(struct drain *drain, uint32_t quarters)
{
    if (!drain->has_napped)
        return;
    drain->has_napped = false;
    if (quarters >= 3)
        drain->nap_ns = drain->nap_ns / 2 > NAP_LEAST_NS ? drain->nap_ns / 2 : NAP_LEAST_NS;
    else if (quarters < 2)
        drain->nap_ns =
            drain->nap_ns + drain->nap_ns / 4 < NAP_MOST_NS ? drain->nap_ns + drain->nap_ns / 4 : NAP_MOST_NS;
}

/* Where others wait, no job takes more than a segment: its ring's owner can go on after that. */
static void jobs_shorten(const struct drain *drain, struct job *jobs, uint32_t nr)
{
    for (uint32_t i = 0; nr > 1 && i < nr; i++)
        jobs[i].end = slot_next(&drain->region->slots[jobs[i].slot]) + 1;
}

/* A turn: of each ring one chunk, so that none waits for long. Returns true when something was taken. */
static bool slots_serve(struct drain *drain)
{
    bool busy = false;
    uint32_t nr_jobs = 0;
    uint32_t quarters = 0;
    uint32_t nr = region_nr_slots(drain->region);
    for (uint32_t i = 0; i < nr; i++) {
        busy |= slot_serve_ended(drain, i);
        nr_jobs += slot_find_job(drain, i, &drain->jobs[nr_jobs], &quarters);
    }
    nap_adjust(drain, quarters);
    jobs_shorten(drain, drain->jobs, nr_jobs);
    workers_take(drain->workers, &drain->chunker, drain->jobs, nr_jobs);
    for (uint32_t i = 0; i < nr_jobs; i++)
        slot_wake(&drain->region->slots[drain->jobs[i].slot]);
    return busy || nr_jobs > 0;
}

/* ---- Processes ---------------------------------------------------------------------------------------- */

static void process_flush(struct drain *drain, uint32_t index, bool dead)
{
    uint32_t nr = region_nr_slots(drain->region);
    for (uint32_t i = 0; i < nr; i++) {
        const struct region_slot *slot = &drain->region->slots[i];
        uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
        uint32_t owner = (state & SLOT_STATE_MASK) == SLOT_CLAIMED ? state >> SLOT_STATE_BITS : region_process_of(slot);
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
    process->pid = 0;
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
    uint32_t nr = region_nr_slots(region);
    for (uint32_t i = 0; i < nr; i++) {
        const struct region_slot *slot = &region->slots[i];
        if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == SLOT_LIVE && slot->late &&
            sys_kill_thread((int)region->processes[region_process_of(slot)].pid, (int)slot->tid) == -ESRCH)
            slot_flush(drain, i, true);
    }
}

/* `polled`: what the process's pidfd says is known. */
static bool process_is_gone(const struct drain *drain, uint32_t index, bool polled)
{
    const struct region_process *process = &drain->region->processes[index];
    if ((__atomic_load_n(&process->origin, __ATOMIC_ACQUIRE) & PROCESS_REPLACED) != 0)
        return true;
    int pidfd = drain->processes[index].pidfd;
    if (pidfd >= 0 && polled)
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
    uint32_t nr = region_nr_processes(drain->region);
    for (uint32_t i = 0; i < nr; i++) {
        drain->polls[i].fd = drain->processes[i].serial != 0 ? drain->processes[i].pidfd : -1;
        drain->polls[i].events = POLLIN;
        drain->polls[i].revents = 0;
    }
    bool polled = sys_poll(drain->polls, nr, &now) >= 0;
    for (uint32_t i = 0; i < nr; i++) {
        if (drain->processes[i].serial == 0)
            continue;
        if (process_is_gone(drain, i, polled))
            process_end(drain, i);
    }
}

/* Never behind an END: who waited for that may be reading the file. */
static bool drain_calibrate(struct drain *drain)
{
    if (drain->calibrate == NULL || drain->sink.end_offset != UINT64_MAX)
        return false;
    if (!drain->calibrate(drain))
        drain->calibrate = NULL;
    return drain->calibrate != NULL;
}

/* Write what there is of all processes. */
static void processes_flush(struct drain *drain)
{
    for (uint32_t i = 0; i < region_nr_processes(drain->region); i++) {
        if (drain->processes[i].serial != 0)
            process_flush(drain, i, false);
    }
}

/* Somebody wants to read the trace up to here. */
static void drain_flush(struct drain *drain)
{
    uint32_t flushes = __atomic_load_n(&drain->region->flushes, __ATOMIC_ACQUIRE);
    if (flushes != drain->flushes_seen)
        processes_flush(drain);
    drain->flushes_seen = flushes;
}

/* Take what processes have left whose entry in the table is no more what it was. */
static void slots_flush_rest(struct drain *drain)
{
    for (uint32_t i = 0; i < region_nr_slots(drain->region); i++) {
        if (__atomic_load_n(&drain->region->slots[i].state, __ATOMIC_ACQUIRE) != SLOT_FREE)
            slot_flush(drain, i, true);
    }
}

/* A process is at its end and asks for its events to be in the file: write an END for now; more may follow. */
static void processes_finish(struct drain *drain)
{
    for (uint32_t i = 0; i < region_nr_processes(drain->region); i++) {
        struct region_process *process = &drain->region->processes[i];
        if (drain->processes[i].serial == 0 || __atomic_load_n(&process->finish, __ATOMIC_ACQUIRE) != FINISH_ASKED)
            continue;
        processes_flush(drain);
        while (drain->sink.nr_events >= CALIBRATE_EVENTS && drain_calibrate(drain)) {
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

/*
 * Nothing to do. While programs record, the drain looks at their rings from time to time by itself: waking it up at the
 * end of each segment would cost them more than all hooks of the segment together do on some virtual machines.
 */
static void drain_sleep(struct drain *drain, uint32_t doorbell)
{
    struct region *region = drain->region;
    uint64_t now = clock_monotonic_ns();
    bool finishing = now - drain->finish_ns < FINISH_LINGER_NS;
    bool napping = now - drain->busy_ns < NAPPING_NS;
    const struct timespec timeout = {0, napping ? drain->nap_ns : finishing ? FINISH_NS : SLEEP_NS};
    drain->has_napped = napping;
    __atomic_store_n(&region->drain_asleep, !napping, __ATOMIC_SEQ_CST);
    sys_futex(&region->doorbell, FUTEX_WAIT, doorbell, &timeout);
    __atomic_store_n(&region->drain_asleep, 0, __ATOMIC_SEQ_CST);
}

static void drain_idle(struct drain *drain, uint32_t doorbell)
{
    if (clock_monotonic_ns() - drain->start_ns > CALIBRATE_AFTER_NS)
        drain_calibrate(drain);
    drain_sleep(drain, doorbell);
}

/*
 * A process is in the session, or is joining it. One that was killed while it joined may have raised nr_live, which
 * nobody lowers. One without a serial has overwritten it.
 */
static bool anybody_lives(const struct drain *drain)
{
    for (uint32_t i = 0; i < region_nr_processes(drain->region); i++) {
        const struct region_process *process = &drain->region->processes[i];
        uint32_t state = __atomic_load_n(&process->state, __ATOMIC_SEQ_CST);
        int pid = (int)__atomic_load_n(&process->pid, __ATOMIC_SEQ_CST);
        if (state == PROCESS_LIVE && process->serial != 0)
            return true;
        if ((state == PROCESS_LIVE || state == PROCESS_CLAIMED) && pid > 0 && sys_kill_thread(pid, pid) != -ESRCH)
            return true;
    }
    return false;
}

/* True when no process is left, and none that was forked can still come; then the session is closed to others. */
static bool drain_is_done(struct drain *drain, uint64_t *alone_since_ns)
{
    struct region *region = drain->region;
    uint64_t now = clock_monotonic_ns();
    uint32_t nr_live = __atomic_load_n(&region->nr_live, __ATOMIC_SEQ_CST);
    if (nr_live != 0 && anybody_lives(drain)) {
        *alone_since_ns = 0;
        return false;
    }
    if (*alone_since_ns == 0)
        *alone_since_ns = now;
    if (__atomic_load_n(&region->forks, __ATOMIC_SEQ_CST) != 0 && now - *alone_since_ns <= FORK_GRACE_NS)
        return false;
    return __atomic_compare_exchange_n(&region->nr_live, &nr_live, REGION_CLOSED, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

void drain_run(struct drain *drain)
{
    uint64_t alone_since_ns = 0;
    drain->start_ns = clock_monotonic_ns();
    for (;;) {
        uint32_t doorbell = __atomic_load_n(&drain->region->doorbell, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&drain->region->next_process, __ATOMIC_ACQUIRE) != drain->processes_seen)
            processes_join(drain);
        __atomic_fetch_add(&drain->region->drain_beats, 1, __ATOMIC_RELAXED);
        bool busy = slots_serve(drain);
        drain_flush(drain);
        processes_finish(drain);
        drain_publish_failure(drain);
        if (!busy || clock_monotonic_ns() - drain->looked_ns > SLEEP_NS) {
            processes_reap(drain);
            if (drain_is_done(drain, &alone_since_ns))
                break;
        }
        if (busy)
            drain->busy_ns = clock_monotonic_ns();
        else
            drain_idle(drain, doorbell);
    }
    slots_flush_rest(drain);
    if (drain->sink.end_offset == UINT64_MAX)
        facts_write_end(&drain->sink, drain->region, TF_FAILURE_NONE, drain->resumed);
    sys_unlinkat(AT_FDCWD, drain->region_path);
}

int drain_allocate(struct drain *drain, struct region *region, const char *region_path)
{
    memset(drain, 0, sizeof *drain);
    drain->region = region;
    drain->region_path = region_path;
    drain->nap_ns = NAP_FIRST_NS;
    drain->threads = memory_map(REGION_NR_SLOTS * sizeof *drain->threads);
    drain->processes = memory_map(REGION_NR_PROCESSES * sizeof *drain->processes);
    drain->polls = memory_map(REGION_NR_PROCESSES * sizeof *drain->polls);
    drain->jobs = memory_map(REGION_NR_SLOTS * sizeof *drain->jobs);
    if (drain->jobs == NULL || drain->threads == NULL || drain->processes == NULL || drain->polls == NULL ||
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
