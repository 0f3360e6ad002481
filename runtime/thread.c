#include "thread.h"

#include "heap.h"
#include "lanes.h"
#include "lazy.h"
#include "modules.h"
#include "names.h"
#include "record.h"
#include "session.h"
#include "snapshot.h"
#include "sys.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

__thread struct tracert__thread *tracert__self;
__thread struct tracert__thread *tracert__aside;

static __thread uint8_t thread_farewells; /* how often our key's destructor has run */
static __thread uint8_t thread_poked;     /* this thread has called dlopen since it was here last */
static __thread uint8_t thread_refused;   /* there was no ring for this thread */

enum {
    WAIT_NS = 50 * 1000 * 1000,
    STALE_MIN = 64, /* slots in use, before anybody waits for stale ones */
    STALE_NAP_NS = 500 * 1000,
    STALE_NAPS = 40
};

static void thread_set(struct tracert__thread *thread)
{
    bool calls = thread == NULL || region_records_calls(tracert__session.region);
    tracert__self = calls ? thread : NULL;
    tracert__aside = calls ? NULL : thread;
}

/* ---- Slots ------------------------------------------------------------------------------------ */

static int slot_try_claim(struct region_slot *slot)
{
    uint32_t expected = SLOT_FREE;
    uint32_t claimed = SLOT_CLAIMED | tracert__session.process << SLOT_STATE_BITS;
    return __atomic_load_n(&slot->state, __ATOMIC_RELAXED) == SLOT_FREE &&
           __atomic_compare_exchange_n(&slot->state, &expected, claimed, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
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

/* A free slot from `first` on; UINT32_MAX: none, or no memory for the table. */
static uint32_t slot_claim_from(uint32_t first, uint32_t end)
{
    struct region *region = tracert__session.region;
    for (uint32_t i = first; i < end; i++) {
        if (slot_reserve(i) != 0)
            return UINT32_MAX;
        if (slot_try_claim(&region->slots[i]))
            return i;
    }
    return UINT32_MAX;
}

/* Are many of the slots in use those of threads that have ended, which the drain has yet to free? */
static bool slots_are_stale(void)
{
    struct region *region = tracert__session.region;
    uint32_t nr = region_nr_slots(region);
    uint32_t ended = 0;
    for (uint32_t i = 0; i < nr && nr >= STALE_MIN; i++)
        ended += __atomic_load_n(&region->slots[i].state, __ATOMIC_RELAXED) == SLOT_ENDED;
    return ended > nr / 2;
}

/*
 * The lowest free slot, so that memory is used again. Threads that come and go faster than the drain can see to them
 * wait for it a little: else they would take the memory of thousands.
 */
static uint32_t slot_claim(void)
{
    struct region *region = tracert__session.region;
    const struct timespec nap = {0, STALE_NAP_NS};
    uint32_t nobody = 0;
    int naps = tracert__session.full == TF_FULL_DROP ? 0 : STALE_NAPS;
    for (; naps > 0 && slots_are_stale() && !region_drain_is_dead(region); naps--) {
        uint32_t index = slot_claim_from(0, region_nr_slots(region));
        if (index != UINT32_MAX)
            return index;
        region_call_drain(region);
        sys_futex(&nobody, FUTEX_WAIT, nobody, &nap);
    }
    return slot_claim_from(0, REGION_NR_SLOTS);
}

/* ---- Room in the ring --------------------------------------------------------------------------- */

static bool room_is_free(const struct tracert__thread *thread)
{
    uint32_t read = (uint32_t)(__atomic_load_n(&thread->slot->read_at, __ATOMIC_ACQUIRE) >> 32);
    return thread->slot->nr_opened - read < segments_of(thread->ring_bytes);
}

/* Wait until the drain has freed a segment. 0, or -1 when the drain is gone. */
static int room_wait(struct tracert__thread *thread)
{
    struct region *region = tracert__session.region;
    struct region_slot *slot = thread->slot;
    const struct timespec timeout = {0, WAIT_NS};
    int result = 0;
    while (!room_is_free(thread)) {
        if (region_drain_is_dead(region)) {
            result = -1;
            break;
        }
        uint32_t seen = __atomic_load_n(&slot->space, __ATOMIC_SEQ_CST);
        __atomic_store_n(&slot->waiting, 1, __ATOMIC_SEQ_CST);
        region_call_drain(region);
        if (room_is_free(thread))
            break;
        sys_futex(&slot->space, FUTEX_WAIT, seen, &timeout);
    }
    __atomic_store_n(&slot->waiting, 0, __ATOMIC_SEQ_CST);
    return result;
}

/* ---- Recording off the fast path ------------------------------------------------------------------ */

static uint64_t now(void)
{
    return clock_now(tracert__session.clock);
}

/* What may have to be recorded again after a wait. */
struct event {
    enum { EVENT_ENTER, EVENT_EXIT, EVENT_NOTE, EVENT_REGION_BEGIN, EVENT_REGION_END, EVENT_MEMORY } what;

    uint64_t function, site, sp, hook; /* a region: function is its name */
    bool tail;
    enum note_kind note;
    uint64_t number;
    const void *data;
    uint32_t bytes;
    const struct memory_event *memory;
};

static bool event_is_hook(const struct event *event)
{
    return event->what == EVENT_ENTER || event->what == EVENT_EXIT;
}

/* TRACERT_MEMORY=lazy: what would be a frame is one, and nothing else. */
static enum record event_keep(struct tracert__thread *thread, const struct event *event)
{
    bool done = true;
    if (event->what == EVENT_ENTER)
        done = lazy_enter(thread, event->function, event->site, event->sp, event->hook);
    else if (event->what == EVENT_EXIT)
        lazy_exit(thread, event->function, event->sp, event->tail);
    else if (event->what == EVENT_REGION_BEGIN)
        done = lazy_region_begin(thread, (uint32_t)event->function, event->sp);
    else
        lazy_region_end(thread, event->sp);
    return done ? RECORD_DONE : RECORD_NO_MEMORY;
}

static bool event_is_frame(const struct event *event)
{
    return event_is_hook(event) || event->what == EVENT_REGION_BEGIN || event->what == EVENT_REGION_END;
}

static enum record event_record(struct tracert__thread *thread, const struct event *event)
{
    if (tracert__session.memory == TF_MEMORY_LAZY && event_is_frame(event))
        return event_keep(thread, event);
    switch (event->what) {
    case EVENT_ENTER:
        return record_enter(thread, event->function, event->site, event->sp, event->hook, now());
    case EVENT_EXIT:
        return record_exit(thread, event->function, event->sp, event->tail, now());
    case EVENT_REGION_BEGIN:
        return record_region_begin(thread, (uint32_t)event->function, event->sp, now());
    case EVENT_REGION_END:
        return record_region_end(thread, event->sp, now());
    case EVENT_MEMORY:
        return record_memory(thread, event->memory, now());
    case EVENT_NOTE:
        break;
    }
    return record_note(thread, event->note, event->number, event->data, event->bytes, now());
}

static void drop_count(struct tracert__thread *thread, const struct event *event)
{
    if (event->what == EVENT_MEMORY)
        __atomic_store_n(&thread->slot->memory_dropped, thread->slot->memory_dropped + 1, __ATOMIC_RELAXED);
    if (!event_is_hook(event))
        return;
    if (thread->dropped == 0)
        thread->dropped_since = now();
    thread->dropped++;
    __atomic_store_n(&thread->slot->dropped, thread->slot->dropped + 1, __ATOMIC_RELAXED);
}

/* A dropped stretch has ended, if there is room again: say so. */
static void drop_note(struct tracert__thread *thread)
{
    uint64_t calls = thread->dropped;
    if (calls == 0)
        return;
    thread->dropped = 0;
    if (record_note(thread, NOTE_DROPPED, calls, &thread->dropped_since, sizeof thread->dropped_since, now()) !=
        RECORD_DONE)
        thread->dropped += calls;
}

/* The ring is full: wait for room, which is recorded, too. False: the event is to be dropped. */
static bool event_wait(struct tracert__thread *thread)
{
    if (tracert__session.full == TF_FULL_DROP) {
        region_ring_bell(tracert__session.region);
        return false;
    }
    uint64_t since = now();
    if (room_wait(thread) != 0)
        return false;
    uint64_t ticks = now();
    record_note(thread, NOTE_STALL, ticks - since, NULL, 0, ticks);
    return true;
}

/* Once a segment, or when this thread has called dlopen: are other modules loaded? */
static void thread_look_around(struct tracert__thread *thread, uint32_t segment)
{
    bool certainly = thread_poked != 0;
    if (!certainly && thread->slot->nr_opened == segment)
        return;
    thread_poked = 0;
    record_let_run(thread);
    tracert__modules_look(certainly);
}

/* The same by an event of memory: between calls of the allocator, unless it is a pool's, in the middle of anything. */
static void memory_look_around(const struct memory_event *memory)
{
    tracert__modules_look(false);
    bool is_pools = memory->symbol == TF_SYM_ALLOC
                        ? (memory->operands[1] & ((1u << OPERAND_API_BITS) - 1)) == TF_API_POOL
                        : memory->symbol != TF_SYM_FREE && memory->symbol != TF_SYM_REALLOC;
    if (!is_pools)
        tracert__heap_look(false);
}

static void thread_record(struct tracert__thread *thread, const struct event *event)
{
    uint32_t segment = thread->slot->nr_opened;
    enum record result;
    drop_note(thread);
    do {
        result = event_record(thread, event);
    } while (result == RECORD_FULL && event_wait(thread));
    if (result != RECORD_DONE)
        drop_count(thread, event);
    else if (event_is_hook(event))
        thread_look_around(thread, segment);
    else if (event->what == EVENT_MEMORY && thread->slot->nr_opened != segment)
        memory_look_around(event->memory);
    if (thread->slot->nr_opened != segment)
        tracert__snapshot_look();
}

/* ---- Birth and death -------------------------------------------------------------------------------- */

/* False: no memory; the slot is free again. */
static bool thread_start(uint32_t index)
{
    struct session *session = &tracert__session;
    struct region_slot *slot = &session->region->slots[index];
    struct tracert__thread *thread = &session->threads[index];
    bool inherits = session->fork_depth > 0;
    if (record_prepare(thread, session->region, session->region_path, index) != 0 ||
        (inherits && record_inherit(thread, session->fork_frames, session->fork_depth) != 0)) {
        __atomic_store_n(&slot->state, SLOT_FREE, __ATOMIC_RELEASE);
        return false;
    }
    session->fork_depth = 0;
    slot->process = session->process;
    slot->tid = (uint32_t)sys_gettid();
    slot->generation++;
    slot->start_ticks = now();
    slot->dropped = slot->memory_dropped = 0;
    slot->late = thread_farewells > 0 || !session->has_key;
    region_raise(&session->region->nr_slots_used, index + 1);
    __atomic_store_n(&slot->state, SLOT_LIVE, __ATOMIC_RELEASE);
    thread_set(thread);
    return true;
}

/* Give the calling thread a ring. Signals are blocked, so that a handler cannot find it half made. */
static struct tracert__thread *thread_attach(void)
{
    uint64_t all = ~0ull;
    uint64_t old;
    sys_sigprocmask(SIG_BLOCK, &all, &old);
    tracert__session_follow_fork();
    if (thread_current() == NULL && !thread_refused && !tracert__session.refused) {
        uint32_t index = slot_claim();
        if (index == UINT32_MAX || !thread_start(index))
            thread_refused = 1;
        else if (thread_farewells == 0 && tracert__session.has_key)
            pthread_setspecific(tracert__session.key, thread_current());
    }
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
    return thread_current();
}

struct tracert__thread *tracert__thread_another(void)
{
    struct tracert__thread *own = thread_current();
    struct tracert__thread *another = NULL;
    uint64_t all = ~0ull;
    uint64_t old;
    sys_sigprocmask(SIG_BLOCK, &all, &old);
    uint32_t index = slot_claim();
    if (index != UINT32_MAX && thread_start(index)) {
        another = thread_current();
        another->slot->late = false; /* it may outlive this thread */
    }
    thread_set(own);
    sys_sigprocmask(SIG_SETMASK, &old, NULL);
    return another;
}

void tracert__thread_use(struct tracert__thread *thread)
{
    thread_refused = thread == NULL;
    thread_set(thread);
}

static bool thread_has_ring(void)
{
    return thread_current() != NULL && thread_current()->slot != NULL;
}

/* The calling thread's ring, made if need be; NULL when nothing is recorded. */
static struct tracert__thread *thread_get(void)
{
    if (thread_has_ring())
        return thread_current();
    if (!tracert__session_is_on())
        return NULL;
    if (thread_has_ring()) /* it has started the session */
        return thread_current();
    thread_set(NULL);
    return thread_attach();
}

struct tracert__thread *tracert__thread_own(void)
{
    return thread_get();
}

/* There is no ring for it. */
static void event_count_lost(const struct event *event)
{
    if (event_is_hook(event))
        tracert__session_count_lost();
    else if (event->what == EVENT_MEMORY && tracert__session_is_on())
        __atomic_fetch_add(&tracert__session.region->memory_no_ring, 1, __ATOMIC_RELAXED);
}

/* Of what is not to be recorded in this session. */
static bool event_is_unwanted(const struct event *event)
{
    enum tf_memory memory = tracert__session.memory;
    if (event_is_hook(event))
        return memory == TF_MEMORY_EVENTS || memory == TF_MEMORY_FP;
    return event->what == EVENT_MEMORY && memory == TF_MEMORY_OFF;
}

/* Everything comes through here that the hooks' fast path does not take. */
static void thread_take(const struct event *event)
{
    if (__builtin_expect(tracert__session_is_off(), 1))
        return;
    int error = errno;
    struct tracert__thread *thread = thread_get();
    if (event_is_unwanted(event))
        ;
    else if (thread != NULL)
        thread_record(thread, event);
    else
        event_count_lost(event);
    errno = error;
}

/*
 * A coroutine's stack was left by a way that nobody saw (lanes.h), and this is the thread's own; unless it is a signal
 * handler's.
 */
static void thread_mind_stack(uint64_t sp)
{
    const struct tracert__thread *thread = tracert__self;
    stack_t alternate = {.ss_flags = 0};
    if (thread != NULL && thread->stack_bytes != 0 && sp - thread->stack_low > thread->stack_bytes &&
        (sys_sigaltstack(&alternate) != 0 || (alternate.ss_flags & SS_ONSTACK) == 0))
        tracert__lane_return();
}

void tracert__enter(uint64_t function, uint64_t site, uint64_t sp, uint64_t hook)
{
    thread_mind_stack(sp);
    const struct event event = {.what = EVENT_ENTER, .function = function, .site = site, .sp = sp, .hook = hook};
    thread_take(&event);
}

void tracert__exit(uint64_t function, uint64_t sp, bool tail)
{
    thread_mind_stack(sp);
    const struct event event = {.what = EVENT_EXIT, .function = function, .sp = sp, .tail = tail};
    thread_take(&event);
}

void tracert__note(enum note_kind kind, uint64_t number, const void *data, uint32_t bytes)
{
    const struct event event = {.what = EVENT_NOTE, .note = kind, .number = number, .data = data, .bytes = bytes};
    if (bytes <= NOTE_DATA_MAX)
        thread_take(&event);
}

void tracert__memory(const struct memory_event *memory)
{
    const struct event event = {.what = EVENT_MEMORY, .memory = memory};
    thread_take(&event);
}

void tracert__region_begin(uint64_t sp, const char *name, uint32_t bytes)
{
    struct session *session = &tracert__session;
    if (!tracert__session_is_on() || session->refused)
        return;
    const struct event event = {.what = EVENT_REGION_BEGIN,
                                .function = names_intern(session->region, session->region_path, name, bytes),
                                .sp = sp};
    if (event.function != 0)
        thread_take(&event);
}

void tracert__region_end(uint64_t sp)
{
    const struct event event = {.what = EVENT_REGION_END, .sp = sp};
    thread_take(&event);
}

void tracert__thread_poke(void)
{
    struct tracert__thread *thread = thread_current();
    thread_poked = 1;
    if (thread != NULL) {
        thread->limit = thread->fenced_limit = 0;
        thread->end_open = NULL;
    }
}

void tracert__thread_end_chunk(bool gone)
{
    struct tracert__thread *thread = thread_current();
    if (thread != NULL && thread->slot != NULL && (gone || record_has_calls(thread)))
        record_close(thread);
}

void tracert__thread_attach(void)
{
    thread_attach();
}

void tracert__thread_detach(void)
{
    if (tracert__session.has_key)
        pthread_setspecific(tracert__session.key, NULL);
    thread_set(NULL);
}

/*
 * Other destructors of the thread may still call instrumented functions, so the ring is kept until the last round of
 * destructors that the system promises; what comes even later gets a ring anew, which the drain takes back when it sees
 * that the thread is gone.
 */
void tracert__thread_farewell(void *value)
{
    struct tracert__thread *thread = value;
    tracert__lane_return();
    if (thread != thread_current() || thread->slot == NULL)
        return;
    if (++thread_farewells < PTHREAD_DESTRUCTOR_ITERATIONS && pthread_setspecific(tracert__session.key, thread) == 0)
        return;
    thread_set(NULL);
    tracert__thread_release(thread);
}

void tracert__thread_release(struct tracert__thread *thread)
{
    while (record_unwind(thread, 0, now()) == RECORD_FULL && event_wait(thread)) {
        /* pthread_exit, cancellation: the frames have been left */
    }
    record_close(thread);
    __atomic_store_n(&thread->slot->state, SLOT_ENDED, __ATOMIC_RELEASE);
    region_ring_bell(tracert__session.region);
}

void tracert__thread_forget(void)
{
    thread_set(NULL);
    thread_refused = 0;
    thread_poked = 0;
    tracert__lanes_forget();
}
