#include "cmd/near_word.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 32, FAR = 4 /* further away is no slip of the finger */ };

/* Letters to insert, delete or exchange to make `b` of `a`; words longer than the buffer are simply far. */
static size_t word_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX], nr = strlen(b);
    if (nr >= WORD_MAX)
        return nr;
    for (size_t j = 0; j <= nr; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < nr; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j + 1] = diagonal + 1 < best ? diagonal + 1 : best;
        }
    }
    return row[nr];
}

const char *near_word(const char *word, const char *const *words, size_t nr)
{
    const char *closest = NULL;
    size_t least = FAR;
    for (size_t i = 0; i < nr; i++) {
        bool begins = word[0] != '\0' && strncmp(word, words[i], strlen(word)) == 0;
        size_t distance = begins ? 1 : word_distance(word, words[i]);
        if (distance < least && distance < strlen(words[i])) {
            least = distance;
            closest = words[i];
        }
    }
    return closest;
}
