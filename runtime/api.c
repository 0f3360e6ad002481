#include "tracert/tracert.h"

#include "bytes.h"
#include "lanes.h"
#include "names.h"
#include "session.h"
#include "snapshot.h"
#include "thread.h"

#include <errno.h>
#include <stddef.h>

static uint32_t name_bytes(const char *name)
{
    return name == NULL ? 0 : (uint32_t)text_length(name, NAME_BYTES_MAX);
}

void tracert_region_begin(const char *name)
{
    tracert__region_begin(FRAME_ADDRESS(), name, name_bytes(name));
}

void tracert_region_end(void)
{
    tracert__region_end(FRAME_ADDRESS());
}

void tracert_mark(const char *name)
{
    tracert__note(NOTE_MARK, 0, name, name_bytes(name));
}

void tracert_counter(const char *name, int64_t value)
{
    tracert__note(NOTE_COUNTER, (uint64_t)value, name, name_bytes(name));
}

void tracert_thread_name(const char *name)
{
    tracert__note(NOTE_THREAD_NAME, 0, name, name_bytes(name));
}

void tracert_stack_switch(const void *stack)
{
    tracert__lane_switch(stack);
}

void tracert_stack_end(const void *stack)
{
    tracert__lane_end(stack);
}

int tracert_heap_snapshot(const char *name)
{
    struct snapshot_registers registers;
    snapshot_registers(&registers);
    return tracert__snapshot_take(name == NULL ? "" : name, name_bytes(name), &registers);
}

int tracert_is_recording(void)
{
    int error = errno;
    int on = tracert__session_is_on() && !tracert__session.refused;
    errno = error;
    return on;
}
