#include "tracert/tracert.h"

#include "session.h"
#include "thread.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { NAME_MAX_BYTES = 1000 };

#define TEXT2(x) #x
#define TEXT(x)  TEXT2(x)

/* A note that carries a name and lies, for the stack rule, at the API function's frame. */
static inline __attribute__((always_inline)) void api_note(enum ring_note note, uint64_t number, const char *name)
{
    uint32_t bytes = name == NULL ? 0 : (uint32_t)strnlen(name, NAME_MAX_BYTES);
    tracert__note(note, (uint64_t)__builtin_frame_address(0), number, name, bytes);
}

void tracert_region_begin(const char *name)
{
    api_note(NOTE_REGION_BEGIN, 0, name);
}

void tracert_region_end(void)
{
    api_note(NOTE_REGION_END, 0, NULL);
}

void tracert_mark(const char *name)
{
    api_note(NOTE_MARK, 0, name);
}

void tracert_counter(const char *name, int64_t value)
{
    api_note(NOTE_COUNTER, (uint64_t)value, name);
}

void tracert_thread_name(const char *name)
{
    api_note(NOTE_THREAD_NAME, 0, name);
}

int tracert_is_recording(void)
{
    int error = errno;
    int on = tracert__session_is_on() && !tracert__session.refused;
    errno = error;
    return on;
}
