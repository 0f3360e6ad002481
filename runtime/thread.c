#include "thread.h"

#include "modules.h"
#include "session.h"
#include "sys.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

__thread struct tracert__thread *tracert__self;

static __thread uint8_t thread_farewells; /* how often our key's destructor has run */
static __thread uint8_t thread_poked;     /* this thread has called dlopen since it was here last */
static __thread uint8_t thread_refused;   /* there was no ring for this thread */

enum { WAIT_NS = 50 * 1000 * 1000 };

/* ---- Slots ------------------------------------------------------------------------------------ */

static int slot_try_claim(struct region_slot *slot)
{
    uint32_t expected = SLOT_FREE;
    uint32_t claimed = SLOT_CLAIMED | tracert__session.process << SLOT_STATE_BITS;
    return __atomic_load_n(&slot->state, __ATOMIC_RELAXED) == SLOT_FREE &&
           __atomic_compare_exchange_n(&slot->state, &expected, claimed, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void slots_used_raise(struct region *region, uint32_t nr)
{
    uint32_t used = __atomic_load_n(&region->nr_slots_used, __ATOMIC_RELAXED);
    while (used < nr &&
           !__atomic_compare_exchange_n(&region->nr_slots_used, &used, nr, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
}

/* Have the table's entry `index` backed by memory. 0, or -errno. */
static int slot_reserve(uint32_t index)
{
    struct region *region = tracert__session.region;
    uint32_t reserved = __atomic_load_n(&region->nr_slots_reserved, __ATOMIC_ACQUIRE);
    if (index < reserved)
        return 0;
    int result = region_reserve(region, tracert__session.region_path, &region->slots[reserved],
                                REGION_SLOTS_STEP * sizeof *region->slots);
    if (result == 0) /* whoever else did the same at the same time reserved the same pages */
        __atomic_compare_exchange_n(&region->nr_slots_reserved, &reserved, reserved + REGION_SLOTS_STEP, 0,
                                    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    return result;
}

/* A free slot from `first` on whose ring could be reserved; UINT32_MAX: none. */
static uint32_t slot_claim_from(uint32_t first, uint32_t end)
{
    struct session *session = &tracert__session;
    struct region *region = session->region;
    for (uint32_t i = first; i < end; i++) {
        struct region_slot *slot = &region->slots[i];
        if (slot_reserve(i) != 0)
            return UINT32_MAX;
        if (!slot_try_claim(slot))
            continue;
        if (slot->reserved_for == session->serial)
            return i;
        if (region_reserve(region, session->region_path, region_ring(region, i), region_ring_bytes(region, i)) == 0) {
            slot->reserved_for = session->serial;
            return i;
        }
        __atomic_store_n(&slot->state, SLOT_FREE, __ATOMIC_RELEASE);
        return UINT32_MAX; /* no memory for a ring of this size: the next one has none either */
    }
    return UINT32_MAX;
}

static uint32_t slot_claim(void)
{
    uint32_t index = slot_claim_from(0, REGION_NR_BIG);
    return index != UINT32_MAX ? index : slot_claim_from(REGION_NR_BIG, REGION_NR_SLOTS);
}

/* ---- Room in the ring --------------------------------------------------------------------------- */

static uint64_t room_refresh(struct tracert__thread *thread)
{
    thread->room = __atomic_load_n(&thread->slot->read_at, __ATOMIC_ACQUIRE) + thread->mask + 1;
    return thread->room;
}

/* Let the hooks run freely up to the end of the chunk that `at` lies in, or of the room. */
static void limit_set(struct tracert__thread *thread, uint64_t at)
{
    uint64_t chunk = region_chunk_bytes((uint32_t)(thread->mask + 1));
    uint64_t boundary = (at | (chunk - 1)) + 1;
    if (tracert__session.clock == TF_CLOCK_MONOTONIC)
        thread->limit = 0; /* the hooks cannot read that clock: all events come through here */
    else
        thread->limit = boundary < thread->room ? boundary : thread->room;
}

/* Wait until `end` fits. 0, or -1 when the drain is gone. */
static int room_wait(struct tracert__thread *thread, uint64_t end)
{
    struct region *region = tracert__session.region;
    struct region_slot *slot = thread->slot;
    const struct timespec timeout = {0, WAIT_NS};
    int result = 0;
    while (end > room_refresh(thread)) {
        if (region_drain_is_dead(region)) {
            result = -1;
            break;
        }
        uint32_t seen = __atomic_load_n(&slot->space, __ATOMIC_SEQ_CST);
        __atomic_store_n(&slot->waiting, 1, __ATOMIC_SEQ_CST);
        region_ring_bell(region);
        if (end <= room_refresh(thread))
            break;
        sys_futex(&slot->space, FUTEX_WAIT, seen, &timeout);
    }
    __atomic_store_n(&slot->waiting, 0, __ATOMIC_SEQ_CST);
    return result;
}

/* Count `calls` hook calls as dropped and give the claimed bytes back. */
static void room_drop(struct tracert__thread *thread, uint64_t bytes, uint64_t calls)
{
    ring_claim(thread, 0 - bytes);
    if (calls == 0)
        return;
    if (thread->dropped == 0)
        thread->dropped_since = clock_now(tracert__session.clock);
    thread->dropped += calls;
    __atomic_store_n(&thread->slot->dropped, thread->slot->dropped + calls, __ATOMIC_RELAXED);
}

enum admission { ADMIT_NOW, ADMIT_AFTER_WAIT, ADMIT_NEVER };

/* May [at, at + bytes) be filled? Waits when that is the policy. */
static enum admission room_admit(struct tracert__thread *thread, uint64_t at, uint64_t bytes, uint64_t *stalled_ticks)
{
    uint64_t end = at + bytes;
    uint64_t chunk = region_chunk_bytes((uint32_t)(thread->mask + 1));
    if (end <= thread->room || end <= room_refresh(thread)) {
        if ((((at - 1) ^ (end - 1)) & ~(chunk - 1)) != 0) /* it begins or enters a chunk: the one before is complete */
            region_ring_bell(tracert__session.region);
        if (tracert__session.full == TF_FULL_DROP)
            __atomic_store_n(&thread->slot->waiting, 0, __ATOMIC_RELAXED);
        limit_set(thread, at);
        return ADMIT_NOW;
    }
    if (tracert__session.full == TF_FULL_DROP) {
        __atomic_store_n(&thread->slot->waiting, 1, __ATOMIC_SEQ_CST);
        region_ring_bell(tracert__session.region);
        return ADMIT_NEVER;
    }
    uint64_t since = clock_now(tracert__session.clock);
    if (room_wait(thread, end) != 0)
        return ADMIT_NEVER;
    *stalled_ticks = clock_now(tracert__session.clock) - since;
    limit_set(thread, at);
    return ADMIT_AFTER_WAIT;
}

/* ---- Recording off the fast path ------------------------------------------------------------------ */

static void note_store(struct tracert__thread *thread, uint64_t at, enum ring_note note, uint64_t frame,
                       uint64_t number, const void *data, uint32_t bytes)
{
    uint64_t now = clock_now(tracert__session.clock);
    ring_store(ring_slot(thread, at), at, now, ring_note_word(note, bytes), number, frame | RING_NOTE);
    for (uint32_t done = 0; done < bytes; done += RING_DATA_BYTES) {
        uint64_t words[3] = {0, 0, 0};
        uint32_t rest = bytes - done;
        memcpy(words, (const uint8_t *)data + done, rest < RING_DATA_BYTES ? rest : RING_DATA_BYTES);
        at += RING_SLOT_BYTES;
        ring_store(ring_slot(thread, at), at, words[0], words[1], words[2], RING_DATA);
    }
}

/* Claim room for a note and write it. UINT64_MAX when it had to be dropped. */
static uint64_t thread_note(struct tracert__thread *thread, enum ring_note note, uint64_t frame, uint64_t number,
                            const void *data, uint32_t data_bytes)
{
    uint64_t bytes = RING_SLOT_BYTES * (1u + (data_bytes + RING_DATA_BYTES - 1u) / RING_DATA_BYTES);
    uint64_t stalled_ticks = 0;
    uint64_t at = ring_claim(thread, bytes);
    if (at + bytes > thread->limit && room_admit(thread, at, bytes, &stalled_ticks) == ADMIT_NEVER) {
        room_drop(thread, bytes, 0);
        return UINT64_MAX;
    }
    note_store(thread, at, note, frame, number, data, data_bytes);
    if (stalled_ticks > 0)
        thread_note(thread, NOTE_STALL, 0, stalled_ticks, NULL, 0);
    return at;
}

/* A dropped stretch has ended: say so. */
static void thread_note_dropped(struct tracert__thread *thread)
{
    uint64_t calls = thread->dropped;
    thread->dropped = 0;
    if (thread_note(thread, NOTE_DROPPED, 0, calls, &thread->dropped_since, sizeof thread->dropped_since) == UINT64_MAX)
        thread->dropped += calls;
}

void tracert__record_at_limit(uint64_t at, uint64_t frame_and_kind, uint64_t function, uint64_t site)
{
    int error = errno;
    struct tracert__thread *thread = tracert__self;
    if (thread->slot == NULL) { /* wiped: this is a forked child */
        tracert__self = NULL;
        tracert__record_unattached(frame_and_kind, function, site);
        errno = error;
        return;
    }
    uint64_t stalled_ticks = 0;
    switch (room_admit(thread, at, RING_SLOT_BYTES, &stalled_ticks)) {
    case ADMIT_NEVER:
        room_drop(thread, RING_SLOT_BYTES, 1);
        break;
    case ADMIT_AFTER_WAIT: /* the wait comes before the event, so it takes the event's slot */
        note_store(thread, at, NOTE_STALL, 0, stalled_ticks, NULL, 0);
        tracert__record_unattached(frame_and_kind, function, site);
        break;
    case ADMIT_NOW:
        ring_store(ring_slot(thread, at), at, clock_now(tracert__session.clock), function, site, frame_and_kind);
        if (thread->dropped > 0)
            thread_note_dropped(thread);
        if (thread->limit != 0 ||
            thread_poked) /* once a chunk; with a clock that hooks cannot read they all come here */
            tracert__modules_look(thread_poked);
        thread_poked = 0;
        break;
    }
    errno = error;
}

/* ---- Birth and death -------------------------------------------------------------------------------- */

static void thread_start(uint32_t index)
{
    struct session *session = &tracert__session;
    struct region_slot *slot = &session->region->slots[index];
    struct tracert__thread *thread = &session->threads[index];
    uint64_t at = slot->read_at;
    slot->process = session->process;
    slot->tid = (uint32_t)sys_gettid();
    slot->generation++;
    slot->start_ticks = clock_now(session->clock);
    slot->first_at = slot->final_at = at;
    slot->dropped = 0;
    slot->fork_slot = session->fork_slot;
    slot->fork_generation = session->fork_generation;
    slot->fork_at = session->fork_at;
    session->fork_slot = 0;
    slot->late = thread_farewells > 0 || !session->has_key;
    memset(thread, 0, sizeof *thread);
    thread->at = at;
    thread->ring = region_ring(session->region, index);
    thread->mask = region_ring_bytes(session->region, index) - 1;
    thread->slot = slot;
    room_refresh(thread);
    limit_set(thread, at);
    slots_used_raise(session->region, index + 1);
    __atomic_store_n(&slot->state, SLOT_LIVE, __ATOMIC_RELEASE);
    tracert__self = thread;
}

/* Give the calling thread a ring. Signals are blocked, so that a handler cannot find it half made. */
static struct tracert__thread *thread_attach(void)
{
    uint64_t all = ~0ull;
    uint64_t old;
    sys_sigprocmask(SIG_BLOCK, &all, &old);
    tracert__session_follow_fork();
    if (tracert__self == NULL && !thread_refused && !tracert__session.refused) {
        uint32_t index = slot_claim();
        if (index == UINT32_MAX) {
            thread_refused = 1;
        } else {
            thread_start(index);
            if (thread_farewells == 0 && tracert__session.has_key)
                pthread_setspecific(tracert__session.key, tracert__self);
        }
    }
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
    return tracert__self;
}

/* The calling thread's ring, made if need be; NULL when nothing is recorded. */
static struct tracert__thread *thread_get(void)
{
    if (tracert__self != NULL && tracert__self->slot != NULL)
        return tracert__self;
    if (!tracert__session_is_on())
        return NULL;
    tracert__self = NULL;
    return thread_attach();
}

void tracert__record_unattached(uint64_t frame_and_kind, uint64_t function, uint64_t site)
{
    if (__builtin_expect(tracert__session_is_off(), 1))
        return;
    int error = errno;
    struct tracert__thread *thread = thread_get();
    if (thread == NULL) {
        tracert__session_count_lost();
    } else {
        uint64_t at = ring_claim(thread, RING_SLOT_BYTES);
        if (at < thread->limit)
            ring_store(ring_slot(thread, at), at, clock_now(tracert__session.clock), function, site, frame_and_kind);
        else
            tracert__record_at_limit(at, frame_and_kind, function, site);
    }
    errno = error;
}

uint64_t tracert__note(enum ring_note note, uint64_t frame, uint64_t number, const void *data, uint32_t bytes)
{
    int error = errno;
    struct tracert__thread *thread = thread_get();
    uint64_t at = UINT64_MAX;
    if (thread != NULL && bytes <= RING_NOTE_DATA_MAX)
        at = thread_note(thread, note, frame, number, data, bytes);
    errno = error;
    return at;
}

void tracert__thread_poke(void)
{
    struct tracert__thread *thread = tracert__self;
    thread_poked = 1;
    if (thread != NULL)
        thread->limit = 0;
}

/*
 * Other destructors of the thread may still call instrumented functions, so the ring is kept until the last round of
 * destructors that the system promises; what comes even later gets a ring anew, which the drain takes back when it sees
 * that the thread is gone.
 */
void tracert__thread_farewell(void *value)
{
    struct tracert__thread *thread = value;
    if (thread != tracert__self || thread->slot == NULL)
        return;
    if (++thread_farewells < PTHREAD_DESTRUCTOR_ITERATIONS && pthread_setspecific(tracert__session.key, thread) == 0)
        return;
    tracert__self = NULL;
    thread->slot->final_at = thread->at;
    __atomic_store_n(&thread->slot->state, SLOT_ENDED, __ATOMIC_RELEASE);
    region_ring_bell(tracert__session.region);
}

void tracert__thread_forget(void)
{
    tracert__self = NULL;
    thread_refused = 0;
}
