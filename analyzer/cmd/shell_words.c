#include "cmd/shell_words.h"

#include <stdint.h>
#include <string.h>

#define SPACE " \t\n"

/* Copy a word, without its quotes, to where it begins at the latest. Its end in the line; NULL: a quote has none. */
static char *word_take(char *from, char **to)
{
    char quote = '\0';
    for (; *from != '\0' && (quote != '\0' || strchr(SPACE, *from) == NULL); from++) {
        if (*from == quote)
            quote = '\0';
        else if (quote == '\0' && (*from == '\'' || *from == '"'))
            quote = *from;
        else {
            if (*from == '\\' && quote != '\'' && from[1] != '\0')
                from++;
            *(*to)++ = *from;
        }
    }
    return quote == '\0' ? from : NULL;
}

size_t shell_words(char *line, char **words, size_t most)
{
    size_t nr = 0;
    for (char *from = line + strspn(line, SPACE); *from != '\0';) {
        char *to = from;
        if (nr == most)
            return SIZE_MAX;
        words[nr++] = to;
        char *end = word_take(from, &to);
        if (end == NULL)
            return SIZE_MAX;
        from = end + strspn(end, SPACE);
        *to = '\0';
    }
    return nr;
}
