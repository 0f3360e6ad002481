#include "tracert/tracert.h"

#define TEXT2(x) #x
#define TEXT(x)  TEXT2(x)

/* In a file of its own: the drain needs it without the rest of the API. */
const char *tracert_version(void)
{
    return TEXT(TRACERT_VERSION_MAJOR) "." TEXT(TRACERT_VERSION_MINOR) "." TEXT(TRACERT_VERSION_PATCH);
}
