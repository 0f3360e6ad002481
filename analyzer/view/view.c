#include "view/view.h"

#include <string.h>

int view_format_find(const char *name, enum view_format *format)
{
    static const char *const names[] = {"text", "json", "csv", "markdown", "html"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *format = (enum view_format)i;
        if (!name || strcmp(name, names[i]) == 0)
            return 0;
    }
    *format = VIEW_TEXT;
    return -1;
}
